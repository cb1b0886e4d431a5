"""A saved model to predictions."""

from resistor_cls.inference.predictor import Prediction, Predictor

__all__ = ["Prediction", "Predictor"]
