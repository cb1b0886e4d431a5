"""Ends a training early that is hopeless beside others."""

import math
from collections.abc import Callable

from lightning import Callback, LightningModule, Trainer


class Pruning(Callback):
    """Reports the score of each validation, and stops the training when it is asked to.

    Args:
        monitor: the metric that is reported, such as `val/roc_auc`.
        report: number of the validation, from 1, and its score → whether to stop.

    Attributes:
        stopped_after: how many validations there were when the training was stopped; None where it
            was not.
    """

    def __init__(self, monitor: str, report: Callable[[int, float], bool]) -> None:
        self._monitor, self._report = monitor, report
        self._validations = 0
        self.stopped_after: int | None = None

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Reports a validation; of several processes the first does, and decides for all."""
        if trainer.sanity_checking:
            return
        self._validations += 1
        score = float(trainer.callback_metrics.get(self._monitor, math.nan))
        stop = False
        if trainer.is_global_zero and math.isfinite(score):
            stop = self._report(self._validations, score)
        if trainer.strategy.broadcast(stop):
            trainer.should_stop = True
            self.stopped_after = self._validations
