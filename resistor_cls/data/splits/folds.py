"""Splits photos into folds, of which one validates.

A way to split assigns photos to folds by what they have in common. The fold that validates is
chosen after that, so that every fold can validate once.
"""

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
from sklearn.model_selection import BaseCrossValidator, StratifiedGroupKFold, StratifiedKFold

from resistor_cls.categories import Categories
from resistor_cls.data.images.metadata import ImageMetadata
from resistor_cls.data.sources.photo_set import PhotoSet
from resistor_cls.data.splits.captures import backgrounds, cameras, capture_order
from resistor_cls.data.splits.config import SplitConfig
from resistor_cls.data.splits.few_shot import first_photos
from resistor_cls.data.splits.holdout import (
    capture_holdout,
    grouped_holdout,
    require_per_fold,
    stratified_holdout,
)
from resistor_cls.data.splits.near_duplicates import kept_together
from resistor_cls.data.splits.split import ALWAYS_TRAINS, Split
from resistor_cls.data.splits.split_table import read_split
from resistor_cls.data.splits.temporal import capture_folds, embargo, left_out_folds
from resistor_cls.errors import DataError, some_names


def split_photos(
    config: SplitConfig,
    photo_set: PhotoSet,
    metadata: Sequence[ImageMetadata],
    edge_descriptors: np.ndarray,
    beside: Collection[str] = (),
) -> Split:
    """Splits photos, or reads the table of an earlier split.

    Args:
        config: how; external splits, `sample` and `train_on_validation` are not regarded.
        photo_set: the photos.
        metadata: of the photos.
        edge_descriptors: of the photos.
        beside: see `read_split`.

    Raises:
        ConfigError: a number of folds that the photos do not have.
        DataError: photos that cannot be split in this way.
    """
    if config.split.endswith(".csv"):
        return read_split(Path(config.split), photo_set, metadata, beside)
    targets, group_of = np.asarray(photo_set.targets), None
    dropped = np.zeros(len(targets), dtype=bool)
    if config.split == "stratified":
        fold_of = _stratified(config, photo_set)
    elif config.split in ("background", "camera"):
        group_of = _places(config, metadata)
        fold_of = left_out_folds(targets, group_of, config.folds)
    else:
        group_of = kept_together(photo_set, metadata, edge_descriptors)
        order = capture_order(photo_set, metadata)
        if config.split == "grouped":
            fold_of = _grouped(config, photo_set, group_of)
        elif config.split == "few":
            fold_of, dropped = _few(config, photo_set, order, group_of)
        else:
            fold_of = _captured(config, photo_set, order)
            dropped = embargo(targets, order, fold_of == config.fold, config.gap)
            dropped |= np.isin(group_of, group_of[fold_of == config.fold])
    validated = fold_of == config.fold
    role_of = np.where(validated, "validation", np.where(dropped, "dropped", "train"))
    _require_photos_left(config, role_of, photo_set)
    return Split(role_of, fold_of, group_of)


def _stratified(config: SplitConfig, photo_set: PhotoSet) -> np.ndarray:
    targets, categories = np.asarray(photo_set.targets), photo_set.categories
    if config.validation_size is None:
        return stratified_folds(targets, config.folds, config.split_seed, categories)
    share = config.validation_size
    return _only_fold(stratified_holdout(targets, share, config.split_seed, categories))


def _grouped(config: SplitConfig, photo_set: PhotoSet, group_of: np.ndarray) -> np.ndarray:
    targets, categories = np.asarray(photo_set.targets), photo_set.categories
    if config.validation_size is None:
        return grouped_folds(targets, group_of, config.folds, config.split_seed, categories)
    share = config.validation_size
    return _only_fold(grouped_holdout(targets, group_of, share, config.split_seed, categories))


def _captured(config: SplitConfig, photo_set: PhotoSet, order: np.ndarray) -> np.ndarray:
    targets, categories = np.asarray(photo_set.targets), photo_set.categories
    if config.validation_size is None:
        return capture_folds(targets, order, config.folds, categories)
    return _only_fold(capture_holdout(targets, order, config.validation_size, categories))


def _few(
    config: SplitConfig, photo_set: PhotoSet, order: np.ndarray, group_of: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(photos,) fold of each; (photos,) bool, whether it is not used."""
    targets, categories = np.asarray(photo_set.targets), photo_set.categories
    trains, embargoed = first_photos(targets, order, config.shots, config.gap, categories)
    near = np.isin(group_of, group_of[trains]) & ~trains
    return _only_fold(~(trains | embargoed | near)), embargoed | near


def _places(config: SplitConfig, metadata: Sequence[ImageMetadata]) -> np.ndarray:
    """(photos,) number of the background or camera of each."""
    if config.split == "background":
        return backgrounds(metadata, config.folds, config.split_seed)
    return cameras(metadata)


def _only_fold(validated: np.ndarray) -> np.ndarray:
    """(photos,) fold 0 where a photo validates; all others train always."""
    return np.where(validated, 0, ALWAYS_TRAINS)


def stratified_folds(
    targets: np.ndarray, folds: int, seed: int, categories: Categories
) -> np.ndarray:
    """Assigns every photo to one fold, each category evenly and at random.

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
    require_per_fold(targets, folds, categories, "photos")
    return _assigned(StratifiedKFold(folds, shuffle=True, random_state=seed), targets)


def grouped_folds(
    targets: np.ndarray, groups: np.ndarray, folds: int, seed: int, categories: Categories
) -> np.ndarray:
    """Assigns whole groups to folds, each category as evenly as its groups allow.

    As `stratified_folds`; `groups` are the (photos,) numbers of the group of each photo.

    Raises:
        DataError: a category with fewer groups than folds.
    """
    _, first = np.unique(np.stack([targets, groups]), axis=1, return_index=True)
    require_per_fold(targets[first], folds, categories, "groups of photos")
    return _assigned(StratifiedGroupKFold(folds, shuffle=True, random_state=seed), targets, groups)


def _assigned(
    assigner: BaseCrossValidator, targets: np.ndarray, groups: np.ndarray | None = None
) -> np.ndarray:
    """(photos,) the fold of each photo."""
    fold_of = np.empty(len(targets), dtype=int)
    # The labels are handed over as numbers, never as text in a query.
    for fold, (_, members) in enumerate(assigner.split(np.zeros(len(targets)), targets, groups)):
        fold_of[members] = fold
    return fold_of


def _require_photos_left(config: SplitConfig, role_of: np.ndarray, photo_set: PhotoSet) -> None:
    """Requires a photo to validate, and photos of each category to train."""
    if not (role_of == "validation").any():
        if config.split == "few":
            raise DataError(
                f"data.split=few with data.shots={config.shots} leaves no photo to validate: all "
                "others are near-duplicates of training photos, or of one group; add photos"
            )
        raise DataError(
            f"data.split={config.split} leaves no photo to this data.fold: choose another"
        )
    size, categories = config.validation_size, photo_set.categories
    targets = np.asarray(photo_set.targets)
    left = np.bincount(targets[role_of == "train"], minlength=len(categories))
    bare = [categories[int(target)].name for target in np.flatnonzero(left == 0)]
    if bare:
        smaller = "data.folds" if size is None else f"data.validation_size={size}"
        raise DataError(
            f"data.split={config.split} leaves nothing to train on of {some_names(bare)}: lower "
            f"data.gap={config.gap} or {smaller}, or add photos"
        )
