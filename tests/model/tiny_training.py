"""Trains the smallest net on a few photos."""

from pathlib import Path
from typing import Any, NamedTuple

import albumentations
from lightning import Trainer

from resistor_cls.data import PhotoDataModule
from resistor_cls.model import ResistorClassifier, build_trainer, fit, seed_everything

TINY = "test_resnet.r160_in1k"


class Training(NamedTuple):
    model: ResistorClassifier
    data: PhotoDataModule
    trainer: Trainer
    folder: Path


def train(photos: Path, folder: Path, seed: int = 0, **options: Any) -> Training:
    seed_everything(seed)
    data = PhotoDataModule(
        photos,
        image_size=32,
        batch_size=8,
        folds=4,
        workers=0,
        cache=folder.parent / "cache",
        augment=[albumentations.SquareSymmetry(p=1)],
    )
    data.setup()
    model = ResistorClassifier(
        data.categories.names, backbone=TINY, pretrained="false", image_size=32, dropout=0.1
    )
    model.record = {"data": data.settings, "seed": seed}
    how = {"accelerator": "cpu", "precision": "32-true", "max_epochs": 1} | options
    trainer = build_trainer(folder, **how)
    fit(trainer, model, data)
    return Training(model.eval(), data, trainer, folder)
