"""Where photos come from: folders, tables, drawings, the real data set.

A source is a function from a root folder to a `PhotoSet`. It draws or fetches what is absent.
"""

import hashlib
import inspect
import json
import logging
import os
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import pandas as pd

from resistor_cls.categories import RESISTOR37_COUNTS, Categories
from resistor_cls.data.download import RESISTOR37_URL, fetch_and_unpack
from resistor_cls.data.photos import SUFFIXES
from resistor_cls.errors import ConfigError, DataError, nearest

log = logging.getLogger(__name__)

MOST_LISTED = 10  # files named in one message; a terminal shows them without scrolling
PREFIXES = ("class_", "label_", "category_")  # what `auto` strips from labels
FILES = frozenset({"root", "categories", "table"})  # options that name files and folders
OURS = frozenset({"boxes.csv", "scenes.csv", "dataset.json"})  # written beside drawn photos


@dataclass(frozen=True)
class PhotoSet:
    """Labelled photos, sorted by name, so that no order of a file system can matter.

    Attributes:
        root: the folder that `names` are relative to.
        names: file names, with `/` between folders, sorted.
        targets: class index of each photo.
        categories: the label space.
        ignored: what lies beside the photos and is none of them, sorted: no photo by its suffix,
            a folder within a category, a photo outside the categories.
        groups: name of each photo's group, which a split keeps together; None where none are known.
    """

    root: Path
    names: tuple[str, ...]
    targets: tuple[int, ...]
    categories: Categories
    ignored: tuple[str, ...] = ()
    groups: tuple[str, ...] | None = None

    def __len__(self) -> int:
        return len(self.names)

    @property
    def labels(self) -> tuple[str, ...]:
        """Category name of each photo."""
        return tuple(self.categories.names[target] for target in self.targets)

    def path(self, index: int) -> Path:
        """The file of a photo."""
        return self.root / self.names[index]

    def select(self, indices: Sequence[int]) -> "PhotoSet":
        """The photos at some positions, in that order."""
        return PhotoSet(
            self.root,
            tuple(self.names[index] for index in indices),
            tuple(self.targets[index] for index in indices),
            self.categories,
            self.ignored,
            None if self.groups is None else tuple(self.groups[index] for index in indices),
        )


def read_folder(
    root: Path, categories: Path | None = None, *, label_prefix: str | None = "auto"
) -> PhotoSet:
    """Reads a folder of categories: `root/CATEGORY/photo.jpg`.

    Args:
        root: the folder. Links in it are followed; hidden files are as good as absent.
        categories: a file with one name per line that fixes the categories and their order;
            without it they are the folder names, sorted.
        label_prefix: stripped from folder names (and from those of the file) to make labels;
            `auto` is one of `PREFIXES` that every folder name begins with. Names of photos keep it.

    Raises:
        DataError: no such folder, no categories in it, an empty one, folders that differ from the
            list, links that lead nowhere, or names that are not UTF-8.
    """
    if not root.is_dir():
        found = "is a file" if root.exists() else "does not exist"
        raise DataError(
            f"data.root={root} {found}: expected a folder with one folder of photos per category"
        )
    beside = _visible(root)
    inside = {path.name: _visible(path) for path in beside if path.is_dir()}
    _check_files(root, [*beside, *(path for paths in inside.values() for path in paths)])
    if not inside:
        raise DataError(
            f"data.root={root} has no folders in it: expected one folder of photos per category"
        )
    prefix = _prefix_of(inside, label_prefix)
    folder_of = {label: folder for folder, label in _labels_of(inside, prefix).items()}
    labels = _label_space(folder_of, categories, prefix)
    strangers = [folder_of[label] for label in sorted(folder_of) if label not in labels.names]
    if strangers:
        raise DataError(
            f"{root} has folders that are not in {categories}: "
            f"{some_names(strangers)}; add them to the file or move them away"
        )
    names, targets = [], []
    ignored = [path.name for path in beside if path.name not in OURS | inside.keys()]
    for target, label in enumerate(labels.names):
        folder = folder_of.get(label, label)
        photos, others = _photos_of(label, root / folder, inside.get(folder))
        names += [f"{folder}/{name}" for name in photos]
        targets += [target] * len(photos)
        ignored += [f"{folder}/{name}" for name in others]
    return _sorted(PhotoSet(root, tuple(names), tuple(targets), labels, tuple(sorted(ignored))))


