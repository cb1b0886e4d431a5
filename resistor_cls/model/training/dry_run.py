"""Finds out before any photo is read what would only fail behind them.

Decoding thousands of photos takes minutes, and fetching weights too. What a model, its optimizer,
its schedule and its trainer refuse, they refuse of a net without memory as well.
"""

import warnings
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
from lightning import Trainer

from resistor_cls.custom_code import is_import_path
from resistor_cls.data import PhotoDataModule
from resistor_cls.errors import ConfigError
from resistor_cls.model.backbone import check_backbone, require_imagenet_weights
from resistor_cls.model.checkpoint.weights import SUFFIX
from resistor_cls.model.task import ResistorTask
from resistor_cls.model.training.compatibility import check_training
from resistor_cls.model.training.trainer import build_trainer

# Any two: how many there are is known once the photos are listed.
_CATEGORIES = ("one", "other")
# Steps of an epoch. More make a schedule finer: what is refused of so many is refused of fewer.
_STEPS = 1000


def dry_run(
    make_task: Callable[..., ResistorTask],
    data: PhotoDataModule,
    folder: Path,
    *,
    settings: Mapping[str, Any],
    trainer: Mapping[str, Any],
    tries: Mapping[str, bool],
) -> None:
    """Makes a model and a trainer as a training would, without memory, and drops them.

    It takes no random number of the training.

    Args:
        make_task: makes the model of categories and of changed arguments.
        data: what the model is to learn from, before `setup`.
        folder: of the results; nothing is written.
        settings: `backbone`, `pretrained` and `class_weights` of the model. ImageNet weights that
            are required are fetched.
        trainer: arguments of `build_trainer`.
        tries: `batch_size` and `lr`, whether each is tried out before the training.

    Raises:
        ConfigError: an argument that cannot be used.
        ModelError: weights that are required and unavailable.
    """
    made = build_trainer(folder, **trainer)
    _check_tries(made, tries)
    backbone, pretrained = settings["backbone"], str(settings["pretrained"])
    check_backbone(backbone)
    # Weights of each category are counted once the categories are known.
    changed = {} if isinstance(settings["class_weights"], str) else {"class_weights": "none"}
    if pretrained.lower() == "true":
        require_imagenet_weights(backbone)
    if pretrained != "rendered" and not pretrained.endswith(SUFFIX):
        changed["pretrained"] = "false"
    # Custom code may need the memory.
    place = nullcontext() if is_import_path(backbone) else torch.device("meta")
    with torch.random.fork_rng(devices=[]), place, warnings.catch_warnings():
        # Weights that are loaded into a net without memory leave none.
        warnings.filterwarnings("ignore", message=r"for .*: copying from a non-meta parameter")
        task = make_task(_CATEGORIES, **changed)
        check_training(task, data, made)
        task.optimizer_and_schedule(_STEPS * made.max_epochs, _STEPS)  # type: ignore[operator]


def _check_tries(trainer: Trainer, tries: Mapping[str, bool]) -> None:
    """Refuses what cannot be tried out on a device."""
    if tries["batch_size"] and trainer.strategy.root_device.type == "cpu":
        raise ConfigError(
            "find.batch_size=true with trainer.accelerator=cpu: the memory of a CPU has no "
            "limit before the machine stops responding; set data.batch_size"
        )
