"""A folder of synthetic photos: the request, the worker processes that draw, the tables."""
