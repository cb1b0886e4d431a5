"""A saved model to predictions."""

from resistor_cls.inference.predictor import Prediction, Predictor, find_photos

__all__ = ["Prediction", "Predictor", "find_photos"]
