"""Where photos come from: folders, tables, drawings, the real data set.

A source is a function from a root folder to a `PhotoSet`. It draws or fetches what is absent.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from resistor_cls.categories import RESISTOR37_COUNTS, Categories
from resistor_cls.data.download import RESISTOR37_URL, fetch_and_unpack
from resistor_cls.data.photos import SUFFIXES
from resistor_cls.errors import ConfigError, DataError, nearest

MOST_LISTED = 10  # files named in one message; a terminal shows them without scrolling


@dataclass(frozen=True)
class PhotoSet:
    """Labelled photos, sorted by name, so that no order of a file system can matter.

    Attributes:
        root: the folder that `names` are relative to.
        names: file names, with `/` between folders, sorted.
        targets: class index of each photo.
        categories: the label space.
        ignored: files beside the photos that are no photos by their suffix.
    """

    root: Path
    names: tuple[str, ...]
    targets: tuple[int, ...]
    categories: Categories
    ignored: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.names)

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
        )


def read_folder(root: Path, categories: Path | None = None) -> PhotoSet:
    """Reads a folder of categories: `root/CATEGORY/photo.jpg`.

    Args:
        root: the folder.
        categories: a file with one name per line that fixes the categories and their order;
            without it they are the folder names, sorted.

    Raises:
        DataError: no such folder, no categories in it, an empty one, or folders that differ from
            the list.
    """
    if not root.is_dir():
        found = "is a file" if root.exists() else "does not exist"
        raise DataError(
            f"data.root={root} {found}: expected a folder with one folder of photos per category"
        )
    folders = sorted(
        path.name for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")
    )
    if not folders:
        raise DataError(
            f"data.root={root} has no folders in it: expected one folder of photos per category"
        )
    labels = Categories.from_file(categories) if categories else Categories(folders)
    strangers = [name for name in folders if name not in labels.names]
    if strangers:
        raise DataError(
            f"{root} has folders that are not in {categories}: "
            f"{', '.join(strangers[:MOST_LISTED])}; add them to the file or move them away"
        )
    names, targets, ignored = [], [], []
    for target, category in enumerate(labels.names):
        folder = root / category
        files = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
        files = [name for name in files if not name.startswith(".")]
        photos = [name for name in files if Path(name).suffix.lower() in SUFFIXES]
        if not photos:
            raise DataError(
                f"category {category!r} has no photos: {folder} is "
                f"{'empty' if folder.is_dir() else 'absent'}; add photos or remove the category"
            )
        names += [f"{category}/{name}" for name in photos]
        targets += [target] * len(photos)
        ignored += [f"{category}/{name}" for name in files if name not in photos]
    return _sorted(PhotoSet(root, tuple(names), tuple(targets), labels, tuple(ignored)))


def read_table(
    root: Path | None,
    table: Path,
    *,
    image_column: str = "image",
    category_column: str = "category",
    categories: Path | None = None,
    label_prefix: str = "",
) -> PhotoSet:
    """Reads a CSV or parquet table with a row per photo.

    Args:
        root: the folder that the image names are relative to; by default the table's own.
        table: a `.csv`, or a `.parquet` or `.pq` file.
        image_column: column of file names.
        category_column: column of labels.
        categories: a file that fixes the categories and their order; without it they are the
            labels of the table, sorted.
        label_prefix: stripped from labels that begin with it.

    Raises:
        DataError: a table that cannot be read, a column or label that is absent, photos named
            twice, or photos that are not there.
    """
    root = table.parent if root is None else root
    try:
        if table.suffix == ".csv":  # only an empty cell is absent: "NA" may be a label
            rows = pd.read_csv(table, dtype=str, keep_default_na=False, na_values=[""])
        else:
            rows = pd.read_parquet(table)
    except (OSError, ValueError) as error:  # pandas and pyarrow raise subclasses of these
        raise DataError(f"data.table={table} cannot be read: {error}") from error
    for key, column in (("image_column", image_column), ("category_column", category_column)):
        if column not in rows:
            raise DataError(
                f"data.{key}={column}: no such column in {table}; "
                f"{nearest(column, map(str, rows.columns))}"
            )
    rows = rows[[image_column, category_column]]
    if rows.isna().any(axis=None):
        line = int(rows.isna().any(axis=1).to_numpy().argmax())
        raise DataError(f"{table}: row {line + 1} lacks its image or its category")
    names = [str(name).replace("\\", "/") for name in rows[image_column]]
    labels = [str(label).removeprefix(label_prefix) for label in rows[category_column]]
    twice = sorted({name for name in names if names.count(name) > 1}) if _has_twins(names) else []
    if twice:
        raise DataError(f"{table} names photos twice: {_some(twice)}; keep one row for each photo")
    absent = [name for name in names if not (root / name).is_file()]
    if absent:
        raise DataError(
            f"{len(absent)} of the {len(names)} photos in {table} are not below {root}: "
            f"{_some(absent)}; set data.root to the folder that the names are relative to"
        )
    known = Categories.from_file(categories) if categories else Categories(sorted(set(labels)))
    unused = [name for name in known.names if name not in set(labels)]
    if unused:
        raise DataError(f"{table} has no photos of {_some(unused)}, which {categories} lists")
    targets = tuple(known.index(label) for label in labels)
    return _sorted(PhotoSet(root, tuple(names), targets, known))


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
    return read_folder(out, categories)


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
            label_prefix="class_",
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


def source_named(name: str) -> Callable[..., PhotoSet]:
    """The source of a name.

    Raises:
        ConfigError: there is none.
    """
    if name not in SOURCES:
        raise ConfigError(f"data.source={name}: no such source; {nearest(name, SOURCES)}")
    return SOURCES[name]


def _folder_holding(root: Path, name: str) -> Path:
    """The folder at or below `root` that a file name is relative to; `root` where there is none."""
    folders = [root, *sorted(path for path in root.rglob("*") if path.is_dir())]
    return next((folder for folder in folders if (folder / name).is_file()), root)


def _sorted(photos: PhotoSet) -> PhotoSet:
    return photos.select(sorted(range(len(photos)), key=photos.names.__getitem__))


def _has_twins(names: list[str]) -> bool:
    return len(set(names)) < len(names)


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:MOST_LISTED])
    return shown + (f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else "")
