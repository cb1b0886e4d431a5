"""Predictions to scores, calibration, tables, figures and pages: pure functions."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from resistor_cls.evaluation.predictions import OcclusionResult, Predictions

__all__ = ["OcclusionResult", "Predictions"]


def __getattr__(name: str) -> Any:
    # Who predicts applies a calibration, and needs no pandas.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from resistor_cls.evaluation import predictions

    return getattr(predictions, name)
