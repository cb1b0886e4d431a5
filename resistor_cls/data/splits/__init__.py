"""Which photos train, which validate, and which do neither."""
