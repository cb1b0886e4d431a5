"""What a run says of its photos."""

import logging
import shutil
from pathlib import Path

import pytest
import torch
from PIL import Image

from resistor_cls.csv_tables import read_csv
from resistor_cls.data.pseudo_labels import PseudoLabels
from resistor_cls.inference.describe import (
    data_set,
    describe,
    photos_name,
    photos_of,
    training_overlap,
    training_sets,
    validation_overlap,
)
from resistor_cls.inference.samples import augmentation_sheet
from resistor_cls.tracking import Run, save_results
from tests.helpers.opened import opened

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("found", "name"),
    [
        (photos_name("folder", "/x/my_photos"), "folder my_photos"),
        (photos_name("table", None, "a/labels.csv"), "table labels.csv"),
        (photos_name("rendered", "/cache/v2"), "rendered"),
        (photos_of("validation", "rendered"), "validation photos of rendered"),
        (photos_of("all", "folder mine"), "photos of folder mine"),
    ],
)
def test_photos_have_a_name(found: str, name: str) -> None:
    assert found == name


def test_parts_are_identified_by_content(photos: Path, tmp_path: Path) -> None:
    data = opened(photos, tmp_path)
    sets = training_sets(data)
    assert {use: one.photos for use, one in sets.items()} == {"training": 24, "validation": 8}
    assert {one.name for one in sets.values()} == {"folder photos"}
    assert {one.categories for one in sets.values()} == {4}
    assert sets["training"].digest != sets["validation"].digest
    moved = shutil.copytree(photos, tmp_path / "moved")
    again = opened(moved, tmp_path)
    assert data_set(again, again.train_indices).digest == sets["training"].digest


def test_the_source_of_photos_is_no_folder_of_this_machine_where_it_can_be_avoided(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = opened(photos, tmp_path)
    assert data_set(data, data.train_indices).source == str(photos)
    monkeypatch.chdir(photos.parent)
    assert data_set(data, data.train_indices).source == "photos"
    generated = {"source": "rendered"}
    published = {"source": "resistor37", "url": "https://me:secret@host/photos.zip"}
    for settings, source in (
        (generated, "photos"),
        (published, "https://me:***@host/photos.zip"),
    ):
        monkeypatch.setattr(type(data), "settings", settings)
        assert data_set(data, data.train_indices).source == source


def test_a_training_has_tags_params_and_its_split(photos: Path, tmp_path: Path) -> None:
    data = opened(photos, tmp_path)
    found = describe(data, "scratch", "32-true", CPU)
    assert found.tags["data.fingerprint"] == data.fingerprint
    assert (found.tags["pretrained"], found.tags["precision"]) == ("scratch", "32-true")
    assert found.tags["device"] == "cpu"
    assert found.params == {"photos.train": 24, "photos.validation": 8, "photos.categories": 4}
    assert list(found.tables) == ["split"]


def test_an_overlap_with_the_training_is_counted(
    photos: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = opened(photos, tmp_path, subset="all")
    trained_on = opened(photos, tmp_path).trained_on()
    with caplog.at_level(logging.WARNING):
        none = training_overlap(data, {"trained_on": []})
        some = training_overlap(data, {"trained_on": trained_on})
        unknown = training_overlap(data, {})
    assert (none.tag, none.warning) == ("0 of 32", "")
    assert (some.tag, some.warning) == ("24 of 32", "24 of 32 photos were TRAINED ON")
    assert (unknown.tag, unknown.warning) == ("unknown", "")
    overlapping, unsaid = caplog.messages
    assert overlapping == "24 of 32 photos were TRAINED ON: these scores are optimistic"
    assert "does not say which photos it was trained on" in unsaid
    assert validation_overlap(data).warning == ""


def test_all_validation_photos_of_a_final_model_train_too(photos: Path, tmp_path: Path) -> None:
    overlap = validation_overlap(opened(photos, tmp_path, train_on_validation=True))
    assert (overlap.tag, overlap.warning) == ("8 of 8", "8 of 8 photos were TRAINED ON")


def test_pseudo_labels_are_marked_as_such(photos: Path, workplace: Path) -> None:
    names = ("a.png", "b.png")
    for path, name in zip(sorted(photos.rglob("*.jpg")), names, strict=False):
        Image.open(path).rotate(180).save(workplace / name)  # a picture that has no label
    labels = ("1K_2W", "10R_2W")
    pseudo = PseudoLabels(workplace, names, labels, (0.99, 0.97), count=5, threshold=0.95)
    data = opened(photos, workplace, pseudo=pseudo)
    found = describe(data, "scratch", "32-true", CPU)
    sheet = augmentation_sheet(data)  # of labelled photos alone
    assert found.tags["data.pseudo"] == "2 of 5 at 0.95"
    assert (found.params["photos.pseudo"], found.params["photos.train"]) == (2, 26)
    assert found.tables["pseudo_labels"]["photo"].tolist() == list(names)
    assert sum(bool(axes.images) for axes in sheet.axes) == 6 * 6


def test_copies_and_files_that_are_left_out_are_described(
    photos: Path, workplace: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root = workplace / "photos"
    shutil.copytree(photos, root)
    for first in sorted((root / "1K_2W").glob("*.jpg")):
        shutil.copy(first, first.with_name(f"=copy of {first.name}"))
    (root / "1K_2W/4.heic").touch()
    (root / "10R_2W").rename(root / "=10R_2W")
    data = opened(root, workplace)
    run = Run(workplace / "run")
    found = describe(data, "scratch", "32-true", CPU)
    save_results(run, found)
    copies = data.overlap_table()
    scored = copies[copies.role == "validation"]
    assert len(scored) > 0
    shown = f"{len(scored)} of {len(data.validation_indices)} validation"
    assert found.tags["data.copies_across_split"] == shown
    assert found.tags["data.left_out"] == 1
    (warning,) = [text for text in caplog.messages if "COPIES" in text]
    assert all(name in warning for name in scored.photo)
    assert read_csv(run.output / "tables/left_out.csv").to_numpy().tolist() == [
        ["1K_2W/4.heic", "not a photo by its suffix"]
    ]
    kept = read_csv(run.output / "tables/copies_across_split.csv")
    assert kept.photo.tolist() == copies.photo.tolist()
    # The table of the split is taken back, names that look like formulas among its rows.
    again = opened(root, workplace, split=str(run.output / "tables/split.csv"))
    assert again.split.role_of.tolist() == data.split.role_of.tolist()
