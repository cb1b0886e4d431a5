from functools import partial
from pathlib import Path
from typing import Any

import torch

from resistor_cls.bands import BANDS
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

SHAPE = (16, 48)


def items(seed: int = 0, count: int = 12) -> list[dict[str, torch.Tensor]]:
    torch.manual_seed(seed)
    crops = SyntheticCrops(resistor37(), SHAPE, Augmentation([]), length=count)
    assert len(crops) == count
    return [crops[index] for index in range(count)]


def test_crops_are_never_the_same_twice_and_repeat_with_the_seed() -> None:
    some = items()
    for item in some:
        assert item["photos"].shape == (3, *SHAPE)
        assert item["photos"].dtype == torch.uint8
        assert item["targets"] == OOD_TARGET
        assert item["columns"].shape == (SHAPE[1] // 4,)
        bands = [BANDS[int(place)] for place in item["bands"] if BANDS[int(place)] != "none"]
        assert decode(tuple(bands[::-1] if item["direction"] else bands)).ohms > 0
    pictures = {bytes(item["photos"].numpy()) for item in some}
    assert len(pictures) == len(some)
    assert pictures == {bytes(item["photos"].numpy()) for item in items()}
    assert pictures.isdisjoint(bytes(item["photos"].numpy()) for item in items(seed=1))


def test_a_reader_learns_bands_from_them_and_no_category(photos: Path, tmp_path: Path) -> None:
    def losses(run: str, workers: int) -> list[float]:
        seed_everything(0)
        data = PhotoDataModule(
            FolderSource(photos), batch_size=4, workers=workers, cache=tmp_path / "cache",
            preprocess=image_preprocessing(True, SHAPE),
            online_generator=partial(SyntheticCrops, length=12),
        )  # fmt: skip
        data.setup()
        assert len(data.validation_indices) == len(data.photo_set)
        assert len(data.train_indices) == 0
        assert data.train_length == 12
        task = build_task(
            data.categories.names, backbone="band_reader", pretrained="false",
            image_size=SHAPE, locate=True, loss="cross_entropy", band_weight=2.0,
        )  # fmt: skip
        reader: Any = task.network.backbone
        before = reader.slots.weight.clone()
        trainer = build_trainer(
            tmp_path / run, accelerator="cpu", precision="32-true", max_epochs=1,
            log_every_n_steps=1,
        )  # fmt: skip
        fit(trainer, task, data)
        assert not torch.equal(reader.slots.weight, before)
        assert reader.reads_any_value
        metrics = trainer.callback_metrics
        assert metrics["train/loss"] > 2 * metrics["train/bands"] > 0
        return [float(metrics[name]) for name in ("train/loss", "train/bands", "val/loss")]

    # A crop depends on the seed and its position, not on the process that draws it.
    assert losses("one", 0) == losses("again", 0) == losses("two", 2)
