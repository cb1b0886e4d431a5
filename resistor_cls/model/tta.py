"""Test-time augmentation: views of a photo, rotated and mirrored, whose predictions are averaged.

Bands have no handedness: every view shows the same part.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from resistor_cls.errors import ConfigError

if TYPE_CHECKING:
    from torch import Tensor

VIEWS = (1, 2, 4, 8)
# Of rows (0) and columns (1), those that each view flips; the second four of eight are these with
# rows and columns exchanged.
_FLIPPED: tuple[tuple[int, ...], ...] = ((), (0, 1), (0,), (1,))


def check_views(views: int, shape: tuple[int, int], name: str, source: str) -> None:
    """Checks a number of views.

    Args:
        views: how many.
        shape: rows and columns of the photos.
        name: of the number as a message begins, such as `model.views=`.
        source: what decides on the shape, with its verb, such as `model.image_size gives`.

    Raises:
        ConfigError: not such a number, or photos of this shape have fewer views.
    """
    if views not in VIEWS:
        raise ConfigError(f"{name}{views}: expected {', '.join(map(str, VIEWS))}")
    rows, columns = shape
    if views == 8 and rows != columns:
        raise ConfigError(
            f"{name}8 takes quarter turns, but {source} {rows}×{columns} pixels: give {name}4"
        )


def views_of(photos: "Tensor", views: int) -> "list[Tensor]":
    """The views of photos.

    Args:
        photos: (batch, channels, rows, columns).
        views: 1 the photos, 2 their half turns too, 4 their mirror images too, 8 their quarter
            turns too.

    Returns:
        One tensor a view; those of quarter turns are (batch, channels, columns, rows).
    """
    flipped = [photos.flip([2 + axis for axis in axes]) for axes in _FLIPPED[:views]]
    return flipped + [view.transpose(2, 3) for view in flipped] if views == 8 else flipped


def array_views(photos: np.ndarray, views: int) -> Iterator[np.ndarray]:
    """The same views of arrays.

    Args:
        photos: (batch, rows, columns, channels).
        views: see `views_of`.
    """
    for quarter_turn in (False, True) if views == 8 else (False,):
        for axes in _FLIPPED[:views]:
            view = np.flip(photos, tuple(1 + axis for axis in axes))
            yield view.swapaxes(1, 2) if quarter_turn else view
