"""What a run shows of its training: figures and tables, made when there is something to see."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from lightning import Callback, LightningModule, Trainer

from resistor_cls.data import PhotoDataModule
from resistor_cls.data.splits.overlap import overlap_with_training
from resistor_cls.errors import some_names
from resistor_cls.evaluation import Predictions, curves_figure
from resistor_cls.inference.samples import augmentation_sheet, train_samples
from resistor_cls.model import ResistorTask
from resistor_cls.model.training.metrics import mode_of
from resistor_cls.model.training.trainer import epochs_trained
from resistor_cls.tracking.confusion import save_confusion
from resistor_cls.tracking.datasets import data_set, name_of
from resistor_cls.tracking.judgement import judged
from resistor_cls.tracking.run.names import model_name, photos_of
from resistor_cls.tracking.run.run import BEST, Run

log = logging.getLogger("resistor_cls")


class RunReport(Callback):
    """Fills a run with figures and tables.

    Before training: samples, and what augmentation makes of some photos. After every validation:
    the confusion matrix as figure and table. After training: curves.

    Args:
        run: where everything goes.
        data: whose photos are judged.
        monitor: the validation metric that decides which validation is best; None for the last.
        gallery: training samples that are shown.

    Attributes:
        best: predictions of the best validation.
        best_metrics: its scores.
        best_epoch: epochs that were trained until then; a fraction in the middle of one.
        best_step: optimizer steps that were trained until then.
    """

    def __init__(
        self,
        run: Run,
        data: PhotoDataModule,
        monitor: str | None = "val/roc_auc",
        gallery: int = 18,
    ) -> None:
        self._run, self._data, self._gallery = run, data, gallery
        self._watched = monitor
        # Of photos that train too, a better score may only be a better memory.
        self._monitor = None if trains_on_validation(data) else monitor
        self._sign = 1 if self._monitor is None or mode_of(self._monitor) == "max" else -1
        self._best_value = -float("inf")
        self.best: Predictions | None = None
        self.best_metrics: dict[str, float] = {}
        self.best_epoch: int | float = 0
        self.best_step = 0
        self._newest: int | float = 0

    @property
    def mark(self) -> str:
        """Says loudly that the validation photos train too; empty where they do not."""
        count = len(self._data.validation_indices) if trains_on_validation(self._data) else 0
        return _mark(count, count) if count else ""

    @property
    def title(self) -> str:
        """Of figures of the best validation."""
        which = "last" if self._monitor is None else "best"
        return _joined(f"Epoch {self.best_epoch}, the {which}", self.mark)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draws the confusion matrix and notes the best epoch."""
        if trainer.sanity_checking or not trainer.is_global_zero:
            return
        assert isinstance(pl_module, ResistorTask)
        self._newest = epoch = epochs_trained(trainer)
        metrics = {
            name: float(value)
            for name, value in trainer.callback_metrics.items()
            if name.startswith("val/")
        }
        predictions = judged(pl_module, self._data)
        number = f"{epoch:03d}" if isinstance(epoch, int) else f"{epoch:06.2f}"
        title = _joined(f"Epoch {epoch}", self.mark)
        save_confusion(self._run, predictions, f"confusion_matrix/epoch_{number}", title)
        value = self._sign * metrics.get(self._monitor or "", float("nan"))
        if self._monitor is None or self.best is None or value > self._best_value:
            self._best_value = value if np.isfinite(value) else -float("inf")
            self.best, self.best_metrics, self.best_epoch = predictions, metrics, epoch
            self.best_step = trainer.global_step
            self._run.log_metrics(_of_best(metrics), self.best_step)

    def best_checkpoint(self, trainer: Trainer) -> Path:
        """The file with the weights of the best epoch."""
        assert trainer.checkpoint_callback is not None
        return Path(trainer.checkpoint_callback.best_model_path)  # type: ignore[attr-defined]

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Shows what the model is going to see."""
        if not trainer.is_global_zero:
            return
        self._run.save_figure("train_samples", train_samples(self._data, self._gallery))
        if self._data.online_generator is None:  # what it makes has no photo as it is
            self._run.save_figure("augmentation", augmentation_sheet(self._data))
        if self.mark:
            self._run.set_tags({"data.seen_in_training": self.mark.partition(" photos")[0]})
            log.warning("%s: validation scores flatter the model", self.mark)

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draws what the whole training has shown."""
        if not trainer.is_global_zero or self.best is None:
            return
        photos = len(self._data.validation_indices)
        figure = curves_figure(self._run.logger.history, self._watched, photos)
        self._run.save_figure("curves", figure)
        which = "Last epoch" if self._monitor is None else "Best epoch"
        by = "" if self._monitor is None else f" by {self._monitor}"
        counted = f"{len(self.best.names)} {photos_of('validation', name_of(self._data))}"
        early = trainer.should_stop and self._newest < (trainer.max_epochs or 0)
        stopped = f" Stopped early, after {self._newest}." if early else ""
        title = f"{which} {self.best_epoch} of {trainer.max_epochs}{by}, on {counted}"
        use = f"`python -m resistor_cls.predict PHOTO --model {self._run.model_reference}`"
        said = f"{self._run.link('report.html')} · {described(title, self.best_metrics)}{stopped}"
        self._run.note("\n\n".join(filter(None, [flattered(self.mark), said, use])))

    def keep_scores(self, more: Mapping[str, float]) -> None:
        """Keeps the scores of the best validation with the model of the run.

        Args:
            more: what the report has found beside `best_metrics`.
        """
        scores = _of_best({**self.best_metrics, **more})
        photos = data_set(self._data, self._data.validation_indices)
        self._run.log_scores(scores, photos, self.best_step)


