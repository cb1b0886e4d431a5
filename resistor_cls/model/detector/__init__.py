"""Finds the body of a resistor in a photo: the network, its search and its training."""
