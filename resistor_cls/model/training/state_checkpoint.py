"""Saves the whole state of a training, so that another process continues it to the bit."""

import copy
import logging
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint, ModelCheckpoint, WeightAveraging

from resistor_cls.errors import interruption_requested, take_sigterm
from resistor_cls.model.checkpoint.state_files import write_state
from resistor_cls.model.training import loop_states
from resistor_cls.model.training.metric_states import metric_states, restore_metric_states
from resistor_cls.model.training.random_states import random_states, restore_random_states

log = logging.getLogger("resistor_cls")

STATE = "resistor_cls_training"  # our key of a checkpoint, beside Lightning's
_AVERAGED = "current_model_state"  # Lightning's key of the weights beside their average


class StateCheckpoint(Checkpoint):
    """Saves a training: after each epoch and validation, at intervals, and before it is stopped.

    A state is taken where the training can continue from, and written one hook later, when the
    logger has the metrics of the step too. A request to stop (see
    `resistor_cls.errors.interruption_deferred`) ends the training after the state is written.

    Lightning keeps loops, optimizer, schedule and callbacks. This adds the random states, the order
    of the photos, the scores of the training photos in the epoch, and what the logger has.

    Args:
        checkpoints: folder that gets `last.ckpt`.
        folder: of the two newest states; None keeps `last.ckpt` alone.
        steps: optimizer steps between two states within an epoch; None for none.
        minutes: the same in minutes.
    """

    def __init__(
        self, checkpoints: Path, folder: Path | None, steps: int | None, minutes: float | None
    ) -> None:
        self._checkpoints, self._folder = checkpoints, folder
        self._steps, self._minutes = steps, minutes
        self._waiting: dict[str, Any] | None = None
        self._taken = False  # whether a state was taken since the newest training step
        self._saved_step, self._saved_at = 0, time.monotonic()
        self._averaged = False  # whether the model holds the averaged weights for a validation
        self._planned_steps: int | None = None  # of the process that saved the state

    # What a state is made of.

    def _take(self, trainer: Trainer, pl_module: LightningModule, *, ended: bool = False) -> None:
        """Takes the state of the training, which is written by the next hook.

        Args:
            trainer: of the training.
            pl_module: its task.
            ended: whether the epoch has ended.
        """
        checkpoint = loop_states.dump(trainer)
        # Callbacks go on; weights do not before the state is written.
        checkpoint["callbacks"] = copy.deepcopy(checkpoint["callbacks"])
        if ended and _AVERAGED in checkpoint:  # but at the end the average takes their place
            weights = checkpoint[_AVERAGED]
            checkpoint[_AVERAGED] = {name: value.clone() for name, value in weights.items()}
        sampler = getattr(trainer.train_dataloader, "sampler", None)
        checkpoint[STATE] = {
            "random": self._of_all_processes(trainer, random_states()),
            "epoch": trainer.current_epoch + ended,
            "batches": 0 if ended else trainer.fit_loop.batch_idx + 1,
            "order": None if ended else getattr(sampler, "order", None),
            "should_stop": trainer.should_stop,
            "planned_steps": int(trainer.estimated_stepping_batches),
            "train_scores": metric_states(getattr(pl_module, "train_scores", None)),
        }
        self._waiting, self._taken = checkpoint, True

    @staticmethod
    def _of_all_processes(trainer: Trainer, value: Any) -> list[Any]:
        if trainer.world_size == 1:
            return [value]
        gathered: list[Any] = [None] * trainer.world_size
        torch.distributed.all_gather_object(gathered, value)
        return gathered

    def _write(self, trainer: Trainer) -> None:
        """Writes the state that waits, if one does."""
        if self._waiting is None:
            return
        checkpoint = self._waiting
        if trainer.logger is not None and hasattr(trainer.logger, "state_dict"):
            checkpoint[STATE]["logger"] = trainer.logger.state_dict()

        def write(path: Path) -> None:
            trainer.strategy.save_checkpoint(checkpoint, path)

        if self._folder is None or not trainer.is_global_zero:
            write(self._checkpoints / "last.ckpt")
        else:
            write_state(self._folder, write, self._checkpoints)
        self._waiting = None
        self._saved_step, self._saved_at = checkpoint["global_step"], time.monotonic()

    # How a training continues.

    def on_load_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Restores what Lightning does not: before it makes loaders, optimizer and schedule."""
        _relocate(trainer, checkpoint)
        state = checkpoint.get(STATE)
        if state is None:
            return  # a checkpoint of weights, or of an earlier version
        randoms = state["random"]
        restore_random_states(randoms[min(trainer.global_rank, len(randoms) - 1)])
        data: Any = getattr(trainer, "datamodule", None)
        if hasattr(data, "continue_at"):
            data.continue_at(state["epoch"], state["order"], state["batches"])
            # Lightning asks for `state_dict`, which a loader of PyTorch does not have.
            warnings.filterwarnings("ignore", message=r".*your dataloader is not resumable")
        trainer.should_stop = state["should_stop"]
        restore_metric_states(getattr(pl_module, "train_scores", None), state["train_scores"])
        logger: Any = trainer.logger
        if "logger" in state and hasattr(logger, "load_state_dict"):
            logger.load_state_dict(state["logger"])
        self._planned_steps = state["planned_steps"]

    def on_sanity_check_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Takes SIGTERM from Lightning.

        Its handler ends a training amid accumulated gradients; of several processes it makes one
        wait for a message that the others do not send.
        """
        take_sigterm()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Starts the clock; renews the schedule of a training that is longer than planned."""
        take_sigterm()
        self._saved_step, self._saved_at = trainer.global_step, time.monotonic()
        planned, self._planned_steps = self._planned_steps, None
        if planned not in (None, int(trainer.estimated_stepping_batches)):
            make: Callable[[], Any] = pl_module.configure_optimizers
            loop_states.renew_schedule(trainer, make)

    # When a state is taken, and when it is written.

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        """Takes a state within an epoch where one is due, and before each validation."""
        if loop_states.accumulates(trainer):
            return
        if loop_states.validates_next(trainer):
            self._take(trainer, pl_module)
            assert self._waiting is not None
            loop_states.as_before_validation(self._waiting)
        elif not loop_states.ends_epoch(trainer) and self._is_due(trainer):
            self._take(trainer, pl_module)
            assert self._waiting is not None
            loop_states.as_within_epoch(self._waiting)

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Writes the state before a validation where one is due."""
        if not trainer.sanity_checking and self._is_due(trainer):
            self._write(trainer)
        self._stop_validation_if_asked(trainer)

    def on_validation_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Notes that the averaged weights are in place."""
        self._averaged = True

    def on_validation_batch_end(self, trainer: Trainer, *_: Any, **__: Any) -> None:
        """Stops where that is asked for."""
        self._stop_validation_if_asked(trainer)

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Notes that the trained weights are back."""
        self._averaged = False

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Takes the state after a validation within an epoch."""
        if trainer.sanity_checking or loop_states.ends_epoch(trainer):
            return
        if not loop_states.accumulates(trainer):
            self._take(trainer, pl_module)
            assert self._waiting is not None
            loop_states.as_within_epoch(self._waiting)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Takes the state after an epoch."""
        self._take(trainer, pl_module, ended=True)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Writes the state after the epoch before."""
        self._write(trainer)
        self._stop_if_asked(trainer)

    def on_train_batch_start(self, trainer: Trainer, *_: Any) -> None:
        """Writes the state that waits, and stops behind it where that is asked for."""
        self._write(trainer)
        if self._taken:
            self._stop_if_asked(trainer)
        self._taken = False

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Writes the last state."""
        self._write(trainer)

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Writes the state that waits, unless that is what has failed."""
        if self._waiting is None or isinstance(exception, OSError):
            return
        for callback in trainer.callbacks:  # type: ignore[attr-defined]
            if self._averaged and isinstance(callback, WeightAveraging):
                callback.on_validation_epoch_end(trainer, pl_module)  # puts the weights back
        try:
            self._write(trainer)
        except OSError as error:
            log.warning("The newest state of the training cannot be written: %s", error)

    def _is_due(self, trainer: Trainer) -> bool:
        steps, minutes = trainer.global_step - self._saved_step, self._minutes
        late = minutes is not None and time.monotonic() - self._saved_at >= minutes * 60
        due = late or (self._steps is not None and steps >= self._steps)
        return self._of_any(trainer, due or interruption_requested())

    def _stop_if_asked(self, trainer: Trainer) -> None:
        if self._of_any(trainer, interruption_requested()):
            raise KeyboardInterrupt

    def _stop_validation_if_asked(self, trainer: Trainer) -> None:
        # Not between accumulated gradients, which no state holds: after the next optimizer step.
        if self._taken or trainer.sanity_checking:
            self._stop_if_asked(trainer)

    @staticmethod
    def _of_any(trainer: Trainer, wish: bool) -> bool:
        """Whether any of the processes that train wishes something."""
        return trainer.strategy.reduce_boolean_decision(wish, all=False)


def _relocate(trainer: Trainer, checkpoint: dict[str, Any]) -> None:
    """Replaces the folder of checkpoints that a state names by that of this training.

    The folder of a run may have been moved.
    """
    for callback in trainer.checkpoint_callbacks:
        if not isinstance(callback, ModelCheckpoint):
            continue
        state = checkpoint.get("callbacks", {}).get(callback.state_key)
        if state is None or state["dirpath"] == callback.dirpath:
            continue
        assert callback.dirpath is not None

        def moved(path: str, folder: str = str(callback.dirpath)) -> str:
            return str(Path(folder, Path(path).name)) if path else path

        names = ("best_model_path", "kth_best_model_path", "last_model_path")
        state |= {name: moved(state[name]) for name in names}
        state["best_k_models"] = {moved(p): score for p, score in state["best_k_models"].items()}
        state["dirpath"] = callback.dirpath
