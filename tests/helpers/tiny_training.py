"""Trains the smallest net on a few photos."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import albumentations
from lightning import Trainer

from resistor_cls.data import PhotoDataModule, data_module_from_settings
from resistor_cls.model import (
    ResistorNetwork,
    ResistorTask,
    build_task,
    build_trainer,
    fit,
    seed_everything,
)

TINY = "test_resnet.r160_in1k"
MODEL: dict[str, Any] = {
    "backbone": TINY, "pretrained": "false", "image_size": 32, "dropout": 0.1,
}  # fmt: skip


def network(categories: Sequence[str], **changes: Any) -> ResistorNetwork:
    """An untrained network of 32 pixels."""
    given: dict[str, Any] = {"backbone": TINY, "pretrained": "false", "image_size": 32}
    return ResistorNetwork(categories, **(given | changes))


class Training(NamedTuple):
    model: ResistorTask
    data: PhotoDataModule
    trainer: Trainer
    folder: Path

    @property
    def network(self) -> ResistorNetwork:
        return self.model.network


def train(
    photos: Path,
    folder: Path,
    seed: int = 0,
    *,
    model: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
    checkpoint: Path | None = None,
    **options: Any,
) -> Training:
    """Trains, from a checkpoint or anew; further options are the trainer's."""
    seed_everything(seed)
    given: dict[str, Any] = {
        "image_size": 32,
        "batch_size": 8,
        "folds": 4,
        "workers": 0,
        "augment": [albumentations.SquareSymmetry(p=1)],
    }
    module = data_module_from_settings(
        root=photos, cache=folder.parent / "cache", **(given | dict(data or {}))
    )
    module.setup()
    net = build_task(
        module.categories.names,
        **(MODEL | dict(model or {})),
    )
    net.network.metadata = {"data": module.settings, "seed": seed}
    how: dict[str, Any] = {"accelerator": "cpu", "precision": "32-true", "max_epochs": 1} | options
    trainer = build_trainer(folder, **how)
    fit(trainer, net, module, checkpoint)
    return Training(net.eval(), module, trainer, folder)
