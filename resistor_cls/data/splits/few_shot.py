"""A few photos of each category train, all others validate."""

import numpy as np

from resistor_cls.categories import Categories
from resistor_cls.data.splits.holdout import short_of
from resistor_cls.errors import DataError


def first_photos(
    targets: np.ndarray, order: np.ndarray, shots: int, gap: int, categories: Categories
) -> tuple[np.ndarray, np.ndarray]:
    """Takes the first photos of each category in time, and the embargo after them.

    The embargo of a small category is shorter, so that a photo of it is left to validate.

    Args:
        targets: (photos,) class indices.
        order: positions of the photos by category and time of capture.
        shots: training photos of each category.
        gap: length of the embargo, in photos.
        categories: names, for the message.

    Returns:
        (photos,) bool, true for the first `shots` photos of a category; (photos,) bool, true for
        the `gap` photos after them.

    Raises:
        DataError: a category with `shots` photos or fewer.
    """
    _require_more_than(shots, targets, categories)
    trains, embargoed = np.zeros((2, len(targets)), dtype=bool)
    for target in np.unique(targets):
        line = order[targets[order] == target]
        trains[line[:shots]] = True
        embargoed[line[shots : min(shots + gap, len(line) - 1)]] = True
    return trains, embargoed


def _require_more_than(shots: int, targets: np.ndarray, categories: Categories) -> None:
    if short := short_of(targets, shots + 1, categories):
        fewest = int(np.bincount(targets, minlength=len(categories)).min())
        lower = f", or set data.shots={fewest - 1}" if fewest > 1 else ""
        raise DataError(
            f"data.shots={shots}, but these categories have fewer than {shots + 1} photos, {shots} "
            f"to train on and one to validate: {short}; add photos, remove the category{lower}"
        )
