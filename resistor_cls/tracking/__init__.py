"""The only package that knows MLflow: runs, what is saved into them, references to saved models."""

from typing import TYPE_CHECKING, Any

from resistor_cls.tracking.references import check_reference, model_file

if TYPE_CHECKING:
    from resistor_cls.tracking.run.opening import open_run
    from resistor_cls.tracking.run.run import Run
    from resistor_cls.tracking.run.saving import save_results
    from resistor_cls.tracking.sweep.sweep import Sweep, open_sweep

__all__ = [
    "Run",
    "Sweep",
    "check_reference",
    "model_file",
    "open_run",
    "open_sweep",
    "save_results",
]
_MODULES = {
    "Run": "run.run",
    "open_run": "run.opening",
    "save_results": "run.saving",
    "Sweep": "sweep.sweep",
    "open_sweep": "sweep.sweep",
}


def __getattr__(name: str) -> Any:
    # pandas and matplotlib take seconds, and checking a reference needs neither.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