def _of_best(metrics: Mapping[str, float]) -> dict[str, float]:
    """Scores by the names that they have as those of the epoch that is kept."""
    return {f"{BEST}{name}": value for name, value in metrics.items() if name.startswith("val/")}


def trains_on_validation(data: PhotoDataModule) -> bool:
    """Whether the photos that validate are among those that train, as for a final model."""
    return bool(data.settings["train_on_validation"])


def describe(run: Run, data: PhotoDataModule, model: ResistorTask, trainer: Trainer) -> None:
    """Tags a run with what decides about its figures and stands in no config."""
    run.set_tags(
        {
            "data.fingerprint": data.fingerprint,
            "data.split": data.settings["split"],
            "data.split_fingerprint": data.split_fingerprint,
            "pretrained": model.network.weights_from,
            "precision": trainer.precision,
            "device": _device_name(trainer),
            # Sums that threads share differ in their last digits with the number of them.
            "threads": torch.get_num_threads(),
        }
    )
    run.log_params(
        {
            "photos.train": data.train_length,
            "photos.validation": len(data.validation_indices),
            "photos.categories": len(data.categories),
        }
    )
    if tested := int((data.split.role_of == "test").sum()):
        run.log_params({"photos.test": tested})
    run.save_table("split", data.split_table())
    _describe_left_out(run, data)
    _describe_copies(run, data)
    if data.unreadable:
        log.warning(
            "Went on without %d photos that cannot be read (tables/unreadable.csv): %s",
            len(data.unreadable),
            some_names(list(data.unreadable)),
        )
        run.set_tags({"data.unreadable": len(data.unreadable)})
        table = pd.DataFrame(data.unreadable.items(), columns=["photo", "reason"])
        run.save_table("unreadable", table)
    if data.located is not None:
        _describe_located(run, data, data.located)
    if data.pseudo is not None:
        table = data.pseudo_table()
        used = int(table["used"].sum())
        run.log_params({"photos.pseudo": used})
        run.set_tags({"data.pseudo": f"{used} of {data.pseudo.count} at {data.pseudo.threshold}"})
        run.save_table("pseudo_labels", table)