def read_table(
    root: Path | None,
    table: Path,
    *,
    image_column: str = "image",
    category_column: str = "category",
    group_column: str | None = None,
    categories: Path | None = None,
    label_prefix: str | None = "auto",
) -> PhotoSet:
    """Reads a CSV or parquet table with a row per photo.

    Args:
        root: the folder that the image names are relative to; by default the table's own.
        table: a `.csv`, or a `.parquet` or `.pq` file.
        image_column: column of file names.
        category_column: column of labels; white space around them counts for nothing.
        group_column: column of groups that a split keeps together, such as one for each physical
            part.
        categories: a file that fixes the categories and their order; without it they are the
            labels of the table, sorted.
        label_prefix: stripped from labels (and from the names of the file) that begin with it;
            `auto` is one of `PREFIXES` that every label begins with.

    Raises:
        DataError: a table that cannot be read, a column or label that is absent, an empty cell,
            photos named twice or by absolute paths, or photos that are not there.
    """
    root = table.parent if root is None else root
    rows = _read_rows(table)
    names = _photo_names(_column(rows, table, "image_column", image_column), root, table)
    raw = [cell.strip() for cell in _column(rows, table, "category_column", category_column)]
    groups = None
    if group_column is not None:
        groups = tuple(cell.strip() for cell in _column(rows, table, "group_column", group_column))
    prefix = _prefix_of(set(raw), label_prefix)
    label_of = _labels_of(set(raw), prefix)
    known = _label_space(label_of.values(), categories, prefix)
    unused = [name for name in known.names if name not in label_of.values()]
    if unused:
        raise DataError(f"{table} has no photos of {some_names(unused)}, which {categories} lists")
    targets = tuple(known.index(label_of[label]) for label in raw)
    return _sorted(PhotoSet(root, tuple(names), targets, known, groups=groups))


def read_rendered(
    root: Path,
    per_category: int | None = None,
    size: int = 700,
    seed: int = 0,
    categories: Path | None = None,
) -> PhotoSet:
    """Draws photos where they are not drawn yet, then reads them.

    Args:
        root: the folder of all drawn sets; each set gets a folder of its own in it, so that
            another seed or size never meets half of an older set.
        per_category: photos of each category; by default the published counts of the 37, and 50
            for another list of categories.
        size: side of a photo in pixels.
        seed: of the drawing.
        categories: a file of category names; by default the 37.
    """
    # Drawing needs none of the training libraries and the other sources need no drawing.
    from resistor_cls.rendering import DRAWING_VERSION, counts_to_draw, render_dataset

    for key, value, least in (
        ("per_category", per_category, 1),
        ("size", size, 64),
        ("seed", seed, 0),
    ):
        if value is not None and value < least:
            raise ConfigError(f"data.{key}={value}: expected {least} or more")
    counts = counts_to_draw(categories, per_category)
    asked = json.dumps(list(counts.items())).encode()
    folder = f"v{DRAWING_VERSION}-{size}px-seed{seed}-{hashlib.sha256(asked).hexdigest()[:8]}"
    out = render_dataset(root / folder, Categories(counts), counts, size=size, seed=seed)
    return read_folder(out, categories, label_prefix="")  # drawn under the names that were asked


def read_resistor37(root: Path, url: str = RESISTOR37_URL) -> PhotoSet:
    """Reads the real data set, fetched first where it is absent.

    Both published layouts are understood: a folder per category (Kaggle), and photos with a
    parquet table of `image` and `class` (Hydrogen Torch).
    """
    if not (root.is_dir() and any(root.iterdir())):
        fetch_and_unpack(url, root)
    tables = sorted([*root.rglob("*.pq"), *root.rglob("*.parquet")])
    if tables:
        table = next((path for path in tables if path.stem == "train"), tables[0])
        try:
            first = str(pd.read_parquet(table, columns=["image"])["image"].iloc[0])
        except (OSError, ValueError, IndexError) as error:
            raise DataError(
                f"{table} cannot be read ({error}): remove {root}, and it is fetched again"
            ) from error
        return read_table(
            _folder_holding(root, first),
            table,
            image_column="image",
            category_column="class",
        )
    known = set(RESISTOR37_COUNTS)
    folders = [root, *sorted(path for path in root.rglob("*") if path.is_dir())]
    best = max(folders, key=lambda folder: sum((folder / name).is_dir() for name in known))
    if not any((best / name).is_dir() for name in known):
        raise DataError(
            f"data.root={root} holds neither a parquet table nor folders named like "
            f"{next(iter(known))}: remove it, and the data set is fetched again"
        )
    return read_folder(best)


