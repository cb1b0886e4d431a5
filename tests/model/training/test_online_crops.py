from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from resistor_cls.categories import resistor37
from resistor_cls.colour_code import decode
from resistor_cls.data import FolderSource, PhotoDataModule
from resistor_cls.data.augment.augmentation import Augmentation
from resistor_cls.data.dataset import OOD_TARGET
from resistor_cls.model import (
    SyntheticCrops,
    build_task,
    build_trainer,
    fit,
    image_preprocessing,
    seed_everything,
)
from resistor_cls.model.network import BANDS
from resistor_cls.synthetic.sampling import any_part
from tests.helpers.tiny_training import TINY

SHAPE = (16, 32)


def items(known: float, seed: int = 0, count: int = 24) -> list[dict[str, torch.Tensor]]:
    torch.manual_seed(seed)
    crops = SyntheticCrops(resistor37(), SHAPE, Augmentation([]), length=count, known=known)
    assert len(crops) == count
    return [crops[index] for index in range(count)]


def bands_of(item: dict[str, torch.Tensor]) -> tuple[str, ...]:
    names = [BANDS[int(place)] for place in item["bands"]]
    assert len(names) == 5
    return tuple(name for name in names if name != "none")


def test_crops_are_never_the_same_twice_and_repeat_with_the_seed() -> None:
    some = items(known=1.0)
    for item in some:
        assert item["photos"].shape == (3, *SHAPE)
        assert item["photos"].dtype == torch.uint8
        category = resistor37()[int(item["targets"])]
        assert bands_of(item) in category.markings, category.name
    pictures = {bytes(item["photos"].numpy()) for item in some}
    assert len(pictures) == len(some)
    assert pictures == {bytes(item["photos"].numpy()) for item in items(known=1.0)}
    assert pictures.isdisjoint(bytes(item["photos"].numpy()) for item in items(1.0, seed=1))


def test_parts_of_no_category_have_bands_all_the_same() -> None:
    for item in items(known=0.0):
        assert item["targets"] == OOD_TARGET
        assert decode(bands_of(item)).ohms > 0


@given(st.integers(0, 2**32))
def test_bands_of_any_part_decode_to_ohms(seed: int) -> None:
    part = any_part(np.random.default_rng(seed))
    assert decode(part.markings[0]).ohms == pytest.approx(part.ohms)
    assert len(part.markings[0]) in (4, 5)


def test_a_model_learns_names_and_bands_from_them(photos: Path, tmp_path: Path) -> None:
    def losses(run: str, workers: int) -> list[float]:
        seed_everything(0)
        data = PhotoDataModule(
            FolderSource(photos), batch_size=4, workers=workers, cache=tmp_path / "cache",
            preprocess=image_preprocessing(True, 32),
            online_generator=partial(SyntheticCrops, length=12),
        )  # fmt: skip
        data.setup()
        assert len(data.validation_indices) == len(data.photo_set)
        assert len(data.train_indices) == 0
        assert data.train_length == 12
        task = build_task(
            data.categories.names, backbone=TINY, pretrained="false", image_size=32, locate=True,
            loss="cross_entropy", band_weight=0.5,
        )  # fmt: skip
        reader: Any = task.network.band_reader
        before = reader.weight.clone()
        trainer = build_trainer(
            tmp_path / run, accelerator="cpu", precision="32-true", max_epochs=1,
            log_every_n_steps=1,
        )  # fmt: skip
        fit(trainer, task, data)
        assert not torch.equal(reader.weight, before)
        metrics = trainer.callback_metrics
        assert metrics["train/loss"] > 0.5 * metrics["train/bands"] > 0
        return [float(metrics[name]) for name in ("train/loss", "train/bands", "val/loss")]

    # A crop depends on the seed and its position, not on the process that draws it.
    assert losses("one", 0) == losses("again", 0) == losses("two", 2)
