"""The only room that knows MLflow: runs, artifacts, references to saved models."""

from resistor_cls.tracking.references import resolve_model
from resistor_cls.tracking.report import (
    RunReport,
    describe,
    judged,
    mark_seen,
    save_predictions,
)
from resistor_cls.tracking.run import Run, open_run
from resistor_cls.tracking.sweep import Sweep, open_sweep

__all__ = [
    "Run",
    "RunReport",
    "Sweep",
    "describe",
    "judged",
    "mark_seen",
    "open_run",
    "open_sweep",
    "resolve_model",
    "save_predictions",
]
