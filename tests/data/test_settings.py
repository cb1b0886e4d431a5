"""From the flat keys of `data` to a source, a split config and a data module, and back."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from resistor_cls.config import compose, instantiate
from resistor_cls.data import (
    FolderSource,
    PhotoDataModule,
    Resize,
    SplitConfig,
    SyntheticSource,
    TableSource,
    data_module_from_settings,
)
from resistor_cls.errors import ConfigError
from tests.helpers.photo_files import write_folder

# Saved models hold these keys, and find their photos again by them.
SAVED = {
    "source", "image_size", "batch_size", "drop_last", "skip_unreadable",
    "split", "folds", "fold", "split_seed", "gap", "shots", "validation_size", "validation", "test",
    "sample", "sample_of", "train_on_validation",
}  # fmt: skip
OF_SOURCE = {
    "folder": {"root", "categories", "label_prefix"},
    "table": {
        "table", "root", "image_column", "category_column", "group_column", "categories",
        "label_prefix",
    },
    "rendered": {"root", "per_category", "size", "seed", "categories"},
    "resistor37": {"root", "url"},
}  # fmt: skip


@pytest.mark.parametrize("source", OF_SOURCE)
def test_saved_keys_are_those_of_the_config(source: str, tmp_path: Path) -> None:
    needed = {"folder": f"data.root={tmp_path}", "table": f"data.table={tmp_path}/t.csv"}
    words = [f"data={source}", *filter(None, [needed.get(source)])]
    data = instantiate(compose("train", words).data)
    assert isinstance(data, PhotoDataModule)
    settings = data.settings
    assert settings.keys() == SAVED | OF_SOURCE[source]
    assert settings["source"] == source
    again = data_module_from_settings(**json.loads(json.dumps(settings)))
    assert again.source == data.source
    assert again.settings == settings


def test_objects_and_flat_keys_make_the_same_module(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "photos", each=10)
    how: dict[str, Any] = {"batch_size": 4, "workers": 0, "cache": tmp_path / "cache"}
    config = SplitConfig("capture", folds=3, fold=1, gap=1)
    objects = PhotoDataModule(FolderSource(root), config, preprocess=Resize([8, 16]), **how)
    flat = data_module_from_settings(
        root=root, split="capture", folds=3, fold=1, gap=1, image_size=[8, 16], **how
    )
    for data in (objects, flat):
        data.setup()
    assert objects.settings == flat.settings
    assert objects.split_fingerprint == flat.split_fingerprint
    assert set(objects.split.role_of) == {"train", "validation", "dropped"}


def test_preprocessing_replaces_the_image_size() -> None:
    data = data_module_from_settings(root="photos", image_size=9, preprocess=Resize(24))
    assert data.settings["image_size"] == 24


def test_paths_hold_in_any_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    table = TableSource("t.csv", root=Path("photos"))
    folder = FolderSource("photos", categories="names.txt")
    monkeypatch.chdir("/")
    assert table.settings["table"] == str(tmp_path / "t.csv")
    assert table.settings["root"] == str(tmp_path / "photos")
    assert folder.settings["categories"] == str(tmp_path / "names.txt")


def test_no_key_belongs_to_two_objects() -> None:
    split = {field.name for field in fields(SplitConfig)}
    for source in (FolderSource, TableSource, SyntheticSource):
        assert not split & {field.name for field in fields(source)}


def test_a_key_of_another_source_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"data\.size is not a key of the source folder; "):
        data_module_from_settings(root="photos", size=700)
