"""One share of the photos that validates, instead of folds.

Every category keeps at least one photo on each side: a category without training photos cannot be
learned, and one without validation photos is not evaluated.
"""

import numpy as np
from sklearn.model_selection import StratifiedShuffleSplit

from resistor_cls.categories import Categories
from resistor_cls.errors import DataError, some_names


def stratified_holdout(
    targets: np.ndarray, size: float, seed: int, categories: Categories
) -> np.ndarray:
    """Draws a share at random, each category in proportion.

    Args:
        targets: (photos,) class indices.
        size: share that validates, above 0 and below 1.
        seed: of the sample.
        categories: names, for the message.

    Returns:
        (photos,) bool, true where a photo validates.

    Raises:
        DataError: a category with a single photo.
    """
    _require_two(targets, size, categories)
    present = len(np.unique(targets))
    # Every category has two photos or more, so the first limit is never above the second.
    count = min(max(int(np.ceil(size * len(targets))), present), len(targets) - present)
    assigner = StratifiedShuffleSplit(1, test_size=count, random_state=seed)
    _, sampled = next(assigner.split(np.zeros(len(targets)), targets))
    validated = np.zeros(len(targets), dtype=bool)
    validated[sampled] = True
    # In proportion, a small category may have no photo on one of the sides.
    rng = np.random.default_rng(seed)
    for target in np.unique(targets):
        members = np.flatnonzero(targets == target)
        if len(set(validated[members])) == 1:
            validated[rng.choice(members)] ^= True
    return validated


def grouped_holdout(
    targets: np.ndarray, groups: np.ndarray, size: float, seed: int, categories: Categories
) -> np.ndarray:
    """Takes whole groups at random, category by category, until the share of each is reached.

    As `stratified_holdout`; `groups` are the (photos,) numbers of the group of each photo.

    Raises:
        DataError: a category whose groups cannot be divided.
    """
    _, number = np.unique(groups, return_inverse=True)
    number = np.random.default_rng(seed).permutation(number.max() + 1)[number]
    order = np.argsort(number, kind="stable")
    ends = np.cumsum(np.bincount(number))
    total = np.bincount(targets, minlength=len(categories))
    left = total.copy()
    validated = np.zeros(len(targets), dtype=bool)
    for target in np.unique(targets):
        wanted = max(1, round(size * total[target]))
        for group in np.unique(number[targets == target]):
            if total[target] - left[target] >= wanted:
                break
            members = order[ends[group - 1] if group else 0 : ends[group]]
            taken = np.bincount(targets[members], minlength=len(categories))
            # A group of several categories may validate already, or be the last of one that trains.
            if not validated[members[0]] and (left[taken > 0] > taken[taken > 0]).all():
                validated[members] = True
                left -= taken
    whole = [
        categories[int(target)].name for target in np.flatnonzero((left == total) & (total > 0))
    ]
    if whole:
        raise DataError(
            f"data.validation_size={size}, but the groups of photos of these categories cannot be "
            f"parted into some that train and some that validate: {some_names(whole)}; add photos "
            "of other parts, or remove the category"
        )
    return validated


def capture_holdout(
    targets: np.ndarray, order: np.ndarray, size: float, categories: Categories
) -> np.ndarray:
    """Takes the last share of each category in time.

    As `stratified_holdout`; `order` are the positions of the photos by category and capture time.

    Raises:
        DataError: a category with a single photo.
    """
    _require_two(targets, size, categories)
    validated = np.zeros(len(targets), dtype=bool)
    for target in np.unique(targets):
        line = order[targets[order] == target]
        count = min(max(1, round(size * len(line))), len(line) - 1)
        validated[line[-count:]] = True
    return validated


def short_of(members: np.ndarray, minimum: int, categories: Categories) -> str:
    """Categories with too few members, each with its number, for a message; empty for none.

    Args:
        members: class index of each photo or group.
        minimum: how many a category needs.
        categories: their names.
    """
    counts = np.bincount(members, minlength=len(categories))
    short = np.flatnonzero(counts < minimum)
    return some_names([f"{categories[int(i)].name} ({counts[i]})" for i in short])


def require_per_fold(members: np.ndarray, folds: int, categories: Categories, what: str) -> None:
    """Requires a photo, or group of photos, of each category for every fold.

    Args:
        members: class index of each photo or group.
        folds: how many folds.
        categories: names, for the message.
        what: `members` are, for the message.

    Raises:
        DataError: a category with fewer members than folds.
    """
    if short := short_of(members, folds, categories):
        raise DataError(
            f"data.folds={folds}, but these categories have fewer {what} than folds: {short}; "
            "add photos, remove the category, or lower data.folds"
        )


def _require_two(targets: np.ndarray, size: float, categories: Categories) -> None:
    if short := short_of(targets, 2, categories):
        raise DataError(
            f"data.validation_size={size}, but these categories have fewer than two photos, one to "
            f"train on and one to validate: {short}; add photos or remove the category"
        )
