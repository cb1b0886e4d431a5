"""A split as a table: written by a run, and read again to repeat the split."""

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from resistor_cls.csv_tables import read_csv
from resistor_cls.data.images.metadata import ImageMetadata
from resistor_cls.data.sources.photo_set import PhotoSet
from resistor_cls.data.splits.captures import bursts
from resistor_cls.data.splits.split import ROLES, Split
from resistor_cls.errors import DataError, some_names


def split_table(
    split: Split, photo_set: PhotoSet, metadata: Sequence[ImageMetadata]
) -> pd.DataFrame:
    """A split as a table that `read_split` takes: a row per photo.

    The column `burst` numbers capture bursts, the same under every split; `content` shows whether a
    file is still the same.
    """
    return pd.DataFrame(
        {
            "photo": list(photo_set.names),
            "category": list(photo_set.labels),
            "role": split.role_of,
            "fold": split.fold_of,
            "group": np.arange(len(photo_set)) if split.group_of is None else split.group_of,
            "burst": bursts(photo_set, metadata),
            "content": [image.content[:16] for image in metadata],
        }
    )


def read_split(
    path: Path, photo_set: PhotoSet, metadata: Sequence[ImageMetadata], beside: Collection[str] = ()
) -> Split:
    """Reads the table of an earlier split.

    Args:
        path: of the table.
        photo_set: the photos that were split.
        metadata: of the photos.
        beside: names of photos that are not split, such as an external test set: their rows are
            ignored.

    Raises:
        DataError: no such table, or photos that differ from those that were split.
    """
    path = path.expanduser()
    try:
        table = read_csv(path).set_index("photo")[["role", "fold", "group", "content"]]
        table = table.astype({"fold": int, "group": int})
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"data.split={path} is not the table of a split: {error}") from error
    table = table[~table.index.isin(list(beside))]
    _check_photos(path, table, photo_set, metadata)
    unknown = sorted(set(table.role) - set(ROLES))
    if unknown:
        raise DataError(
            f"data.split={path}: unknown role {unknown[0]!r}; valid: {', '.join(ROLES)}"
        )
    table = table.loc[list(photo_set.names)]
    return Split(table.role.to_numpy(), table.fold.to_numpy(), table.group.to_numpy())


def _check_photos(
    path: Path, table: pd.DataFrame, photo_set: PhotoSet, metadata: Sequence[ImageMetadata]
) -> None:
    """Compares the photos of a table with those there are now.

    Raises:
        DataError: photos that are missing, new or changed.
    """
    missing = sorted(set(table.index) - set(photo_set.names))
    unexpected = sorted(set(photo_set.names) - set(table.index))
    content = dict(zip(photo_set.names, (image.content[:16] for image in metadata), strict=True))
    changed = [
        name
        for name in table.index
        if content.get(name, table.content[name]) != table.content[name]
    ]
    for found, problem in (
        (missing, "are not among the photos now"),
        (unexpected, "are not in the table"),
        (changed, "have changed since"),
    ):
        if found:
            raise DataError(
                f"data.split={path} is of other photos: {len(found)} {problem} "
                f"({some_names(found)}); split these photos anew, such as by data.split=capture"
            )
