"""Trains, evaluates and tracks classifiers that read resistors from photos."""

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from resistor_cls.inference import Prediction, Predictor

__all__ = ["Prediction", "Predictor", "__version__"]

# Libraries that look for newer versions or report their use read these once, at import, and Hydra
# may import one before any module of this package. Worker processes inherit them. Values that the
# user has set are kept.
for _name in ("NO_ALBUMENTATIONS_UPDATE", "HF_HUB_DISABLE_TELEMETRY", "MLFLOW_DISABLE_TELEMETRY"):
    os.environ.setdefault(_name, "true")

__version__ = "0.2.0"


def __getattr__(name: str) -> Any:
    """Imports what needs PyTorch on first access (PEP 562)."""
    if name in ("Prediction", "Predictor"):
        from resistor_cls import inference

        globals()[name] = getattr(inference, name)
        return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
