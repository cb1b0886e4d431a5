"""What a table lists: cells of its columns and names of photos, checked."""

import os
import posixpath
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath

import pandas as pd

from resistor_cls.csv_tables import read_csv
from resistor_cls.data.sources.names import check_root, names_outside
from resistor_cls.errors import DataError, nearest, some_names

PARQUET = frozenset({".parquet", ".pq"})
SPREADSHEETS = frozenset({".xlsx", ".xlsm", ".xls", ".ods", ".numbers"})
IMAGE, CATEGORY = "image", "category"  # the columns, where no other is named
_OTHER_IMAGES = ("file", "photo")  # as boxes.csv and predictions.csv name photos
TABLES = PARQUET | SPREADSHEETS | {".csv", ".tsv"}  # spreadsheets are refused with advice


def rows_of(table: Path, key: str) -> pd.DataFrame:
    """Reads a CSV or parquet table.

    Args:
        table: the file.
        key: that named it, for the message.

    Raises:
        DataError: it cannot be read.
    """
    suffix = table.suffix.lower()
    if suffix in SPREADSHEETS:
        raise DataError(
            f'{key}={table} is a spreadsheet: save the sheet as "CSV UTF-8" and name that file'
        )
    try:
        if suffix in PARQUET:
            if not table.is_file():  # a pipe would never end
                raise ValueError("this is a folder, a device or a pipe: expected a file")
            return pd.read_parquet(table)
        return read_csv(table)
    except (OSError, ValueError) as error:  # pyarrow raises subclasses of these
        raise DataError(f"{key}={table} cannot be read: {error}") from error


def image_column(rows: pd.DataFrame, named: str) -> str:
    """The column of file names: the one that is named, or another usual one instead of `IMAGE`."""
    if named != IMAGE or IMAGE in rows:
        return named
    return next((name for name in _OTHER_IMAGES if name in rows), IMAGE)


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
    if list(rows.columns).count(column) > 1:
        raise DataError(f"{table} has the column data.{key}={column} twice: rename one of them")
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
        DataError: a root that is not UTF-8; names that are absolute, lead out of `root`, stand
            twice or are of no file.
    """
    check_root(root, "data.root")
    names = [posixpath.normpath(cell.replace("\\", "/")) for cell in cells]
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
    outside = names_outside(names)
    if outside:
        raise DataError(
            f"{table} names files outside of data.root={root}: {some_names(outside)}; set "
            "data.root to a folder that holds all of its photos and write names relative to that"
        )
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise DataError(
            f"{table} names photos twice: {some_names(twice)}; keep one row for each photo"
        )
    # `Path.is_file` raises OSError where a name is too long for the file system.
    absent = [name for name in names if not os.path.isfile(root / name)]  # noqa: PTH113
    if absent:
        other = next((found for name in absent if (found := _other_accents(root, name))), None)
        if other is not None:
            raise DataError(
                f"{len(absent)} of the {len(names)} photos in {table} are not below {root}, though "
                f"the file {other!a} looks like one of them: its accents are composed in another "
                "way (NFC, NFD); write both the same"
            )
        raise DataError(
            f"{len(absent)} of the {len(names)} photos in {table} are not below {root}: "
            f"{some_names(absent)}; set data.root to the folder that the names are relative to"
        )
    return names


def _other_accents(root: Path, name: str) -> str | None:
    """The name of a file that differs from another name only in how accents are composed."""
    forms = (unicodedata.normalize(form, name) for form in ("NFC", "NFD"))
    return next((form for form in forms if os.path.isfile(root / form)), None)  # noqa: PTH113
