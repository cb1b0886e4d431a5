"""The real "Resistor" data set of 37 categories, fetched where it is absent."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pandas as pd

from resistor_cls.data.sources.download import RESISTOR37_URL, fetch_and_unpack
from resistor_cls.data.sources.folder import FolderSource
from resistor_cls.data.sources.photo_set import PhotoSet
from resistor_cls.data.sources.source import BuiltIn
from resistor_cls.data.sources.table import TableSource
from resistor_cls.data.sources.walk import folders_below
from resistor_cls.errors import DataError
from resistor_cls.resistor37 import RESISTOR37_COUNTS


@dataclass(frozen=True)
class Resistor37Source(BuiltIn):
    """The real data set.

    Both published layouts are understood: a folder per category (Kaggle), and photos with a
    parquet table of `image` and `class` (Hydrogen Torch).

    Args:
        root: the folder that it is kept in.
        url: of the archive.
    """

    root: str | Path
    url: str = RESISTOR37_URL

    name: ClassVar[str] = "resistor37"

    def read(self) -> PhotoSet:
        """Fetches the data set if it is absent, then reads it.

        Raises:
            DataError: it cannot be fetched, or `root` holds something else.
        """
        root = Path(self.root)
        if not (root.is_dir() and any(root.iterdir())):
            fetch_and_unpack(self.url, root)
        found = [*root.rglob("*.pq"), *root.rglob("*.parquet")]
        tables = sorted(path for path in found if not path.name.startswith("."))
        if tables:
            return _read_parquet(root, tables)
        names = set(RESISTOR37_COUNTS)
        best = max(
            folders_below(root), key=lambda folder: sum((folder / name).is_dir() for name in names)
        )
        if not any((best / name).is_dir() for name in names):
            raise DataError(
                f"data.root={root} holds neither a parquet table nor folders named like "
                f"{next(iter(RESISTOR37_COUNTS))}: remove it, and the data set is fetched again"
            )
        return FolderSource(best).read()


def _read_parquet(root: Path, tables: list[Path]) -> PhotoSet:
    table = next((path for path in tables if path.stem == "train"), tables[0])
    try:
        first = str(pd.read_parquet(table, columns=["image"])["image"].iloc[0])
    except (OSError, ValueError, IndexError) as error:
        raise DataError(
            f"{table} cannot be read ({error}): remove {root}, and it is fetched again"
        ) from error
    return TableSource(table, _folder_holding(root, first), category_column="class").read()


def _folder_holding(root: Path, name: str) -> Path:
    """The folder at or below `root` that a file name is relative to; `root` if there is none."""
    # `Path.is_file` raises OSError where a name is too long for the file system.
    found = (folder for folder in folders_below(root) if os.path.isfile(folder / name))  # noqa: PTH113
    return next(found, root)
