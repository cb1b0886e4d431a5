"""Which photos train and which validate."""

import numpy as np
from sklearn.model_selection import StratifiedKFold

from resistor_cls.categories import Categories
from resistor_cls.errors import ConfigError, DataError


def stratified_folds(
    targets: np.ndarray, folds: int, seed: int, categories: Categories
) -> np.ndarray:
    """Deals every photo into one fold, each category evenly.

    Args:
        targets: (photos,) class indices.
        folds: how many folds.
        seed: of the shuffle within each category.
        categories: names, for the message.

    Returns:
        (photos,) the fold of each photo.

    Raises:
        DataError: a category with fewer photos than folds.
    """
    counts = np.bincount(targets, minlength=len(categories))
    short = [f"{categories[int(i)].name} ({counts[i]})" for i in np.flatnonzero(counts < folds)]
    if short:
        raise DataError(
            f"data.folds={folds}, but these categories have fewer photos than folds: "
            f"{', '.join(short)}; add photos, remove the category, or lower data.folds"
        )
    fold_of = np.empty(len(targets), dtype=int)
    dealer = StratifiedKFold(folds, shuffle=True, random_state=seed)
    # The labels are handed over as numbers, never as text in a query.
    for fold, (_, members) in enumerate(dealer.split(np.zeros(len(targets)), targets)):
        fold_of[members] = fold
    return fold_of


SPLITS = {"stratified": stratified_folds}


def check_fold(fold: int, folds: int) -> None:
    """Checks that a fold is one of the folds.

    Raises:
        ConfigError: it is not, or there are fewer than two.
    """
    if folds < 2:
        raise ConfigError(f"data.folds={folds}: expected 2 or more")
    if not 0 <= fold < folds:
        raise ConfigError(f"data.fold={fold}: expected 0 to {folds - 1}, as data.folds={folds}")
