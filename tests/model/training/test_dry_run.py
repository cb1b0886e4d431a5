"""A dry run refuses what a training would, leaves nothing and draws no random number."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from resistor_cls.data import FolderSource, PhotoDataModule, Resize
from resistor_cls.errors import ConfigError, ModelError
from resistor_cls.model import backbone, build_task
from resistor_cls.model.training.dry_run import dry_run
from tests.helpers.tiny_training import TINY

TRIES = {"batch_size": False, "lr": False}


def tried(folder: Path, trainer: dict[str, Any] | None = None, **settings: Any) -> None:
    given: dict[str, Any] = {"backbone": TINY, "pretrained": "false", "image_size": 32} | settings
    dry_run(
        partial(build_task, **given),
        PhotoDataModule(FolderSource(folder), preprocess=Resize(32)),
        folder / "run",
        settings={"class_weights": "none"} | given,
        trainer={"accelerator": "cpu", "max_epochs": 1} | (trainer or {}),
        tries=TRIES,
    )


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"locate": True, "pretrained": "rendered", "backbone": "band_reader"},
        {"class_weights": [1, 2, 3]},
    ],
)
def test_what_can_be_trained_passes_and_leaves_nothing(
    settings: dict[str, Any], tmp_path: Path
) -> None:
    before = torch.get_rng_state()
    tried(tmp_path, **settings)
    assert torch.equal(torch.get_rng_state(), before)
    assert list(tmp_path.iterdir()) == []


def test_required_weights_are_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> Path:
        raise ModelError(f"no weights of {name} here")

    monkeypatch.setattr(backbone, "_imagenet_weights", fail)
    with pytest.raises(ModelError, match=r"model\.pretrained=true, but the ImageNet weights of"):
        tried(tmp_path, pretrained="true")
    tried(tmp_path, pretrained="auto")


@pytest.mark.parametrize("devices", [2, 3])
def test_what_several_processes_cannot_do_is_refused(devices: int, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"freeze_epochs=1 with trainer.devices={devices}"):
        tried(tmp_path, {"devices": devices, "strategy": "ddp"}, freeze_epochs=1)
