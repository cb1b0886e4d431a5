"""The photos that an export is scored on."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from resistor_cls.categories import Categories, parse_name
from resistor_cls.data.images.decode import RGB
from resistor_cls.errors import DataError
from resistor_cls.exporting.parity import Labelled
from resistor_cls.inference.photo_paths import find_photos
from resistor_cls.synthetic import any_part, draw, sample_scene

DRAWN = 1_000  # photos where none are given
CALIBRATING = 100  # photos that set the ranges of activations in 8 bits; more change little
_SIDE = 480  # pixels of a drawn photo


def labelled_folder(folder: Path) -> list[Labelled]:
    """The photos of a folder; the name of the folder that each lies in is its label.

    Raises:
        DataError: no such folder, or no photos in it.
    """
    if not folder.is_dir():
        raise DataError(f"--photos {folder}: expected a folder of photos")
    return [
        Labelled(
            file,
            file.relative_to(folder).as_posix(),
            file.parent.name,
            parse_name(file.parent.name).ohms,
        )
        for file in find_photos([folder])
    ]


def set_apart(photos: Sequence[Labelled]) -> tuple[list[Labelled], list[Labelled]]:
    """Photos that calibrate, evenly spread and at most half of all, and the others, that score."""
    every = max(2, math.ceil(len(photos) / CALIBRATING))
    return list(photos[::every]), [one for place, one in enumerate(photos) if place % every]


def drawn_photos(
    categories: Categories, numbers: range, channels: int, shape: Sequence[int], *, any_value: bool
) -> Iterator[Labelled]:
    """Synthetic photos, each a function of its number alone, drawn one after the other.

    Args:
        categories: of the model.
        numbers: of the photos.
        channels: of the model's photos; where they are not photos of colour or grey, noise is
            returned that has no label.
        shape: rows and columns of the model's photos.
        any_value: whether parts of any value are drawn instead of the categories.
    """
    for number in numbers:
        rng = np.random.default_rng((0, number))
        if channels not in (1, RGB):
            noise = rng.integers(0, 256, (*shape, channels), np.uint8)
            yield Labelled(noise, f"noise {number}")
            continue
        part = any_part(rng) if any_value else categories[number % len(categories)]
        try:
            scene = sample_scene(part, rng)
        except DataError:  # ohms that no colour code shows
            part = any_part(rng)
            scene = sample_scene(part, rng)
        yield Labelled(draw(scene, _SIDE).photo, f"drawn {number}", part.name, part.ohms)
