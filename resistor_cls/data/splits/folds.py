"""Which photos train, which validate, and which do neither.

A way to split deals photos into folds by what they have in common. The fold that validates is
chosen after that, so that every fold of one dealing can have its turn.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import BaseCrossValidator, StratifiedGroupKFold, StratifiedKFold

from resistor_cls.categories import Categories
from resistor_cls.csv_tables import read_csv
from resistor_cls.data.images.metadata import ImageMetadata
from resistor_cls.data.sources.listing import some_names
from resistor_cls.data.sources.sources import PhotoSet
from resistor_cls.data.splits.captures import backgrounds, bursts, cameras, capture_order
from resistor_cls.data.splits.holdout import (
    capture_holdout,
    grouped_holdout,
    short_of,
    stratified_holdout,
)
from resistor_cls.data.splits.near_duplicates import grouped, near_duplicates
from resistor_cls.errors import ConfigError, DataError, nearest

ALWAYS_TRAINS = -1  # the fold of a photo that is in none: it trains whichever fold validates
ROLES = ("train", "validation", "test", "dropped")
SPLITS = ("stratified", "grouped", "capture", "background", "camera")


@dataclass(frozen=True)
class Split:
    """What each photo does.

    Attributes:
        role_of: (photos,) one of `ROLES`.
        fold_of: (photos,) fold of each, `ALWAYS_TRAINS` where it is in none.
        group_of: (photos,) number of the group that was kept together; None where photos stand
            for themselves.
    """

    role_of: np.ndarray
    fold_of: np.ndarray
    group_of: np.ndarray | None = None


def split_photos(
    how: str,
    photo_set: PhotoSet,
    metadata: Sequence[ImageMetadata],
    edge_descriptors: np.ndarray,
    *,
    folds: int = 5,
    fold: int = 0,
    seed: int = 0,
    gap: int = 3,
    size: float | None = None,
    beside: Collection[str] = (),
) -> Split:
    """Splits photos.

    Args:
        how: one of `SPLITS`, or a path that ends in `.csv`: the table of an earlier split.
        photo_set: the photos.
        metadata: of the photos.
        edge_descriptors: of the photos.
        folds: how many folds.
        fold: the one that validates.
        seed: of whatever is dealt at random.
        gap: photos dropped on either side of a validated block; `capture` only.
        size: share of the photos that validates, in the place of a fold; see
            `resistor_cls.data.splits.holdout`.
        beside: see `read_split`.

    Raises:
        ConfigError: a fold or a way to split that does not exist.
        DataError: photos that cannot be split in this way.
    """
    check_split(how)
    if how.endswith(".csv"):
        return read_split(Path(how), photo_set, metadata, beside)
    check_fold(fold, folds)
    targets, categories = np.asarray(photo_set.targets), photo_set.categories
    dropped, group_of = np.zeros(len(targets), dtype=bool), None
    if how == "stratified":
        fold_of = (
            stratified_folds(targets, folds, seed, categories)
            if size is None
            else _only_fold(stratified_holdout(targets, size, seed, categories))
        )
    elif how == "grouped":
        group_of = kept_together(photo_set, metadata, edge_descriptors)
        fold_of = (
            grouped_folds(targets, group_of, folds, seed, categories)
            if size is None
            else _only_fold(grouped_holdout(targets, group_of, size, seed, categories))
        )
    elif how == "capture":
        group_of = kept_together(photo_set, metadata, edge_descriptors)
        order = capture_order(photo_set, metadata)
        fold_of = (
            capture_folds(targets, order, folds, categories)
            if size is None
            else _only_fold(capture_holdout(targets, order, size, categories))
        )
        dropped = beside_blocks(targets, order, fold_of == fold, gap)
        dropped |= np.isin(group_of, group_of[fold_of == fold])
    else:
        group_of = backgrounds(metadata, folds, seed) if how == "background" else cameras(metadata)
        fold_of = left_out_folds(targets, group_of, folds)
    role_of = np.where(fold_of == fold, "validation", np.where(dropped, "dropped", "train"))
    smaller = "data.folds" if size is None else f"data.validation_size={size}"
    remedy = f"lower data.gap={gap} or {smaller}"
    _require_photos_left(how, role_of, targets, categories, remedy)
    return Split(role_of, fold_of, group_of)


def _only_fold(validated: np.ndarray) -> np.ndarray:
    """(photos,) fold 0 where a photo validates; no other fold ever has its turn."""
    return np.where(validated, 0, ALWAYS_TRAINS)


def check_split(how: str) -> None:
    """Checks the name of a split.

    Raises:
        ConfigError: it is neither one of `SPLITS` nor the path of a table.
    """
    if how not in SPLITS and not how.endswith(".csv"):
        raise ConfigError(
            f"data.split={how}: {nearest(how, SPLITS)}; or the tables/split.csv of a run"
        )


def check_fold(fold: int, folds: int) -> None:
    """Checks that a fold is one of the folds.

    Raises:
        ConfigError: it is not, or there are fewer than two.
    """
    if folds < 2:
        raise ConfigError(f"data.folds={folds}: expected 2 or more")
    if not 0 <= fold < folds:
        raise ConfigError(f"data.fold={fold}: expected 0 to {folds - 1}, as data.folds={folds}")


def stratified_folds(
    targets: np.ndarray, folds: int, seed: int, categories: Categories
) -> np.ndarray:
    """Deals every photo into one fold, each category evenly and at random.

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
    _require(targets, folds, categories, "photos")
    return _assigned(StratifiedKFold(folds, shuffle=True, random_state=seed), targets)


