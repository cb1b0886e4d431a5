"""The only room that knows MLflow: runs, artifacts, references to saved models.

What fills a run while a model is trained or judged is in `resistor_cls.tracking.report`, which
needs the training libraries; the rest does not.
"""

from resistor_cls.tracking.references import model_file
from resistor_cls.tracking.run import Run, open_run
from resistor_cls.tracking.sweep import Sweep, open_sweep

__all__ = ["Run", "Sweep", "model_file", "open_run", "open_sweep"]
