"""What folders and tables list: names of photos and their labels, checked."""

import logging
import os
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath

import pandas as pd

from resistor_cls.data.photos import SUFFIXES
from resistor_cls.errors import DataError, nearest

log = logging.getLogger(__name__)

MOST_LISTED = 10  # files named in one message; a terminal shows them without scrolling
PREFIXES = ("class_", "label_", "category_")  # what `auto` strips from labels
TABLES = frozenset({".csv", ".parquet", ".pq"})


def some_names(names: Sequence[str]) -> str:
    """The first of some names, and how many more there are, for a message."""
    shown = ", ".join(names[:MOST_LISTED])
    return shown + (f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else "")


def list_folders(root: Path, key: str) -> tuple[list[Path], dict[str, list[Path]]]:
    """What lies in a folder of folders, sorted, without hidden files.

    Args:
        root: the folder.
        key: that named it, for the message.

    Returns:
        What lies in it, and for each folder in it, by name, what lies there.

    Raises:
        DataError: no such folder, no folders in it, links that lead nowhere, or names that are not
            UTF-8.
    """
    if not root.is_dir():
        found = "is a file" if root.exists() else "does not exist"
        raise DataError(
            f"{key}={root} {found}: expected a folder with one folder of photos per category"
        )
    beside = _visible(root)
    inside = {path.name: _visible(path) for path in beside if path.is_dir()}
    _check_files(root, [*beside, *(path for paths in inside.values() for path in paths)])
    if not inside:
        raise DataError(
            f"{key}={root} has no folders in it: expected one folder of photos per category"
        )
    return beside, inside


def photos_of(
    label: str, folder: Path, files: Sequence[Path] | None
) -> tuple[list[str], list[str]]:
    """Names of the photos in a category's folder, and of what else is there.

    Args:
        label: the category.
        folder: its folder.
        files: what the folder holds; None where it is absent.

    Raises:
        DataError: no photos.
    """
    photos: list[str] = []
    others: list[str] = []
    for path in files or ():
        is_photo = path.suffix.lower() in SUFFIXES and path.is_file()
        (photos if is_photo else others).append(path.name)
    if not photos:
        state = "is absent" if files is None else "is empty"
        raise DataError(
            f"category {label!r} has no photos: {folder} "
            f"{f'holds only {some_names(others)}' if others else state}; "
            f"add photos ({', '.join(sorted(SUFFIXES))}) or remove the category"
        )
    return photos, others


def rows_of(table: Path, key: str) -> pd.DataFrame:
    """Reads a CSV or parquet table.

    Args:
        table: the file.
        key: that named it, for the message.

    Raises:
        DataError: it cannot be read.
    """
    try:
        if table.suffix.lower() == ".csv":  # only an empty cell is absent: "NA" may be a label
            return pd.read_csv(table, dtype=str, keep_default_na=False, na_values=[""])
        return pd.read_parquet(table)
    except (OSError, ValueError) as error:  # pandas and pyarrow raise subclasses of these
        raise DataError(f"{key}={table} cannot be read: {error}") from error


def cells_of(rows: pd.DataFrame, table: Path, key: str, column: str) -> list[str]:
    """The cells of a column as text, none of them empty.

    Raises:
        DataError: no such column, or an empty cell.
    """
    column = str(column)  # to Hydra, data.image_column=0 is a number
    if column not in rows:
        raise DataError(
            f"data.{key}={column}: no such column in {table}; "
            f"{nearest(column, map(str, rows.columns))}"
        )
    cells = ["" if pd.isna(cell) else str(cell) for cell in rows[column]]
    empty = [str(row) for row, cell in enumerate(cells, start=1) if not cell.strip()]
    if empty:
        raise DataError(
            f"{table}: nothing in the column data.{key}={column} of row {some_names(empty)}; "
            "fill it in or remove the row"
        )
    return cells


def photo_names(cells: Sequence[str], root: Path, table: Path) -> list[str]:
    """Names of photos below `root`, each one there and named once.

    Raises:
        DataError: names that are absolute, stand twice or are of no file.
    """
    names = [PurePosixPath(cell.replace("\\", "/")).as_posix() for cell in cells]
    absolute = [
        name
        for name in names
        if PurePosixPath(name).is_absolute() or PureWindowsPath(name).is_absolute()
    ]
    if absolute:
        # A copy of the data elsewhere would silently be read from the old place.
        raise DataError(
            f"{table} names photos by absolute paths: {some_names(absolute)}; "
            f"write them relative to data.root={root}"
        )
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise DataError(
            f"{table} names photos twice: {some_names(twice)}; keep one row for each photo"
        )
    # `Path.is_file` raises OSError where a name is too long for the file system.
    absent = [name for name in names if not os.path.isfile(root / name)]  # noqa: PTH113
    if absent:
        raise DataError(
            f"{len(absent)} of the {len(names)} photos in {table} are not below {root}: "
            f"{some_names(absent)}; set data.root to the folder that the names are relative to"
        )
    return names


def prefix_of(labels: Collection[str], asked: str | None) -> str:
    """The prefix to strip from labels: what was asked for, or found where that is `auto`."""
    if asked != "auto":
        return str(asked or "")
    for prefix in PREFIXES:
        if all(label.startswith(prefix) and label != prefix for label in labels):
            log.info("Labels without their common %s (data.label_prefix='' keeps it)", prefix)
            return prefix
    return ""


def labels_of(names: Collection[str], prefix: str) -> dict[str, str]:
    """Each name with its label, which is the name without the prefix.

    Raises:
        DataError: two names with the same label.
    """
    name_of: dict[str, str] = {}
    for name in sorted(names):
        label = name.removeprefix(prefix) or name
        if label in name_of:
            raise DataError(
                f"{name_of[label]!r} and {name!r} are one label by data.label_prefix={prefix}: "
                "rename one, or keep the prefix by data.label_prefix=''"
            )
        name_of[label] = name
    return {name: label for label, name in name_of.items()}


def _visible(folder: Path) -> list[Path]:
    """What lies in a folder, sorted, without hidden files."""
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise DataError(f"{folder} cannot be listed: {error.strerror}") from error


def _check_files(root: Path, paths: Sequence[Path]) -> None:
    """Refuses names that no table of predictions could hold, and links that lead nowhere.

    Raises:
        DataError: names them.
    """
    names = [path.relative_to(root).as_posix() for path in paths]
    # Python reads bytes that are not UTF-8 as surrogates, which cannot be written again.
    escaped = [os.fsencode(name).decode("utf-8", "backslashreplace") for name in names]
    foreign = [shown for shown, name in zip(escaped, names, strict=True) if shown != name]
    if foreign:
        raise DataError(
            f"{root} has names that are not UTF-8 text: {some_names(foreign)}; rename them"
        )
    broken = [name for name, path in zip(names, paths, strict=True) if not path.exists()]
    if broken:
        raise DataError(
            f"{root} has links that lead nowhere or in a circle: {some_names(broken)}; "
            "remove them, or bring back what they link to"
        )
