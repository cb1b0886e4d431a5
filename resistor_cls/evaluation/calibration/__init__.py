"""Calibration: confidences, risk guarantees, prediction sets and the test for unfamiliar photos.

Everything is fitted on held-out photos and applied to others; photos that have to do both are
cross-fitted. What is guaranteed holds for photos that are drawn like the held-out ones, each
independently. Libraries that fit are imported where they fit: applying a calibration, as predicting
does, needs none of them.
"""

from resistor_cls.evaluation.calibration.calibration import (
    CalibratedPredictions,
    Calibration,
    apply_calibration,
    fit_calibration,
)
from resistor_cls.evaluation.calibration.cross_fitting import FOLDS, cross_fitted
from resistor_cls.evaluation.calibration.familiarity import (
    Familiarity,
)
from resistor_cls.evaluation.calibration.prediction_sets import LEVELS
from resistor_cls.evaluation.calibration.risk_threshold import (
    CONFIDENCE,
    RISKS,
    fewest_photos,
    fit_threshold,
)
from resistor_cls.evaluation.calibration.temperature import calibrated, chunks, fit_temperature

__all__ = [
    "CONFIDENCE", "FOLDS", "LEVELS", "RISKS", "CalibratedPredictions", "Calibration",
    "Familiarity", "apply_calibration", "calibrated", "chunks", "cross_fitted", "fewest_photos",
    "fit_calibration", "fit_temperature", "fit_threshold",
]  # fmt: skip
