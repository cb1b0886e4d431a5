"""Fills a run while a model is trained."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from lightning import Callback, LightningModule, Trainer

from resistor_cls.evaluation import Predictions
from resistor_cls.evaluation.figures import curves_figure
from resistor_cls.evaluation.results import DataSet, Results, confusion_results
from resistor_cls.evaluation.scores import is_loss
from resistor_cls.tracking.notes import training_note
from resistor_cls.tracking.run.run import BEST, Run
from resistor_cls.tracking.run.saving import save_results

BEFORE = "before/"  # prefix of the scores of the starting network


@dataclass(frozen=True)
class Training:
    """What `RunCallback` shows of a training.

    Attributes:
        predictions_of: task → predictions of its newest validation.
        samples: makes figures of training photos; called when the training begins.
        epochs_of: trainer → epochs until its newest validation; a fraction within an epoch.
        photos: the validation photos in words, such as `validation photos of rendered`.
        validation_photos: how many there are.
        overlap: a warning that the validation photos train too; empty where they do not.
        monitor: the validation metric that decides which validation is kept; None keeps the last,
            as an overlap does: on photos that train too, a better score may only be memory.
    """

    predictions_of: Callable[[Any], Predictions]
    samples: Callable[[], Results]
    epochs_of: Callable[[Trainer], int | float]
    photos: str
    validation_photos: int
    overlap: str = ""
    monitor: str | None = "val/roc_auc"


class RunCallback(Callback):
    """Saves samples before a training, confusion matrices during it, and curves after it.

    Attributes:
        before_metrics: validation metrics of the starting network, where the trainer scores it
            (`build_trainer(score_before=True)`).
        best: predictions of the kept validation, which is the best one or the last.
        best_metrics: its metrics.
        best_epoch: epochs that were trained until then; a fraction within an epoch.
        best_step: optimizer steps that were trained until then.
    """

    def __init__(self, run: Run, training: Training) -> None:
        self._run, self._training = run, training
        self._monitor = None if training.overlap else training.monitor
        self._best_value = -float("inf")
        self._newest: int | float = 0
        self._best_outputs: dict[str, Any] | None = None  # of the task, which `best` is made from
        self._continues = False
        self.before_metrics: dict[str, float] = {}
        self.best: Predictions | None = None
        self.best_metrics: dict[str, float] = {}
        self.best_epoch: int | float = 0
        self.best_step = 0

    @property
    def title(self) -> str:
        """Of figures of the kept validation."""
        which = "last" if self._monitor is None else "best"
        return self._titled(f"Epoch {self.best_epoch}, the {which}")

    def on_sanity_check_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Logs the scores of the starting network as `before/…`."""
        if trainer.is_global_zero:
            self.before_metrics = _validation_metrics(trainer)
            before = {
                BEFORE + name.removeprefix("val/"): value
                for name, value in self.before_metrics.items()
            }
            self._run.log_metrics(before)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Saves samples of the training photos."""
        if trainer.is_global_zero and not self._continues:
            save_results(self._run, self._training.samples())

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Saves the confusion matrix, and keeps the predictions of the best validation."""
        if trainer.sanity_checking or not trainer.is_global_zero:
            return
        self._newest = epoch = self._training.epochs_of(trainer)
        metrics = _validation_metrics(trainer)
        predictions = self._training.predictions_of(pl_module)
        number = f"{epoch:03d}" if isinstance(epoch, int) else f"{epoch:06.2f}"
        name, title = f"confusion_matrix/epoch_{number}", self._titled(f"Epoch {epoch}")
        save_results(self._run, confusion_results(predictions, name, title))
        if self._is_best(metrics):
            self.best, self.best_metrics, self.best_epoch = predictions, metrics, epoch
            self.best_step = trainer.global_step
            task: Any = pl_module
            self._best_outputs = dict(task.predictions)
            self._run.log_metrics(_of_best(metrics), self.best_step)

    def state_dict(self) -> dict[str, Any]:
        """The kept validation, for a training that continues; plain values and tensors."""
        names = ("before_metrics", "best_metrics", "best_epoch", "best_step")
        return {
            **{name: getattr(self, name) for name in names},
            "best_value": self._best_value,
            "best_outputs": self._best_outputs,
            "newest": self._newest,
        }

    def on_load_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Takes over the kept validation of the process that has saved a checkpoint."""
        state = dict(checkpoint["callbacks"].get(self.state_key, {}))
        if not state:
            return
        self._continues = True
        self._best_value, self._newest = state.pop("best_value"), state.pop("newest")
        self._best_outputs = state.pop("best_outputs")
        for name, value in state.items():
            setattr(self, name, value)
        if self._best_outputs is not None:
            task: Any = pl_module
            task.predictions = self._best_outputs
            self.best = self._training.predictions_of(task)

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Saves the training curves and the description of the run."""
        if not trainer.is_global_zero or self.best is None:
            return
        training = self._training
        history = self._run.logger.history
        curves = curves_figure(history, self._monitor, training.validation_photos)
        save_results(self._run, Results(figures={"curves": curves}))
        which, by = ("Best", f" by {self._monitor}") if self._monitor else ("Last", "")
        title = (
            f"{which} epoch {self.best_epoch} of {trainer.max_epochs}{by}, on "
            f"{len(self.best.names)} {training.photos}"
        )
        early = trainer.should_stop and self._newest < (trainer.max_epochs or 0)
        ending = f" Stopped early, after {self._newest}." if early else ""
        if "val/accuracy" in self.before_metrics:
            ending += f" Accuracy before training: {self.before_metrics['val/accuracy']:.4f}."
        note = training_note(self._run, title, self.best_metrics, training.overlap, ending)
        self._run.note(note)

    def keep_scores(self, more: Mapping[str, float], photos: DataSet) -> None:
        """Logs the scores of the kept validation with the model of the run.

        Args:
            more: scores beside `best_metrics`.
            photos: the validation photos.
        """
        scores = _of_best({**self.best_metrics, **more})
        self._run.log_scores(scores, photos, self.best_step)

    def _is_best(self, metrics: Mapping[str, float]) -> bool:
        """Whether a validation is kept, until there is a better one."""
        if self._monitor is None:
            return True
        value = metrics.get(self._monitor, float("nan")) * (-1 if is_loss(self._monitor) else 1)
        if self.best is not None and not value > self._best_value:
            return False
        self._best_value = value if np.isfinite(value) else -float("inf")
        return True

    def _titled(self, title: str) -> str:
        return " · ".join(filter(None, [title, self._training.overlap]))


def best_checkpoint(trainer: Trainer) -> Path:
    """The file with the weights of the kept epoch."""
    assert trainer.checkpoint_callback is not None
    return Path(trainer.checkpoint_callback.best_model_path)  # type: ignore[attr-defined]


def _validation_metrics(trainer: Trainer) -> dict[str, float]:
    """The metrics of the newest validation, by the names that they are logged with."""
    return {
        name: float(value)
        for name, value in trainer.callback_metrics.items()
        if name.startswith("val/")
    }


def _of_best(metrics: Mapping[str, float]) -> dict[str, float]:
    """Scores under the names that they have as those of the kept epoch."""
    return {f"{BEST}{name}": value for name, value in metrics.items() if name.startswith("val/")}
