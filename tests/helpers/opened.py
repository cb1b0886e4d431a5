"""A data module of the smallest photos, and the smallest task for it."""

from pathlib import Path
from typing import Any

from resistor_cls.data import PhotoDataModule, data_module_from_settings
from resistor_cls.model import ResistorTask, build_task


def opened(photos: Path, tmp_path: Path, **options: Any) -> PhotoDataModule:
    """24 training photos and 8 for validation: three batches an epoch."""
    given = {"image_size": 32, "batch_size": 8, "folds": 4, "workers": 0}
    data = data_module_from_settings(root=photos, cache=tmp_path / "cache", **(given | options))
    data.setup()
    return data


def tiny(data: PhotoDataModule) -> ResistorTask:
    """An untrained model of 32 pixels."""
    how: dict[str, Any] = {
        "backbone": "test_resnet.r160_in1k",
        "pretrained": "false",
        "image_size": 32,
    }
    return build_task(data.categories.names, **how)
