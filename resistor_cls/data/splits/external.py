"""Validation and test photos that are given, in the place of photos that a split chooses."""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from resistor_cls.categories import Categories, check_labels
from resistor_cls.data.images.metadata import ImageMetadata
from resistor_cls.data.sources.folders import list_folders, photos_of
from resistor_cls.data.sources.listing import TABLES, cells_of, photo_names, prefix_of, rows_of
from resistor_cls.data.sources.sources import PhotoSet
from resistor_cls.data.sources.walk import LeftOut
from resistor_cls.errors import DataError, nearest

MAIN = ""  # the given role of a photo of the main source: a split finds it one


@dataclass(frozen=True)
class ExternalSplits:
    """The photos of the main source, and behind them those of the given sets.

    Attributes:
        photo_set: all of them, one set behind the other, each sorted by name. A photo of a given
            set has the name that leads to it from the root of the main source.
        role_of: (photos,) `validation` or `test` where a photo was given as such, else `MAIN`.
        folders: what names begin with → the folder that the rest of the name is relative to.
    """

    photo_set: PhotoSet
    role_of: np.ndarray
    folders: Mapping[str, Path]

    def select(self, indices: Sequence[int]) -> "ExternalSplits":
        """The photos at some positions, in that order."""
        chosen = self.photo_set.select(indices)
        return ExternalSplits(chosen, self.role_of[list(indices)], self.folders)


def with_external_splits(
    photo_set: PhotoSet, given: Mapping[str, str | None], options: Mapping[str, Any]
) -> ExternalSplits:
    """Adds given sets to the photos of the main source.

    Args:
        photo_set: of the main source.
        given: `validation` and `test` → a folder of categories, or a table; None where there is
            none.
        options: of the main source: columns of tables and `label_prefix` hold for the given sets.

    Raises:
        DataError: a set that cannot be read, or a category that the main source does not have.
    """
    names, targets, groups = [*photo_set.names], [*photo_set.targets], photo_set.groups
    left_out, roles, folders = [*photo_set.left_out], [MAIN] * len(photo_set), {"": photo_set.root}
    for role, place in given.items():
        if place is None:
            continue
        found = _read(Path(place), f"data.{role}", photo_set.categories, options)
        # Where links are followed, `..` leads up from where they lead to.
        way = os.path.relpath(os.path.realpath(found.root), os.path.realpath(photo_set.root))
        begin = "" if way == "." else f"{Path(way).as_posix()}/"
        names += [begin + name for name in found.names]
        left_out += [replace(one, name=begin + one.name) for one in found.left_out]
        targets += found.targets
        roles += [role] * len(found)
        folders[begin] = found.root
        if groups is not None:  # of what a split keeps together; given photos are not split
            groups = (*groups, *("" for _ in found.names))
    merged = PhotoSet(
        photo_set.root, tuple(names), tuple(targets), photo_set.categories, tuple(left_out), groups
    )
    return ExternalSplits(merged, np.array(roles, dtype="<U10"), folders)


def check_external_splits(
    sets: ExternalSplits, metadata: Sequence[ImageMetadata], given: Mapping[str, str | None]
) -> None:
    """Checks that given photos can be read and are nowhere else.

    Pictures are compared and not files: other metadata hide nothing. Near-duplicates are not
    looked for.

    Args:
        sets: the readable photos.
        metadata: of the photos.
        given: see `with_external_splits`.

    Raises:
        DataError: a given set without photos; photos that are among the others too; a category
            that nothing is left of to train on.
    """
    seen = {metadata[i].pixels: i for i in np.flatnonzero(sets.role_of == MAIN).tolist()}
    others, names = "that train or validate", sets.photo_set.names
    if given["validation"] is not None:
        others = "that train"
        _require_all_categories(sets)
    for role, place in given.items():
        if place is None:
            continue
        members = np.flatnonzero(sets.role_of == role).tolist()
        if not members:
            raise DataError(f"data.{role}={place}: none of its photos can be read")
        twice = [index for index in members if metadata[index].pixels in seen]
        if twice:
            first = names[twice[0]]
            raise DataError(
                f"{len(twice)} of the {len(members)} photos of data.{role}={place} are also among "
                f"those {others}, such as {first} (the picture of "
                f"{names[seen[metadata[twice[0]].pixels]]}): remove them from one of the two"
            )
        seen |= {metadata[index].pixels: index for index in members}
        others = "that train or validate"


def _require_all_categories(sets: ExternalSplits) -> None:
    main = np.asarray(sets.photo_set.targets)[sets.role_of == MAIN]
    counts = np.bincount(main, minlength=len(sets.photo_set.categories))
    if not counts.all():
        bare = sets.photo_set.categories[int(np.argmin(counts))].name
        raise DataError(
            f"no photo of {bare!r} in {sets.photo_set.root} can be read: nothing trains it; add "
            "photos, or remove the category"
        )


def _read(place: Path, key: str, known: Categories, options: Mapping[str, Any]) -> PhotoSet:
    """Reads one given set; its photos are sorted by name."""
    is_table = place.suffix.lower() in TABLES
    root, label_of, left_out = (
        _read_table(place, key, options) if is_table else _read_folder(place, key, known)
    )
    check_labels({*label_of.values(), *known.names}, f"the labels of {key} and of the photos")
    category_of = _categories_of(set(label_of.values()), known, options.get("label_prefix", "auto"))
    unknown = [label for label, category in category_of.items() if category not in known.names]
    if unknown:
        raise DataError(
            f"{key}={place} has photos of {unknown[0]!r}, which is no category of the photos that "
            f"train: rename it or remove its photos; {nearest(unknown[0], known.names)}"
        )
    names = tuple(sorted(label_of))
    targets = tuple(known.index(category_of[label_of[name]]) for name in names)
    return PhotoSet(root, names, targets, known, left_out)


def _categories_of(
    labels: Collection[str], known: Categories, label_prefix: str | None
) -> dict[str, str]:
    """Each label with the category that it says; sorted, as the first of them may be named."""
    # A label that is a category as it stands loses nothing.
    others = set(labels) - set(known.names)
    prefix = prefix_of(others, label_prefix) if others else ""
    return {
        label: label.removeprefix(prefix) if label in others else label for label in sorted(labels)
    }


def _read_folder(
    root: Path, key: str, known: Categories
) -> tuple[Path, dict[str, str], tuple[LeftOut, ...]]:
    """The folder, the label of each photo in it, and what lies beside them."""
    listing = list_folders(root, key, known.names)
    label_of: dict[str, str] = {}
    left_out = list(listing.beside)
    for folder, found in listing.inside.items():
        label_of |= dict.fromkeys(photos_of(folder, root / folder, found), folder)
        left_out += found.left_out
    return root, label_of, tuple(sorted(left_out, key=lambda one: one.name))


def _read_table(
    table: Path, key: str, options: Mapping[str, Any]
) -> tuple[Path, dict[str, str], tuple[LeftOut, ...]]:
    """The folder, and the label of each photo that a table names below it."""
    root = table.parent
    if "table" in options and options.get("root") is not None:  # of the main table's names too
        root = options["root"]
    rows = rows_of(table, key)
    image, category = (options.get(f"{what}_column", what) for what in ("image", "category"))
    names = photo_names(cells_of(rows, table, "image_column", image), root, table)
    cells = cells_of(rows, table, "category_column", category)
    return root, dict(zip(names, (cell.strip() for cell in cells), strict=True)), ()
