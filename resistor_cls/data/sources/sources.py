"""Where photos come from: folders, tables, drawings, the real data set.

A source is a function from a root folder to a `PhotoSet`. It draws or fetches what is absent.
"""

import hashlib
import inspect
import json
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from resistor_cls.categories import Categories, check_labels
from resistor_cls.custom_code import import_custom, is_import_path
from resistor_cls.data.sources.download import RESISTOR37_URL, fetch_and_unpack
from resistor_cls.data.sources.folders import list_folders, log_nested, photos_of
from resistor_cls.data.sources.listing import (
    cells_of,
    labels_of,
    photo_names,
    prefix_of,
    rows_of,
    some_names,
)
from resistor_cls.data.sources.walk import LeftOut, folders_below
from resistor_cls.errors import ConfigError, DataError, nearest
from resistor_cls.resistor37 import RESISTOR37_COUNTS

__all__ = [
    "SOURCES",
    "PhotoSet",
    "absolute",
    "check_source",
    "labelled",
    "options_of",
    "read_folder",
    "read_resistor37",
    "read_source",
    "read_synthetic",
    "read_table",
    "some_names",
]

FILES = frozenset({"root", "categories", "table"})  # options that name files and folders


@dataclass(frozen=True)
class PhotoSet:
    """Labelled photos, sorted by name, so that no order of a file system can matter.

    Attributes:
        root: the folder that `names` are relative to.
        names: file names, with `/` between folders, sorted.
        targets: class index of each photo.
        categories: the label space.
        left_out: what lies beside the photos and is none of them, sorted by name, and why.
        groups: name of each photo's group, which a split keeps together; None where none are known.
    """

    root: Path
    names: tuple[str, ...]
    targets: tuple[int, ...]
    categories: Categories
    left_out: tuple[LeftOut, ...] = ()
    groups: tuple[str, ...] | None = None

    def __len__(self) -> int:
        return len(self.names)

    @property
    def labels(self) -> tuple[str, ...]:
        """Category name of each photo."""
        return tuple(self.categories.names[target] for target in self.targets)

    @property
    def ignored(self) -> tuple[str, ...]:
        """Names of what was left out."""
        return tuple(one.name for one in self.left_out)

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
            self.left_out,
            None if self.groups is None else tuple(self.groups[index] for index in indices),
        )


def labelled(root: Path, labels: Mapping[str, str]) -> PhotoSet:
    """Photos of which somebody knows the labels: what a source of a user's own returns.

    Args:
        root: a folder.
        labels: file name of each photo, relative to `root`, → its label.

    Raises:
        DataError: no photos, or labels that cannot be categories.
    """
    if not labels:
        raise DataError(f"no photos in {root}: expected at least two categories of them")
    check_labels(set(labels.values()), f"the labels of the photos in {root}")
    known = Categories(sorted(set(labels.values())))
    targets = tuple(known.index(label) for label in labels.values())
    return _sorted(PhotoSet(root, tuple(labels), targets, known))


