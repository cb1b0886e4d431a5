"""Figures as matplotlib objects, each found by its name; the caller decides where one is saved."""
