"""Plugins of Hydra: found wherever this package is installed."""