SOURCES: dict[str, Callable[..., PhotoSet]] = {
    "folder": read_folder,
    "table": read_table,
    "rendered": read_rendered,
    "resistor37": read_resistor37,
}


def options_of(source: str) -> tuple[str, ...]:
    """The options that a source takes, `root` among them.

    Raises:
        ConfigError: there is no such source.
    """
    return tuple(_parameters(source))


def absolute(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options of a source with absolute paths, which hold in any working folder."""
    return {
        key: Path(value).expanduser().absolute() if key in FILES and value is not None else value
        for key, value in options.items()
    }


def read_source(source: str, options: Mapping[str, Any]) -> PhotoSet:
    """Finds the photos of a source; draws or fetches what is absent.

    Raises:
        ConfigError: no such source, an option that it does not take, or one that it needs.
        DataError: photos that cannot be used.
    """
    check_source(source, options)
    return SOURCES[source](**options)


def check_source(source: str, options: Mapping[str, Any]) -> None:
    """Checks a source and its options without reading anything.

    Raises:
        ConfigError: as `read_source`.
    """
    takes = _parameters(source)
    for key in options:
        if key not in takes:
            raise ConfigError(f"data.{key} is no key of the source {source}; {nearest(key, takes)}")
    for key, parameter in takes.items():
        needed = parameter.default is parameter.empty and parameter.annotation is Path
        if needed and options.get(key) is None:
            raise ConfigError(f"data.{key} is not set: the source {source} needs it")


def _parameters(source: str) -> Mapping[str, inspect.Parameter]:
    if source not in SOURCES:
        raise ConfigError(f"data.source={source}: no such source; {nearest(source, SOURCES)}")
    return inspect.signature(SOURCES[source]).parameters


def _folder_holding(root: Path, name: str) -> Path:
    """The folder at or below `root` that a file name is relative to; `root` where there is none."""
    folders = [root, *sorted(path for path in root.rglob("*") if path.is_dir())]
    return next((folder for folder in folders if (folder / name).is_file()), root)


def some_names(names: Sequence[str]) -> str:
    """The first of some names, and how many more there are, for a message."""
    shown = ", ".join(names[:MOST_LISTED])
    return shown + (f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else "")


def _sorted(photos: PhotoSet) -> PhotoSet:
    return photos.select(sorted(range(len(photos)), key=photos.names.__getitem__))


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


def _photos_of(
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


def _read_rows(table: Path) -> pd.DataFrame:
    try:
        if table.suffix.lower() == ".csv":  # only an empty cell is absent: "NA" may be a label
            return pd.read_csv(table, dtype=str, keep_default_na=False, na_values=[""])
        return pd.read_parquet(table)
    except (OSError, ValueError) as error:  # pandas and pyarrow raise subclasses of these
        raise DataError(f"data.table={table} cannot be read: {error}") from error


def _column(rows: pd.DataFrame, table: Path, key: str, column: str) -> list[str]:
    """The cells of a column as text, none of them empty."""
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


def _photo_names(cells: Sequence[str], root: Path, table: Path) -> list[str]:
    """Names of photos below `root`, each one there and named once."""
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


def _prefix_of(labels: Collection[str], asked: str | None) -> str:
    """The prefix to strip from labels: what was asked for, or found where that is `auto`."""
    if asked != "auto":
        return str(asked or "")
    for prefix in PREFIXES:
        if all(label.startswith(prefix) and label != prefix for label in labels):
            log.info("Labels without their common %s (data.label_prefix='' keeps it)", prefix)
            return prefix
    return ""


def _labels_of(names: Collection[str], prefix: str) -> dict[str, str]:
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


def _label_space(labels: Collection[str], file: Path | None, prefix: str) -> Categories:
    """The categories of a file, without the prefix too; without a file those of the labels."""
    if file is None:
        return Categories(sorted(labels))
    listed = Categories.from_file(file).names
    label_of = _labels_of(listed, prefix)
    return Categories(label_of[name] for name in listed)
