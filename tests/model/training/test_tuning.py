from pathlib import Path
from typing import Any

import pytest
import torch

from resistor_cls.data import FolderSource, PhotoDataModule, Resize, SplitConfig
from resistor_cls.errors import ConfigError
from resistor_cls.model import ResistorTask
from resistor_cls.model.training.tuning import find_batch_size, find_learning_rate
from tests.helpers.tiny_training import network

OPTIONS = {"accelerator": "cpu", "precision": "32-true"}


class SmallMemory(ResistorTask):
    """Fails as a GPU does whose memory holds so many photos."""

    capacity = 10

    def training_step(self, batch: Any, batch_idx: int) -> torch.Tensor:
        if len(batch["targets"]) > self.capacity:
            raise RuntimeError("CUDA out of memory. Tried to allocate 9 photos")
        return super().training_step(batch, batch_idx)


@pytest.fixture
def data(photos: Path, tmp_path: Path) -> PhotoDataModule:
    data = PhotoDataModule(
        FolderSource(photos),
        SplitConfig(folds=4),
        preprocess=Resize(32),
        batch_size=2,
        workers=0,
        cache=tmp_path / "cache",
    )
    data.setup()
    return data


def make(data: PhotoDataModule, kind: type[ResistorTask] = ResistorTask) -> ResistorTask:
    torch.manual_seed(0)
    names = data.categories.names
    return kind(network(names))


@pytest.mark.parametrize(("capacity", "expected"), [(10, 8), (1000, 16)])
def test_the_largest_batch_that_fits_is_found(
    capacity: int, expected: int, data: PhotoDataModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SmallMemory, "capacity", capacity)
    model = make(data, SmallMemory)
    before, random = model.state_dict()["network.backbone.fc.weight"].clone(), torch.get_rng_state()
    assert find_batch_size(model, data, OPTIONS) == data.batch_size == expected  # 24 photos train
    assert torch.equal(model.state_dict()["network.backbone.fc.weight"], before)
    assert torch.equal(torch.get_rng_state(), random)
    assert len(next(iter(data.train_dataloader()))["targets"]) == expected


def test_a_learning_rate_that_helps_is_found(
    data: PhotoDataModule, capfd: pytest.CaptureFixture[str]
) -> None:
    model = make(data)
    data.batch_size = 8
    before = model.state_dict()["network.backbone.fc.weight"].clone()
    assert 1e-3 < find_learning_rate(model, data, OPTIONS) < 0.1
    assert capfd.readouterr() == ("", "")  # no progress bar without a terminal
    assert torch.equal(model.state_dict()["network.backbone.fc.weight"], before)


def test_where_no_rate_helps_that_is_said(data: PhotoDataModule) -> None:
    class Deaf(ResistorTask):
        def training_step(self, batch: Any, batch_idx: int) -> torch.Tensor:
            return 0.0 * super().training_step(batch, batch_idx) + 1.0

    data.batch_size = 8
    with pytest.raises(ConfigError, match=r"find.lr=true finds no learning rate.*optimizer.lr"):
        find_learning_rate(make(data, Deaf), data, OPTIONS)