def grouped_folds(
    targets: np.ndarray, groups: np.ndarray, folds: int, seed: int, categories: Categories
) -> np.ndarray:
    """Deals whole groups into folds, each category as evenly as its groups allow.

    Args:
        targets: (photos,) class indices.
        groups: (photos,) number of the group of each photo.
        folds: how many folds.
        seed: of the order in which equal groups are dealt.
        categories: names, for the message.

    Returns:
        (photos,) the fold of each photo.

    Raises:
        DataError: a category with fewer groups than folds.
    """
    _, first = np.unique(np.stack([targets, groups]), axis=1, return_index=True)
    _require(targets[first], folds, categories, "groups of photos")
    return _assigned(StratifiedGroupKFold(folds, shuffle=True, random_state=seed), targets, groups)


def capture_folds(
    targets: np.ndarray, order: np.ndarray, folds: int, categories: Categories
) -> np.ndarray:
    """Cuts each category into blocks that follow each other in time, block k into fold k.

    Args:
        targets: (photos,) class indices.
        order: positions of the photos by category and time of capture.
        folds: how many folds.
        categories: names, for the message.

    Returns:
        (photos,) the fold of each photo.

    Raises:
        DataError: a category with fewer photos than folds.
    """
    _require(targets, folds, categories, "photos")
    fold_of = np.empty(len(targets), dtype=int)
    for target in np.unique(targets):
        for fold, block in enumerate(np.array_split(order[targets[order] == target], folds)):
            fold_of[block] = fold
    return fold_of


def beside_blocks(
    targets: np.ndarray, order: np.ndarray, validated: np.ndarray, gap: int
) -> np.ndarray:
    """Finds the photos that were taken just before or after a validated one of their category.

    Args:
        targets: (photos,) class indices.
        order: positions of the photos by category and time of capture.
        validated: (photos,) bool.
        gap: how many photos away still counts.

    Returns:
        (photos,) bool, false for the validated photos themselves.
    """
    beside = np.zeros(len(targets), dtype=bool)
    for target in np.unique(targets):
        line = order[targets[order] == target]
        near = np.convolve(validated[line], np.ones(2 * gap + 1), mode="full")
        beside[line] = near[gap : gap + len(line)] > 0
    return beside & ~validated


