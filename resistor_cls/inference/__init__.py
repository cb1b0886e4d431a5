"""A saved model to predictions."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from resistor_cls.inference.photo_paths import find_photos, look_for_photos
    from resistor_cls.inference.prediction import Box, Candidate, Prediction
    from resistor_cls.inference.predictor import Predictor
    from resistor_cls.inference.pseudo_labels import check_teacher, label_photos

__all__ = [
    "Box", "Candidate", "Prediction", "Predictor", "check_teacher", "find_photos",
    "label_photos", "look_for_photos",
]  # fmt: skip

# Who predicts needs no pandas: each name loads its own module alone.
_MODULES = {
    "Predictor": "predictor",
    **dict.fromkeys(("Box", "Candidate", "Prediction"), "prediction"),
    **dict.fromkeys(("find_photos", "look_for_photos"), "photo_paths"),
    **dict.fromkeys(("check_teacher", "label_photos"), "pseudo_labels"),
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
