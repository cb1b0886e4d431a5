"""Evaluation by value: whether the ohms that are read from the bands are right.

No list of categories is needed: a photo counts as right if the most probable reading is the value
of its part.
"""

from resistor_cls.evaluation.values.appearance import body_colour, light
from resistor_cls.evaluation.values.band_confusion import align_bands, band_confusion_table
from resistor_cls.evaluation.values.groups import value_groups
from resistor_cls.evaluation.values.predictions import ValuePredictions
from resistor_cls.evaluation.values.report import value_report, value_rows

__all__ = [
    "ValuePredictions", "align_bands", "band_confusion_table", "body_colour", "light",
    "value_groups", "value_report", "value_rows",
]  # fmt: skip