def left_out_folds(targets: np.ndarray, places: np.ndarray, folds: int) -> np.ndarray:
    """Puts place k into fold k, so that a fold validates on a place that was never trained on.

    A category that was photographed at one place only trains in every fold: left out, it could
    not be learned.

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


def kept_together(
    photo_set: PhotoSet, metadata: Sequence[ImageMetadata], edge_descriptors: np.ndarray
) -> np.ndarray:
    """Numbers photos by group: near-duplicates, and those that share a name in the group column.

    Returns:
        (photos,) int.
    """
    links = [(pair.first, pair.second) for pair in near_duplicates(metadata, edge_descriptors)]
    newest: dict[str, int] = {}
    for index, name in enumerate(photo_set.groups or ()):
        links.append((newest.get(name, index), index))
        newest[name] = index
    return grouped(links, len(photo_set))


def split_table(
    split: Split, photo_set: PhotoSet, metadata: Sequence[ImageMetadata]
) -> pd.DataFrame:
    """A split as a table that `read_split` takes: a row per photo.

    The column `burst` numbers capture bursts, the same under every split; `content` tells whether
    a file is still the same.
    """
    return pd.DataFrame(
        {
            "photo": list(photo_set.names),
            "category": list(photo_set.labels),
            "role": split.role_of,
            "fold": split.fold_of,
            "group": np.arange(len(photo_set)) if split.group_of is None else split.group_of,
            "burst": bursts(photo_set, metadata),
            "content": [fact.content[:16] for fact in metadata],
        }
    )


def read_split(
    path: Path,
    photo_set: PhotoSet,
    metadata: Sequence[ImageMetadata],
    beside: Collection[str] = (),
) -> Split:
    """Reads the table of an earlier split.

    Args:
        path: of the table.
        photo_set: the photos that were split.
        metadata: of the photos.
        beside: names of photos that no split deals, such as a given test set: rows of these count
            for nothing.

    Raises:
        DataError: no such table, or photos that differ from those that were split.
    """
    path = path.expanduser()
    try:
        table = read_csv(path).set_index("photo")[["role", "fold", "group", "content"]]
        table = table.astype({"fold": int, "group": int})
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"data.split={path} is no table of a split: {error}") from error
    table = table[~table.index.isin(list(beside))]
    absent = sorted(set(table.index) - set(photo_set.names))
    fresh = sorted(set(photo_set.names) - set(table.index))
    content = dict(zip(photo_set.names, (fact.content[:16] for fact in metadata), strict=True))
    changed = [
        name
        for name in table.index
        if content.get(name, table.content[name]) != table.content[name]
    ]
    for found, problem in (
        (absent, "are not among the photos now"),
        (fresh, "are not in the table"),
        (changed, "have changed since"),
    ):
        if found:
            raise DataError(
                f"data.split={path} is of other photos: {len(found)} {problem} "
                f"({some_names(found)}); split these photos anew, such as by data.split=capture"
            )
    unknown = sorted(set(table.role) - set(ROLES))
    if unknown:
        raise DataError(
            f"data.split={path}: unknown role {unknown[0]!r}; valid: {', '.join(ROLES)}"
        )
    table = table.loc[list(photo_set.names)]
    return Split(table.role.to_numpy(), table.fold.to_numpy(), table.group.to_numpy())


def _assigned(
    assigner: BaseCrossValidator, targets: np.ndarray, groups: np.ndarray | None = None
) -> np.ndarray:
    """(photos,) the fold that each photo is dealt into."""
    fold_of = np.empty(len(targets), dtype=int)
    # The labels are handed over as numbers, never as text in a query.
    for fold, (_, members) in enumerate(assigner.split(np.zeros(len(targets)), targets, groups)):
        fold_of[members] = fold
    return fold_of


def _require(members: np.ndarray, folds: int, categories: Categories, what: str) -> None:
    """Requires a photo, or group of photos, of each category for every fold.

    Args:
        members: class index of each photo or group.
        folds: how many folds.
        categories: names, for the message.
        what: `members` are, for the message.
    """
    if short := short_of(members, folds, categories):
        raise DataError(
            f"data.folds={folds}, but these categories have fewer {what} than folds: {short}; "
            "add photos, remove the category, or lower data.folds"
        )


def _require_photos_left(
    how: str, role_of: np.ndarray, targets: np.ndarray, categories: Categories, remedy: str
) -> None:
    if not (role_of == "validation").any():
        raise DataError(f"data.split={how} leaves no photo to this data.fold: choose another")
    left = np.bincount(targets[role_of == "train"], minlength=len(categories))
    bare = [categories[int(target)].name for target in np.flatnonzero(left == 0)]
    if bare:
        raise DataError(
            f"data.split={how} leaves nothing to train on of {some_names(bare)}: {remedy}, or add "
            "photos"
        )
