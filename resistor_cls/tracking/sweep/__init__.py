"""Sweeps: one parent run with a child run for each job."""
