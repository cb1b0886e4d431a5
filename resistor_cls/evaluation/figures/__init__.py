"""Figures as matplotlib objects; the caller decides where they are saved."""
