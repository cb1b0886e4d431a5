"""Batches to logits: the network that is saved and used, and the task that trains it."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from resistor_cls.model.detector.training import train_detector
    from resistor_cls.model.exported.module import load_network
    from resistor_cls.model.network import ResistorNetwork
    from resistor_cls.model.preprocessing import image_preprocessing
    from resistor_cls.model.task import ResistorTask, build_task
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
    "EpochLines", "ResistorNetwork", "ResistorTask", "SyntheticCrops", "build_task",
    "build_trainer", "dry_run", "fit", "image_preprocessing", "leave_cores",
    "load_network", "score", "seed_everything", "train_detector",
]  # fmt: skip

# Who predicts needs neither Lightning nor the generator: each name loads its own module alone.
_MODULES = {
    "EpochLines": "training.progress",
    "ResistorNetwork": "network",
    "ResistorTask": "task",
    "SyntheticCrops": "training.online_crops",
    "build_task": "task",
    "dry_run": "training.dry_run",
    "image_preprocessing": "preprocessing",
    "load_network": "exported.module",
    "train_detector": "detector.training",
    **dict.fromkeys(
        ("build_trainer", "fit", "leave_cores", "score", "seed_everything"), "training.trainer"
    ),
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
