"""Batches to logits: preprocessing that travels with the model, backbone, loss, training."""

from resistor_cls.model.classifier import ResistorClassifier
from resistor_cls.model.console import EpochLines
from resistor_cls.model.drawn_crops import DrawnCrops
from resistor_cls.model.dry_run import dry_run
from resistor_cls.model.judge import judge
from resistor_cls.model.locator_training import train_locator
from resistor_cls.model.preprocessing import preparation
from resistor_cls.model.trainer import build_trainer, fit, leave_cores, score, seed_everything

__all__ = [
    "DrawnCrops",
    "EpochLines",
    "ResistorClassifier",
    "build_trainer",
    "dry_run",
    "fit",
    "judge",
    "leave_cores",
    "preparation",
    "score",
    "seed_everything",
    "train_locator",
]