def read_folder(
    root: Path, categories: Path | None = None, *, label_prefix: str | None = "auto"
) -> PhotoSet:
    """Reads a folder of categories: `root/CATEGORY/photo.jpg`.

    Args:
        root: the folder. Links in it are followed, and photos in folders within a category's are
            of that category; what is left out is in `PhotoSet.left_out`.
        categories: a file with one name per line that fixes the categories and their order;
            without it they are the folder names, sorted.
        label_prefix: stripped from folder names (and from those of the file) to make labels;
            `auto` is one of `listing.PREFIXES` that every folder name begins with. Names of photos
            keep it.

    Raises:
        DataError: no such folder, no categories in it, an empty one, folders that differ from the
            list or look like one another, links that lead nowhere, names that are not UTF-8, or
            folders that are no categories: see `resistor_cls.data.sources.folders.list_folders`.
    """
    listed = () if categories is None else Categories.from_file(categories).names
    listing = list_folders(root, "data.root", listed)
    inside = listing.inside
    prefix = prefix_of(inside, label_prefix)
    folder_of = {label: folder for folder, label in labels_of(inside, prefix).items()}
    labels = _label_space(folder_of, categories, prefix)
    unexpected = [folder_of[label] for label in sorted(folder_of) if label not in labels.names]
    if unexpected:
        raise DataError(
            f"{root} has folders that are not in {categories}: "
            f"{some_names(unexpected)}; add them to the file or move them away"
        )
    names: list[str] = []
    targets: list[int] = []
    left_out = list(listing.beside)
    for target, label in enumerate(labels.names):
        folder = folder_of.get(label, label)
        photos = photos_of(label, root / folder, inside.get(folder))
        names += photos
        targets += [target] * len(photos)
        left_out += inside[folder].left_out
    log_nested(names)
    left_out.sort(key=lambda one: one.name)
    return _sorted(PhotoSet(root, tuple(names), tuple(targets), labels, tuple(left_out)))


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
        table: a `.csv` or `.tsv`, or a `.parquet` or `.pq` file.
        image_column: column of file names.
        category_column: column of labels; white space around them counts for nothing.
        group_column: column of groups that a split keeps together, such as one for each physical
            part.
        categories: a file that fixes the categories and their order; without it they are the
            labels of the table, sorted.
        label_prefix: stripped from labels (and from the names of the file) that begin with it;
            `auto` is one of `listing.PREFIXES` that every label begins with.

    Raises:
        DataError: a table that cannot be read, a column or label that is absent, an empty cell,
            photos named twice, by absolute paths or outside of `root`, or photos that are absent.
    """
    root = table.parent if root is None else root
    rows = rows_of(table, "data.table")
    names = photo_names(cells_of(rows, table, "image_column", image_column), root, table)
    raw = [cell.strip() for cell in cells_of(rows, table, "category_column", category_column)]
    groups = None
    if group_column is not None:
        groups = tuple(cell.strip() for cell in cells_of(rows, table, "group_column", group_column))
    prefix = prefix_of(set(raw), label_prefix)
    label_of = labels_of(set(raw), prefix)
    known = _label_space(label_of.values(), categories, prefix)
    unused = [name for name in known.names if name not in label_of.values()]
    if unused:
        raise DataError(f"{table} has no photos of {some_names(unused)}, which {categories} lists")
    targets = tuple(known.index(label_of[label]) for label in raw)
    return _sorted(PhotoSet(root, tuple(names), targets, known, groups=groups))


def read_synthetic(
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
    from resistor_cls.synthetic import GENERATOR_VERSION, counts_to_draw, generate_dataset

    for key, value, least in (
        ("per_category", per_category, 1),
        ("size", size, 64),
        ("seed", seed, 0),
    ):
        if value is not None and value < least:
            raise ConfigError(f"data.{key}={value}: expected {least} or more")
    counts = counts_to_draw(categories, per_category)
    asked = json.dumps(list(counts.items())).encode()
    folder = f"v{GENERATOR_VERSION}-{size}px-seed{seed}-{hashlib.sha256(asked).hexdigest()[:8]}"
    out = generate_dataset(root / folder, Categories(counts), counts, size=size, seed=seed)
    return read_folder(out, categories, label_prefix="")  # drawn under the names that were asked


def read_resistor37(root: Path, url: str = RESISTOR37_URL) -> PhotoSet:
    """Reads the real data set, fetched first where it is absent.

    Both published layouts are understood: a folder per category (Kaggle), and photos with a
    parquet table of `image` and `class` (Hydrogen Torch).
    """
    if not (root.is_dir() and any(root.iterdir())):
        fetch_and_unpack(url, root)
    found = [*root.rglob("*.pq"), *root.rglob("*.parquet")]
    tables = sorted(path for path in found if not path.name.startswith("."))
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
    best = max(
        folders_below(root), key=lambda folder: sum((folder / name).is_dir() for name in known)
    )
    if not any((best / name).is_dir() for name in known):
        raise DataError(
            f"data.root={root} holds neither a parquet table nor folders named like "
            f"{next(iter(known))}: remove it, and the data set is fetched again"
        )
    return read_folder(best)


SOURCES: dict[str, Callable[..., PhotoSet]] = {
    "folder": read_folder,
    "table": read_table,
    "rendered": read_synthetic,
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
        ConfigError: no such source, an option that it does not take, or one that it needs; a source
            of a user's own that finds something else than a `PhotoSet`.
        DataError: photos that cannot be used.
        ModelError: code of a user's own that is not allowed, or cannot be imported.
    """
    check_source(source, options)
    found = _reader(source)(**options)
    if not isinstance(found, PhotoSet):
        raise ConfigError(
            f"data.source={source} returns a {type(found).__name__}: expected a PhotoSet, as "
            "resistor_cls.data.sources.sources.labelled makes it"
        )
    return found


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


def _reader(source: str) -> Callable[..., PhotoSet]:
    """The function of a source: one of ours, or of a user's own by an import path."""
    if is_import_path(source):
        return import_custom(source, "data.source")
    if source not in SOURCES:
        raise ConfigError(f"data.source={source}: no such source; {nearest(source, SOURCES)}")
    return SOURCES[source]


def _parameters(source: str) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(_reader(source)).parameters


def _folder_holding(root: Path, name: str) -> Path:
    """The folder at or below `root` that a file name is relative to; `root` where there is none."""
    # `Path.is_file` raises OSError where a name is too long for the file system.
    found = (folder for folder in folders_below(root) if os.path.isfile(folder / name))  # noqa: PTH113
    return next(found, root)


def _sorted(photos: PhotoSet) -> PhotoSet:
    return photos.select(sorted(range(len(photos)), key=photos.names.__getitem__))


def _label_space(labels: Collection[str], file: Path | None, prefix: str) -> Categories:
    """The categories of a file, without the prefix too; without a file those of the labels."""
    if file is None:
        check_labels(labels, "the labels of the photos")
        return Categories(sorted(labels))
    listed = Categories.from_file(file).names
    check_labels({*listed, *labels}, f"the labels of the photos and {file}")
    label_of = labels_of(listed, prefix)
    return Categories(label_of[name] for name in listed)
