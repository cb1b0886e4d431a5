"""The only room that knows MLflow: runs, artifacts, references to saved models.

What fills a run while a model is trained or judged is in `resistor_cls.tracking.report`, which
needs the training libraries; the rest does not.
"""

from typing import TYPE_CHECKING, Any

from resistor_cls.tracking.references import check_reference, model_file

if TYPE_CHECKING:
    from resistor_cls.tracking.run.opening import open_run
    from resistor_cls.tracking.run.run import Run
    from resistor_cls.tracking.sweep.sweep import Sweep, open_sweep

__all__ = ["Run", "Sweep", "check_reference", "model_file", "open_run", "open_sweep"]


def __getattr__(name: str) -> Any:
    # pandas and matplotlib take seconds, and looking up a reference needs neither.
    if name == "Run":
        from resistor_cls.tracking.run.run import Run

        return Run
    if name == "open_run":
        from resistor_cls.tracking.run.opening import open_run

        return open_run
    if name in ("Sweep", "open_sweep"):
        from resistor_cls.tracking.sweep import sweep

        return getattr(sweep, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
