"""The progress of a training: a bar in a terminal, and a line an epoch everywhere."""

import logging
import sys
import time
from typing import TYPE_CHECKING, Any

import torch
from lightning import Callback, LightningModule, Trainer
from torch import Tensor
from tqdm import tqdm

from resistor_cls.model.training.trainer import epochs_trained

if TYPE_CHECKING:
    from resistor_cls.data import PhotoDataModule
    from resistor_cls.model.task import ResistorTask

log = logging.getLogger("resistor_cls")

# Scores of a line.
SHOWN = ("train/loss", "val/loss", "val/accuracy", "val/f1_macro", "val/roc_auc")


def log_beginning(
    backbone: str, task: "ResistorTask", data: "PhotoDataModule", trainer: Trainer
) -> None:
    """Logs what is trained, where, and on how many photos."""
    start = task.network.weights_from
    words = {"imagenet": "ImageNet weights", "scratch": "from scratch"}
    log.info(
        "Training %s (%s) on %s in %s: %d photos, %d to validate, %d categories",
        backbone,
        words.get(start, f"{start} weights"),
        trainer.strategy.root_device,
        trainer.precision,
        data.train_length,
        len(data.validation_indices),
        len(data.categories),
    )


class EpochLines(Callback):
    """Logs one line a validation; shows a bar of an epoch's batches while a terminal watches.

    Args:
        monitor: a metric that is shown beside `SHOWN`.
    """

    def __init__(self, monitor: str = SHOWN[-1]) -> None:
        self._monitor = monitor
        self._bar: tqdm[Any] | None = None
        self._began = 0.0
        self._photos = 0
        self._losses: list[Tensor] = []
        self._seconds = 0.0

    def state_dict(self) -> dict[str, Any]:
        """What the line of an epoch is made of that has begun, for a training that continues."""
        losses = torch.stack(self._losses).cpu() if self._losses else torch.zeros(0)
        return {"photos": self._photos, "losses": losses, "seconds": self._seconds}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes over the photos and losses of an epoch that has begun."""
        self._photos, self._losses = state_dict["photos"], list(state_dict["losses"])
        self._seconds = state_dict["seconds"]

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Starts the clock and the bar of an epoch that is continued."""
        device = pl_module.device
        self._losses = [loss.to(device) for loss in self._losses]
        self._began = time.perf_counter() - self._seconds
        self._show_bar(trainer, len(self._losses))

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Starts the clock and the bar."""
        self._began, self._photos = time.perf_counter(), 0
        self._losses.clear()
        self._show_bar(trainer)

    def _show_bar(self, trainer: Trainer, done: int = 0) -> None:
        if self._bar is not None:
            self._bar.close()
        self._bar = tqdm(
            initial=done,
            total=int(trainer.num_training_batches),
            desc=f"Epoch {trainer.current_epoch + 1}/{trainer.max_epochs}",
            unit="batch",
            leave=False,
            # A log file needs lines, not a bar that is drawn over and over.
            disable=not (sys.stderr.isatty() and trainer.is_global_zero),
        )

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Moves the bar."""
        self._photos += len(batch["targets"])
        self._losses.append(outputs["loss"].detach())  # on its device: reading it would wait
        self._seconds = time.perf_counter() - self._began
        if self._bar is not None:
            self._bar.update()

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Logs the line of what is trained so far."""
        if self._bar is not None:
            self._bar.clear()
        if trainer.sanity_checking or not trainer.is_global_zero:
            return
        metrics = dict(trainer.callback_metrics)
        if self._losses:
            metrics["train/loss"] = torch.stack(self._losses).mean()  # of the epoch
        names = dict.fromkeys([*SHOWN, self._monitor])
        shown = "  ".join(f"{name} {float(metrics[name]):.4f}" for name in names if name in metrics)
        photos = self._photos * trainer.world_size
        log.info(
            "Epoch %*s/%d  %s  %.0f photos/s  %.0f s",
            len(str(trainer.max_epochs)),
            epochs_trained(trainer),
            trainer.max_epochs,
            shown,
            photos / max(self._seconds, 1e-9),
            time.perf_counter() - self._began,
        )

    def on_sanity_check_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Logs how good the starting network is."""
        if trainer.is_global_zero:
            task: Any = pl_module
            accuracy = float(trainer.callback_metrics["val/accuracy"])
            photos = len(task.predictions["targets"])
            log.info("Before training: %.3f accuracy on %s photos", accuracy, f"{photos:,}")

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Takes the bar away."""
        if self._bar is not None:
            self._bar.close()

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Takes the bar away, so that the message stands on a line of its own."""
        if self._bar is not None:
            self._bar.close()
