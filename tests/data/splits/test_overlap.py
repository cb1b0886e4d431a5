"""Copies of one picture that are set apart by a split."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from resistor_cls.data import PhotoDataModule
from resistor_cls.data.splits.overlap import overlap_table, overlap_with_training
from tests.helpers.made_up import metadata_at, photo_set_of
from tests.helpers.photo_files import write_photo

PICTURES = "aabbccdd"
ROLES = ("train", "validation", "test", "train", "validation", "test", "train", "dropped")


def test_overlap_is_found_by_picture_and_role() -> None:
    names = [f"{number}.jpg" for number in range(8)]
    metadata = [metadata_at(number, picture=picture) for number, picture in enumerate(PICTURES)]
    photo_set = photo_set_of(names, ["x", "y"] * 4)
    table = overlap_table(photo_set, metadata, np.array(ROLES))
    assert table.to_numpy().tolist() == [
        [0, "0.jpg", "x", "train"],
        [0, "1.jpg", "y", "validation"],
        [1, "2.jpg", "x", "test"],
        [1, "3.jpg", "y", "train"],
        [2, "4.jpg", "x", "validation"],
        [2, "5.jpg", "y", "test"],
    ]
    assert overlap_with_training(table) == {"validation": ["1.jpg"], "test": ["2.jpg"]}
    assert overlap_table(photo_set, metadata, np.full(8, "train")).empty
    assert overlap_with_training(overlap_table(photo_set, metadata, np.full(8, "train"))) == {}


@pytest.mark.parametrize(("split", "found"), [("stratified", True), ("grouped", False)])
def test_other_metadata_hide_no_overlap(
    split: str, found: bool, make: Callable[..., PhotoDataModule], tmp_path: Path
) -> None:
    make()  # writes the photos
    for name in ("10R", "4K7", "left"):
        for number in range(10):
            path = tmp_path / "photos" / name / f"{number}.jpg"
            path.unlink()
            noise = np.random.default_rng(number // 2 + 100 * len(name) + ord(name[0]))
            pixels = noise.integers(0, 256, (24, 24, 3), dtype=np.uint8)
            Image.fromarray(pixels).resize((64, 64)).save(
                path.with_suffix(".png"), dpi=(number + 1, 72)
            )
    data = make(split=split)
    data.setup()
    assert (len(data.overlap_table()) > 0) == found
    assert bool(overlap_with_training(data.overlap_table())) == found


def test_a_single_photo_does_not_overlap(
    make: Callable[..., PhotoDataModule], tmp_path: Path
) -> None:
    data = make()
    write_photo(tmp_path / "photos/10R/new.jpg", (3, 200, 3))
    data.setup()
    assert data.overlap_table().empty
