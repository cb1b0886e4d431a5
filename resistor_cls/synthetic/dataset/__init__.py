"""A folder of synthetic photos: the request, the worker processes that draw, the tables."""

from resistor_cls.synthetic.dataset.generate import counts_to_draw, generate_dataset
from resistor_cls.synthetic.dataset.request import GENERATOR_VERSION

__all__ = ["GENERATOR_VERSION", "counts_to_draw", "generate_dataset"]
