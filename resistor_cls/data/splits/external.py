"""External splits: validation and test photos that the user names, instead of a split."""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from resistor_cls.categories import Categories, check_labels
from resistor_cls.data.images.metadata import ImageMetadata
from resistor_cls.data.sources.folder_listing import list_folders, photos_of
from resistor_cls.data.sources.labels import prefix_of
from resistor_cls.data.sources.part_labels import PartLabels, part_labels, value_names
from resistor_cls.data.sources.photo_set import PhotoSet
from resistor_cls.data.sources.table_listing import (
    CATEGORY,
    IMAGE,
    TABLES,
    cells_of,
    image_column,
    photo_names,
    rows_of,
)
from resistor_cls.data.sources.walk import LeftOut
from resistor_cls.errors import DataError, nearest

MAIN = ""  # the role of a photo of the main source, until a split assigns one


@dataclass(frozen=True)
class ExternalSplits:
    """The photos of the main source, followed by those of the external splits.

    Attributes:
        photo_set: all of them, one set after the other, each sorted by name. The name of an
            external photo is its path relative to the root of the main source.
        role_of: (photos,) `validation` or `test` for a photo of an external split, else `MAIN`.
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
    photo_set: PhotoSet, external: Mapping[str, str | Path | None], settings: Mapping[str, Any]
) -> ExternalSplits:
    """Adds external splits to the photos of the main source.

    Args:
        photo_set: of the main source.
        external: `validation` and `test` → a folder of categories, or a table; None if there is
            none.
        settings: of the main source: columns of tables and `label_prefix` hold for the external
            splits too.

    Raises:
        DataError: a split that cannot be read, or a category that the main source does not have.
    """
    names, targets, groups = [*photo_set.names], [*photo_set.targets], photo_set.groups
    left_out, roles, folders = [*photo_set.left_out], [MAIN] * len(photo_set), {"": photo_set.root}
    stated = [(photo_set.part_labels, len(photo_set))]
    for role, place in external.items():
        if place is None:
            continue
        found = _read(Path(place), f"data.{role}", photo_set, settings)
        # Where links are followed, `..` leads up from where they lead to.
        way = os.path.relpath(os.path.realpath(found.root), os.path.realpath(photo_set.root))
        begin = "" if way == "." else f"{Path(way).as_posix()}/"
        names += [begin + name for name in found.names]
        left_out += [replace(one, name=begin + one.name) for one in found.left_out]
        targets += found.targets
        roles += [role] * len(found)
        folders[begin] = found.root
        if groups is not None:  # of what a split keeps together; external photos are not split
            groups = (*groups, *("" for _ in found.names))
        stated.append((found.part_labels, len(found)))
    merged = PhotoSet(
        photo_set.root,
        tuple(names),
        tuple(targets),
        photo_set.categories,
        tuple(left_out),
        groups,
        _joined(stated),
        photo_set.by_value,
    )
    return ExternalSplits(merged, np.array(roles, dtype="<U10"), folders)


def _joined(stated: Sequence[tuple[PartLabels | None, int]]) -> PartLabels | None:
    """What is stated about the parts in sets of photos, each with the number of its photos."""
    if all(labels is None for labels, _ in stated):
        return None
    return PartLabels.joined([labels or PartLabels.nothing(photos) for labels, photos in stated])


def check_external_splits(
    photos: ExternalSplits,
    metadata: Sequence[ImageMetadata],
    external: Mapping[str, str | Path | None],
) -> None:
    """Checks that external photos can be read and do not overlap with the others.

    Pixels are compared, not files: other metadata hide nothing. Near-duplicates are not looked for.

    Args:
        photos: the readable photos.
        metadata: of the photos.
        external: see `with_external_splits`.

    Raises:
        DataError: an external split without photos; photos that are among the others too; a
            category without any photos left to train on.
    """
    index_of = {
        metadata[index].pixel_hash: index
        for index in np.flatnonzero(photos.role_of == MAIN).tolist()
    }
    others, names = "that train or validate", photos.photo_set.names
    if external["validation"] is not None:
        others = "that train"
        _require_all_categories(photos)
    for role, place in external.items():
        if place is None:
            continue
        members = np.flatnonzero(photos.role_of == role).tolist()
        if not members:
            raise DataError(f"data.{role}={place}: none of its photos can be read")
        twice = [index for index in members if metadata[index].pixel_hash in index_of]
        if twice:
            first = names[twice[0]]
            same = names[index_of[metadata[twice[0]].pixel_hash]]
            raise DataError(
                f"{len(twice)} of the {len(members)} photos of data.{role}={place} are also among "
                f"those {others}, such as {first} (the picture of {same}): remove them "
                "from one of the two"
            )
        index_of |= {metadata[index].pixel_hash: index for index in members}
        others = "that train or validate"


def _require_all_categories(photos: ExternalSplits) -> None:
    photo_set = photos.photo_set
    main = np.asarray(photo_set.targets)[photos.role_of == MAIN]
    counts = np.bincount(main, minlength=len(photo_set.categories))
    if not counts.all():
        bare = photo_set.categories[int(np.argmin(counts))].name
        raise DataError(
            f"no photo of {bare!r} in {photo_set.root} can be read: nothing trains it; add "
            "photos, or remove the category"
        )


@dataclass(frozen=True)
class _Listing:
    """What a folder or a table lists.

    Attributes:
        root: the folder that names are relative to.
        label_of: name of each photo → its label.
        left_out: what is not a photo.
        part_labels: what is stated about the parts, in the order of `label_of`.
    """

    root: Path
    label_of: dict[str, str]
    left_out: tuple[LeftOut, ...] = ()
    part_labels: PartLabels | None = None


def _read(place: Path, key: str, main: PhotoSet, settings: Mapping[str, Any]) -> PhotoSet:
    """Reads one external split; its photos are sorted by name."""
    known = main.categories
    if place.suffix.lower() in TABLES:
        listing = _read_table(place, key, settings, main.by_value)
    else:
        listing = _read_folder(place, key, known)
    label_of = listing.label_of
    check_labels({*label_of.values(), *known.names}, f"the labels of {key} and of the photos")
    category_of = _categories_of(
        set(label_of.values()), known, settings.get("label_prefix", "auto")
    )
    unexpected = [label for label, category in category_of.items() if category not in known.names]
    if unexpected:
        raise DataError(
            f"{key}={place} has photos of {unexpected[0]!r}, which is not a category of the photos "
            f"that train: rename it or remove its photos; {nearest(unexpected[0], known.names)}"
        )
    targets = tuple(known.index(category_of[label]) for label in label_of.values())
    return PhotoSet(
        listing.root,
        tuple(label_of),
        targets,
        known,
        listing.left_out,
        part_labels=listing.part_labels,
    ).sorted_by_name()


def _categories_of(
    labels: Collection[str], known: Categories, label_prefix: str | None
) -> dict[str, str]:
    """Each label with its category; sorted, as the first of them may be named."""
    # A label that is a category as it stands loses nothing.
    others = set(labels) - set(known.names)
    prefix = prefix_of(others, label_prefix) if others else ""
    return {
        label: label.removeprefix(prefix) if label in others else label for label in sorted(labels)
    }


def _read_folder(root: Path, key: str, known: Categories) -> _Listing:
    listing = list_folders(root, key, known.names)
    label_of: dict[str, str] = {}
    left_out = list(listing.beside)
    for folder, found in listing.inside.items():
        label_of |= dict.fromkeys(photos_of(folder, root / folder, found), folder)
        left_out += found.left_out
    return _Listing(root, label_of, tuple(sorted(left_out, key=lambda one: one.name)))


def _read_table(table: Path, key: str, settings: Mapping[str, Any], by_value: bool) -> _Listing:
    """Reads a table; values are labels where those of the main source are."""
    root = table.parent
    if "table" in settings and settings.get("root") is not None:  # of the main table's names too
        root = Path(settings["root"])
    rows = rows_of(table, key)
    image = image_column(rows, settings.get("image_column", IMAGE))
    names = photo_names(cells_of(rows, table, "image_column", image), root, table)
    stated = part_labels(rows, table)
    if by_value and stated is not None:
        labels = value_names(stated, table)
    else:
        column = settings.get("category_column") or CATEGORY
        labels = [cell.strip() for cell in cells_of(rows, table, "category_column", column)]
    return _Listing(root, dict(zip(names, labels, strict=True)), part_labels=stated)
