"""Which pixels of a preprocessed photo show the body, by a box or by the detector."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from resistor_cls.data.geometry import OrientedBox
from resistor_cls.data.sources.boxes import Box, read_boxes


class Body(NamedTuple):
    """The body in a preprocessed photo.

    Attributes:
        pixels: (rows, columns) bool; all False where the photo does not show it.
        known_by: `box` if there is a box around it, `locator` if only the detector found it, which
            may be wrong.
    """

    pixels: np.ndarray
    known_by: str


def known_body(
    box: Box | None, found: OrientedBox | None, place: np.ndarray, shape: tuple[int, int]
) -> Body | None:
    """Which pixels of a preprocessed photo show the body; None if that is not known.

    In a whole photo these are the pixels of the upright box. In a crop they are those of the body,
    which lies level there while the box may be rotated.

    Args:
        box: around it in the original, if there is one.
        found: where the detector found it in the preprocessed photo, if it did.
        place: (2, 3), what the preprocessed photo shows of the original.
        shape: its rows and columns.
    """
    if box is None:
        return None if found is None else Body(found.pixels(shape), "locator")
    if found is None:
        return Body(box.pixels(place, shape), "box")
    return Body(box.body(place, shape, found.width / found.length).pixels(shape), "box")


def boxes_of(folders: Mapping[str, Path]) -> dict[str, Box]:
    """The boxes of sets of photos, each read from its own folder.

    Args:
        folders: what names of photos begin with → the folder that the rest is relative to.

    Returns:
        name of a photo → its box.

    Raises:
        DataError: a table that cannot be read.
    """
    return {
        begin + name: box
        for begin, folder in folders.items()
        for name, box in read_boxes(folder).items()
    }
