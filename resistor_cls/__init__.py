"""Trains, tracks and judges classifiers that read resistors from photos."""

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from resistor_cls.inference import Prediction, Predictor

__all__ = ["Prediction", "Predictor", "__version__"]

# Libraries that ask their makers' servers for a newer version, or tell them of their use, read
# these once, when they are imported; Hydra may import one by its name before any module of ours.
# Worker processes inherit them. Whoever sets one has the say.
for _name in ("NO_ALBUMENTATIONS_UPDATE", "HF_HUB_DISABLE_TELEMETRY", "MLFLOW_DISABLE_TELEMETRY"):
    os.environ.setdefault(_name, "true")

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """What comes from modules that import PyTorch, when it is first asked for (PEP 562)."""
    if name in ("Prediction", "Predictor"):
        from resistor_cls import inference

        globals()[name] = getattr(inference, name)
        return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
