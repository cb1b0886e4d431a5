"""Batches to logits: preprocessing that travels with the model, backbone, loss, training."""

from resistor_cls.model.backbone import check_backbone
from resistor_cls.model.classifier import ResistorClassifier
from resistor_cls.model.console import EpochLines
from resistor_cls.model.preprocessing import preparation
from resistor_cls.model.trainer import build_trainer, fit, seed_everything

__all__ = [
    "EpochLines",
    "ResistorClassifier",
    "build_trainer",
    "check_backbone",
    "fit",
    "preparation",
    "seed_everything",
]
