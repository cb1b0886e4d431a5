"""Trains, tracks and judges classifiers that read resistors from photos."""

__version__ = "0.1.0"
