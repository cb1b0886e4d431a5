"""Trainings that are ended early."""

from types import SimpleNamespace
from typing import Any

import torch

from resistor_cls.model.training.pruning import Pruning


def test_a_training_stops_when_it_is_asked_to() -> None:
    reported: list[tuple[int, float]] = []

    def report(number: int, score: float) -> bool:
        reported.append((number, score))
        return score < 0.5

    pruning = Pruning("val/accuracy", report)
    strategy = SimpleNamespace(broadcast=lambda value: value)
    trainer: Any = SimpleNamespace(sanity_checking=True, is_global_zero=True, strategy=strategy,
                                   should_stop=False, callback_metrics={})  # fmt: skip
    module: Any = None
    pruning.on_validation_end(trainer, module)  # no validation of the training
    trainer.sanity_checking = False
    for score in (0.75, float("nan")):
        trainer.callback_metrics = {"val/accuracy": torch.tensor(score)}
        pruning.on_validation_end(trainer, module)
    assert not trainer.should_stop and pruning.stopped_after is None
    trainer.callback_metrics = {"val/accuracy": torch.tensor(0.25)}
    pruning.on_validation_end(trainer, module)
    assert trainer.should_stop and pruning.stopped_after == 3
    assert reported == [(1, 0.75), (3, 0.25)]
