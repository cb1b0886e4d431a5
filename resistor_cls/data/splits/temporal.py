"""Folds by when, with what and against what photos were taken, and the embargo between them."""

import numpy as np

from resistor_cls.categories import Categories
from resistor_cls.data.splits.holdout import require_per_fold
from resistor_cls.data.splits.split import ALWAYS_TRAINS
from resistor_cls.errors import ConfigError, DataError


def capture_folds(
    targets: np.ndarray, order: np.ndarray, folds: int, categories: Categories
) -> np.ndarray:
    """Divides each category into blocks that follow each other in time, block k into fold k.

    As `resistor_cls.data.splits.folds.stratified_folds`; `order` are the positions of the photos by
    category and time of capture.

    Raises:
        DataError: a category with fewer photos than folds.
    """
    require_per_fold(targets, folds, categories, "photos")
    fold_of = np.empty(len(targets), dtype=int)
    for target in np.unique(targets):
        for fold, block in enumerate(np.array_split(order[targets[order] == target], folds)):
            fold_of[block] = fold
    return fold_of


def embargo(targets: np.ndarray, order: np.ndarray, validated: np.ndarray, gap: int) -> np.ndarray:
    """Finds the photos that were taken just before or after a validated one of their category.

    Args:
        targets: (photos,) class indices.
        order: positions of the photos by category and time of capture.
        validated: (photos,) bool.
        gap: length of the embargo, in photos.

    Returns:
        (photos,) bool, false for the validated photos themselves.
    """
    near = np.zeros(len(targets), dtype=bool)
    for target in np.unique(targets):
        line = order[targets[order] == target]
        count = np.convolve(validated[line], np.ones(2 * gap + 1), mode="full")
        near[line] = count[gap : gap + len(line)] > 0
    embargoed: np.ndarray = near & ~validated
    return embargoed


def left_out_folds(targets: np.ndarray, places: np.ndarray, folds: int) -> np.ndarray:
    """Puts place k into fold k, so that a fold validates on a place without training photos.

    A place is a background or a camera. A category with photos of one place only trains in every
    fold: left out, it could not be learned.

    Args:
        targets: (photos,) class indices.
        places: (photos,) number of the place of each photo, counted from 0.
        folds: how many folds.

    Returns:
        (photos,) the fold of each photo, or `ALWAYS_TRAINS`.

    Raises:
        ConfigError: the number of places is not that of folds.
        DataError: there is one place only.
    """
    count = int(places.max()) + 1
    if count < 2:
        raise DataError("all photos are of one place: none can be left out; use another data.split")
    if count != folds:
        raise ConfigError(
            f"data.folds={folds}, but the photos are of {count} places: set data.folds={count}"
        )
    fold_of = places.copy()
    for target in np.unique(targets):
        members = targets == target
        if len(np.unique(places[members])) == 1:
            fold_of[members] = ALWAYS_TRAINS
    return fold_of
