"""Predictions to scores, calibration, tables, figures and pages: pure functions."""

from resistor_cls.evaluation.predictions import OcclusionResult, Predictions

__all__ = ["OcclusionResult", "Predictions"]
