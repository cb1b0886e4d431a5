"""Files of models: checkpoints and weights, written whole and read without running code."""
