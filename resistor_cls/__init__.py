"""Trains, tracks and evaluates classifiers that read resistors from photos."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from resistor_cls.inference import Prediction, Predictor

__all__ = ["Prediction", "Predictor", "__version__", "load"]

# Libraries that look for newer versions or report their use read these once, at import, and Hydra
# may import one before any module of this package. Worker processes inherit them. Values that the
# user has set are kept.
for _name in ("NO_ALBUMENTATIONS_UPDATE", "HF_HUB_DISABLE_TELEMETRY", "MLFLOW_DISABLE_TELEMETRY"):
    os.environ.setdefault(_name, "true")

__version__ = "0.2.0"


def load(
    reference: str | Path, tracking_uri: str | None = None, *, key: str = "model"
) -> "Predictor":
    """Loads a model that predicts.

    Args:
        reference: a checkpoint, an exported model or a weight file; or as text
            `runs:/RUN_ID/model`, `models:/NAME@ALIAS`, `models:/NAME/VERSION`, or `rendered` for
            the model of the package.
        tracking_uri: MLflow store that runs and models are looked up in; by default
            `$MLFLOW_TRACKING_URI`, else `sqlite:///mlflow.db`.
        key: that the reference was given by, for messages.

    Raises:
        ConfigError: an address of a kind that MLflow cannot use.
        ModelError: a file or a reference that does not exist, or that does not hold a model.
        TrackingError: a store that cannot be used.
    """
    from resistor_cls.inference import Predictor
    from resistor_cls.tracking import model_file

    uri = tracking_uri or os.environ.get("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db")
    with model_file(str(reference), uri, key) as file:
        return Predictor.load(file)


def __getattr__(name: str) -> Any:
    """Imports classes when they are first used (PEP 562)."""
    if name in ("Prediction", "Predictor"):
        from resistor_cls import inference

        globals()[name] = getattr(inference, name)
        return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
