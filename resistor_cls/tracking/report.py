"""What a run shows of its training: figures and tables, made when there is something to see."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from lightning import Callback, LightningModule, Trainer
from torch import Tensor

from resistor_cls.data import PhotoDataModule
from resistor_cls.data.sources import some_names
from resistor_cls.evaluation import Predictions, curves_figure, gallery_figure
from resistor_cls.model import ResistorClassifier
from resistor_cls.model.metrics import mode_of
from resistor_cls.tracking.judgement import GALLERY, judged, save_confusion
from resistor_cls.tracking.run import Run

log = logging.getLogger("resistor_cls")


class RunReport(Callback):
    """Fills a run with figures and tables.

    Before training: samples. After every validation: the confusion matrix as figure and table.
    After training: curves.

    Args:
        run: where everything goes.
        data: whose photos are judged.
        monitor: the validation metric that decides which epoch is best.
    """

    def __init__(
        self,
        run: Run,
        data: PhotoDataModule,
        monitor: str = "val/roc_auc",
    ) -> None:
        self._run, self._data = run, data
        self._monitor, self._sign = monitor, 1 if mode_of(monitor) == "max" else -1
        self._best_value = -float("inf")
        self.best: Predictions | None = None
        self._steps: list[tuple[int, Tensor, float]] = []
        self._epochs: list[tuple[int, dict[str, float]]] = []
        self.best_metrics: dict[str, float] = {}
        self.best_epoch = 0

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, *args: Any
    ) -> None:
        """Notes the loss and the learning rate of a step."""
        # The loss stays on its device: reading it now would make a GPU wait at every step.
        rate = float(trainer.optimizers[0].param_groups[0]["lr"])
        self._steps.append((trainer.global_step, outputs["loss"].detach(), rate))

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draws the confusion matrix and notes the best epoch."""
        if trainer.sanity_checking or not trainer.is_global_zero:
            return
        assert isinstance(pl_module, ResistorClassifier)
        epoch = trainer.current_epoch + 1
        metrics = {
            name: float(value)
            for name, value in trainer.callback_metrics.items()
            if name.startswith("val/")
        }
        self._epochs.append((trainer.global_step, metrics))
        predictions = judged(pl_module, self._data)
        save_confusion(
            self._run, predictions, f"confusion_matrix/epoch_{epoch:03d}", f"Epoch {epoch}"
        )
        value = self._sign * metrics.get(self._monitor, float("nan"))
        if self.best is None or value > self._best_value:
            self._best_value = value if np.isfinite(value) else -float("inf")
            self.best, self.best_metrics, self.best_epoch = predictions, metrics, epoch

    def best_checkpoint(self, trainer: Trainer) -> Path:
        """The file with the weights of the best epoch."""
        assert trainer.checkpoint_callback is not None
        return Path(trainer.checkpoint_callback.best_model_path)  # type: ignore[attr-defined]

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Shows what the model is going to see."""
        if trainer.is_global_zero:
            self._run.save_figure("train_samples", _train_samples(self._data))

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draws what the whole training has shown."""
        if not trainer.is_global_zero or self.best is None:
            return
        self._run.save_figure("curves", curves_figure(self._history()))
        scores = ", ".join(f"{key} {value:.4f}" for key, value in self.best_metrics.items())
        epoch = f"{self.best_epoch} of {trainer.max_epochs}"
        use = f"python -m resistor_cls.predict PHOTO --model runs:/{self._run.run_id}/model"
        self._run.note(f"Best epoch {epoch} by {self._monitor}: {scores}.\n\n`{use}`")

    def _history(self) -> dict[str, list[tuple[int, float]]]:
        return {
            "lr": [(step, rate) for step, _, rate in self._steps],
            "train/loss": [(step, float(loss)) for step, loss, _ in self._steps],
            **{
                name: [(step, metrics[name]) for step, metrics in self._epochs if name in metrics]
                for name in ("val/loss", "val/accuracy", "val/f1_macro", "val/roc_auc")
            },
        }


def describe(run: Run, data: PhotoDataModule, model: ResistorClassifier, trainer: Trainer) -> None:
    """Tags a run with what decides about its figures and stands in no config."""
    run.set_tags(
        {
            "data.fingerprint": data.fingerprint,
            "data.split": data.settings["split"],
            "data.split_fingerprint": data.split_fingerprint,
            "pretrained": model.weights_from,
            "precision": trainer.precision,
            "device": _device_name(trainer),
        }
    )
    folder = str(data.photo_set.root.absolute())
    run.log_data(data.photo_set.root.name, data.fingerprint, folder)
    run.log_params(
        {
            "photos.train": data.train_length,
            "photos.validation": len(data.validation_indices),
            "photos.categories": len(data.categories),
        }
    )
    run.save_table("split", data.split_table())
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
    seen, count = data.seen(record["trained_on"]), len(data.test_indices)
    run.set_tags({"data.seen_in_training": f"{seen} of {count}"})
    if not seen:
        return ""
    mark = f"{seen} of {count} photos were TRAINED ON"
    log.warning("%s: these scores flatter the model", mark)
    run.note(f"**{mark}.** These scores flatter the model.")
    return mark


def _device_name(trainer: Trainer) -> str:
    device = trainer.strategy.root_device
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def _train_samples(data: PhotoDataModule) -> Any:
    """Training photos as the model sees them: augmented."""
    samples = data.train_dataset
    chosen = np.random.default_rng(0).permutation(data.train_length)[:GALLERY]
    # The drawing of samples must not shift the random numbers of the training.
    with torch.random.fork_rng(devices=[]):
        items = [samples[int(number)] for number in chosen]
    photos = [item["photos"].permute(1, 2, 0).numpy() for item in items]
    names = [*data.categories.names, "none of them"]  # a target of -1 is the last
    captions = [names[int(item["targets"])] for item in items]
    return gallery_figure(photos, captions, title="Training photos, augmented")
