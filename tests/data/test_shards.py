import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import albumentations
import pytest
import torch

from resistor_cls.data import FolderSource, PhotoDataModule, Resize
from resistor_cls.data.pseudo_labels import PseudoLabels
from resistor_cls.data.shards import SUMMARY, open_shards, write_shards
from resistor_cls.errors import ConfigError, DataError
from tests.helpers.tiny import CATEGORIES

COUNT = 32  # of the photos that both train and validate here


@pytest.fixture(scope="session")
def shards(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("litdata")
    folder = tmp_path_factory.mktemp("shards") / "train"
    write_shards(FolderSource(photos).read(), folder)
    return folder


def module(photos: Path, shards: Path, tmp_path: Path, **options: Any) -> PhotoDataModule:
    given: dict[str, Any] = {"batch_size": 4, "workers": 0} | options
    return PhotoDataModule(
        FolderSource(photos), preprocess=Resize(32), shards=shards, cache=tmp_path, **given
    )


def batches(data: PhotoDataModule, epochs: int = 1) -> list[dict[str, torch.Tensor]]:
    data.setup()
    torch.manual_seed(0)
    loader = data.train_dataloader()
    return [batch for _ in range(epochs) for batch in loader]


def test_an_epoch_holds_each_photo_once_and_all_of_the_folder_validate(
    photos: Path, shards: Path, tmp_path: Path
) -> None:
    data = module(photos, shards, tmp_path)
    data.setup()
    assert data.train_length == COUNT
    assert len(data.validation_indices) == COUNT
    assert data.train_counts.tolist() == [8, 8, 8, 8]

    def contents(items: Any) -> Counter[bytes]:
        return Counter(photo.numpy().tobytes() for item in items for photo in item["photos"])

    trained = batches(data)
    assert contents(trained) == contents(data.val_dataloader())
    dataset: Any = data.train_dataset
    samples = [{"photos": dataset[index]["photos"][None]} for index in range(COUNT)]
    assert contents(samples) == contents(trained)
    targets = torch.cat([batch["targets"] for batch in trained])
    assert len(set(targets[:8].tolist())) > 1  # shards are not sorted by category


def test_draws_depend_on_the_seed_and_the_epoch_alone(
    photos: Path, shards: Path, tmp_path: Path
) -> None:
    augment = [albumentations.RandomBrightnessContrast(p=1)]
    data = module(photos, shards, tmp_path, augment=augment, drop_last=False)
    first, again = batches(data, 2), batches(data, 2)
    assert all(torch.equal(a["photos"], b["photos"]) for a, b in zip(first, again, strict=True))
    half = len(first) // 2
    seen = [{photo.numpy().tobytes() for batch in part for photo in batch["photos"]}
            for part in (first[:half], first[half:])]  # fmt: skip
    assert not seen[0] & seen[1]


def test_a_stopped_epoch_goes_on_with_the_same_batches(
    photos: Path, shards: Path, tmp_path: Path
) -> None:
    data = module(photos, shards, tmp_path, augment=[albumentations.HorizontalFlip(p=0.5)])
    whole = batches(data)
    torch.manual_seed(0)
    first: Any = data.train_dataloader()
    stopped = iter(first)
    for _ in range(3):
        next(stopped)
    file = tmp_path / "state.pt"
    torch.save(first.state_dict(), file)
    second: Any = data.train_dataloader()
    second.load_state_dict(torch.load(file, weights_only=True))
    rest = list(second)
    assert len(rest) == len(whole) - 3
    assert all(torch.equal(a["photos"], b["photos"]) for a, b in zip(rest, whole[3:], strict=True))


def test_settings_make_the_same_module(photos: Path, shards: Path, tmp_path: Path) -> None:
    settings = module(photos, shards, tmp_path).settings
    assert json.loads(json.dumps(settings))["shards"] == str(shards)


def test_shards_of_other_categories_are_refused(photos: Path, tmp_path: Path) -> None:
    names = [*CATEGORIES[:3], "9K1_1-4W"]
    (tmp_path / SUMMARY).write_text(json.dumps({"categories": names, "counts": [1, 1, 1, 1]}))
    data = module(photos, tmp_path, tmp_path / "cache")
    data.setup()
    with pytest.raises(DataError, match=r"has '9K1_1-4W' as category 3, the validation photos '1K"):
        data.train_length  # noqa: B018


def test_a_folder_that_holds_no_shards_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=rf"data\.shards={tmp_path} has no usable photos\.json"):
        open_shards(tmp_path)


def test_what_trains_too_is_refused(tmp_path: Path) -> None:
    summary = {"categories": list(CATEGORIES), "counts": [1, 1, 1, 1]}
    (tmp_path / SUMMARY).write_text(json.dumps(summary))
    labels = PseudoLabels(tmp_path, (), (), (), 2, 0.9)
    with pytest.raises(ConfigError, match=r"pseudo\.photos does not go with data\.shards"):
        module(tmp_path, tmp_path, tmp_path, pseudo=labels)


def test_the_library_is_named_where_it_is_absent(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "litdata", None)
    with pytest.raises(ConfigError, match=r"pip install 'resistor_cls\[shards\]'"):
        write_shards(FolderSource(photos).read(), tmp_path / "new")
