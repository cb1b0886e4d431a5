"""Batches to logits: preprocessing that travels with the model, backbone, loss, training."""

from resistor_cls.model.detector.training import train_detector
from resistor_cls.model.preprocessing import image_preprocessing
from resistor_cls.model.task import ResistorClassifier
from resistor_cls.model.training.dry_run import dry_run
from resistor_cls.model.training.online_crops import SyntheticCrops
from resistor_cls.model.training.progress import EpochLines
from resistor_cls.model.training.trainer import (
    build_trainer,
    fit,
    leave_cores,
    score,
    seed_everything,
)

__all__ = [
    "EpochLines",
    "ResistorClassifier",
    "SyntheticCrops",
    "build_trainer",
    "dry_run",
    "fit",
    "image_preprocessing",
    "leave_cores",
    "score",
    "seed_everything",
    "train_detector",
]
