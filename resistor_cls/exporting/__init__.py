"""A trained model to one ONNX file, scored against the model that it was made of."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from resistor_cls.exporting.export_model import export_model
    from resistor_cls.exporting.parity import Parity

__all__ = ["Parity", "export_model"]

_MODULES = {"Parity": "parity", "export_model": "export_model"}


def __getattr__(name: str) -> Any:
    # ONNX and PyTorch take seconds to import, and checking a command line needs neither.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
