"""A saved model to predictions."""

from resistor_cls.inference.predictor import (
    Prediction,
    Predictor,
    find_photos,
    look_for_photos,
)
from resistor_cls.inference.pseudo_labels import check_teacher, label_photos

__all__ = [
    "Prediction",
    "Predictor",
    "check_teacher",
    "find_photos",
    "label_photos",
    "look_for_photos",
]
