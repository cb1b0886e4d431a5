"""A saved model to predictions."""

from resistor_cls.inference.photo_paths import find_photos, look_for_photos
from resistor_cls.inference.prediction import Box, Candidate, Prediction
from resistor_cls.inference.predictor import Predictor
from resistor_cls.inference.pseudo_labels import check_teacher, label_photos

__all__ = [
    "Box", "Candidate", "Prediction", "Predictor", "check_teacher", "find_photos",
    "label_photos", "look_for_photos",
]  # fmt: skip