def _describe_left_out(run: Run, data: PhotoDataModule) -> None:
    """Keeps what lies beside the photos and was not taken for one; `setup` has said it."""
    left_out = data.photo_set.left_out
    if left_out:
        run.set_tags({"data.left_out": len(left_out)})
        rows = [(one.name, one.reason) for one in left_out]
        run.save_table("left_out", pd.DataFrame(rows, columns=["file", "reason"]))


def _describe_copies(run: Run, data: PhotoDataModule) -> None:
    """Says which photos are scored although copies of them train."""
    copies = data.overlap_table()
    if len(copies):
        run.save_table("copies_across_split", copies)
    shares = []
    for role, names in overlap_with_training(copies).items():
        shares.append(f"{len(names)} of {(data.split.role_of == role).sum()} {role}")
        log.warning(
            "%s photos are COPIES of photos that train: scores flatter the model "
            "(tables/copies_across_split.csv; data.split=grouped keeps copies together): %s",
            shares[-1],
            some_names(names),
        )
    if shares:
        run.set_tags({"data.copies_across_split": ", ".join(shares)})


def _describe_located(run: Run, data: PhotoDataModule, located: np.ndarray) -> None:
    """Says in how many photos the body was found, and names the others."""
    run.set_tags({"data.located": f"{located.sum()} of {len(located)}"})
    absent = [data.photo_set.names[index] for index in np.flatnonzero(~located)]
    if absent:
        log.warning(
            "No body was found in %d of %d photos, which are judged whole "
            "(tables/not_located.csv): %s",
            len(absent),
            len(located),
            some_names(absent),
        )
        run.save_table("not_located", pd.DataFrame({"photo": absent}))


def mark_seen(run: Run, data: PhotoDataModule, record: Mapping[str, Any]) -> str:
    """Says loudly where a model is judged on photos that it was trained on.

    The run gets the tag `data.seen_in_training`, such as `12 of 453`; `unknown` for a model that
    was saved without its training photos.

    Args:
        run: to be marked.
        data: whose test photos are judged.
        record: of the model.

    Returns:
        What belongs into the title of every figure; empty where no photo was seen.
    """
    if "trained_on" not in record:
        run.set_tags({"data.seen_in_training": "unknown"})
        log.warning(
            "The model does not say which photos it was trained on: these may be among them"
        )
        return ""
    seen, count = data.count_overlap(record["trained_on"]), len(data.test_indices)
    run.set_tags({"data.seen_in_training": f"{seen} of {count}"})
    if not seen:
        return ""
    mark = _mark(seen, count)
    log.warning("%s: these scores flatter the model", mark)
    run.note(flattered(mark))
    return mark


def describe_evaluation(
    run: Run, reference: str, photos: str, mark: str, scores: Mapping[str, float]
) -> None:
    """Says on the page of a run which model it has evaluated, on what, and how well that went.

    Args:
        run: that has evaluated.
        reference: of the model.
        photos: in words, such as `577 validation photos of rendered`.
        mark: see `mark_seen`.
        scores: by the names of their metrics.
    """
    said = described(f"{model_name(reference)} on {photos}", scores)
    parts = [flattered(mark), f"{run.link('report.html')} · {said}", f"Model: `{reference}`"]
    run.note("\n\n".join(filter(None, parts)))


def flattered(mark: str) -> str:
    """The mark of photos that trained as Markdown; empty where there is none."""
    return f"**{mark}.** These scores flatter the model." if mark else ""


def described(title: str, scores: Mapping[str, float]) -> str:
    """Scores in a sentence of Markdown."""
    return f"{title}: {', '.join(f'{key} {value:.4f}' for key, value in scores.items())}."


def _mark(seen: int, count: int) -> str:
    return f"{seen} of {count} photos were TRAINED ON"


def _joined(*parts: str) -> str:
    return " · ".join(filter(None, parts))


def _device_name(trainer: Trainer) -> str:
    device = trainer.strategy.root_device
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
