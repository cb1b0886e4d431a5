"""Lists folders of categories, and refuses what cannot be one."""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from resistor_cls.data.images.decode import SUFFIXES
from resistor_cls.data.sources.names import check_names, check_root
from resistor_cls.data.sources.walk import (
    BROKEN_LINK,
    UNREADABLE,
    LeftOut,
    Walked,
    below,
    is_picture,
    kind_of,
    look_beside,
    walk,
)
from resistor_cls.errors import DataError, printable, some_names

log = logging.getLogger(__name__)

# Folders of a data set that is already split, and the key that reads each; by lower-case name.
SPLIT_FOLDERS = {
    "train": "root",
    "training": "root",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}


@dataclass(frozen=True)
class Listing:
    """What lies in a folder of categories.

    Attributes:
        inside: name of each category's folder, sorted → what lies below it; names begin with it.
        beside: what lies outside of these folders.
    """

    inside: Mapping[str, Walked]
    beside: tuple[LeftOut, ...]


def list_folders(root: Path, key: str, categories: Collection[str] = ()) -> Listing:
    """Lists a folder of categories, without hidden files and folders of systems.

    Photos in folders within a category's folder are of that category, at any depth.

    Args:
        root: the folder.
        key: that named it, for the message.
        categories: names of folders that are categories, even if they look like splits.

    Raises:
        DataError: no such folder, no folders in it, one that cannot be listed, links that lead
            nowhere, names that are not UTF-8, or folders of a data set that comes split.
    """
    check_root(root, key)
    kind = kind_of(root)
    if kind != "folder":
        found = "is a file" if kind == "file" else kind
        raise DataError(
            f"{key}={root} {found}: expected a folder with one folder of photos per category"
        )
    try:
        names, beside = look_beside(root)
    except OSError as error:
        raise DataError(f"{root} cannot be listed: {error.strerror}") from error
    inside = {name: below(walk(root / name, [root]), f"{name}/") for name in names}
    check_names(root, [*names, *_names_of(beside, inside)])
    _check_readable(root, [*beside, *(one for found in inside.values() for one in found.left_out)])
    if not inside:
        raise DataError(
            f"{key}={root} has no folders in it: expected one folder of photos per category"
        )
    _check_split_folders(root, {name: inside[name] for name in inside if name not in categories})
    _check_mixed(root, inside)
    _check_wrapping(root, key, {name: inside[name] for name in inside if name not in categories})
    return Listing(inside, tuple(beside))


def photos_of(label: str, folder: Path, found: Walked | None) -> tuple[str, ...]:
    """Names of the photos in a category's folder.

    Args:
        label: the category.
        folder: its folder.
        found: what lies in it; None where it is absent.

    Raises:
        DataError: no photos.
    """
    if found is not None and found.photos:
        return found.photos
    others = [] if found is None else [one.name.partition("/")[2] for one in found.left_out]
    state = "is absent" if found is None else "is empty"
    pictures = any(map(is_picture, others))
    raise DataError(
        f"category {label!r} has no photos: {folder} "
        f"{f'holds only {some_names(others)}' if others else state}; "
        f"{'convert its pictures to JPEG or PNG, ' if pictures else ''}"
        f"add photos ({', '.join(sorted(SUFFIXES))}) or remove the category"
    )


def log_nested(photos: Sequence[str]) -> None:
    """Logs where photos lie in folders within a category's folder.

    Args:
        photos: names, which begin with the category's folder.
    """
    nested = [name for name in photos if name.count("/") > 1]
    if nested:
        # Where all do, the categories may be one level deeper.
        level = logging.WARNING if len(nested) == len(photos) else logging.INFO
        log.log(
            level,
            "%d of %d photos lie in folders within their category's, such as %s: they are of that "
            "category",
            len(nested),
            len(photos),
            printable(nested[0]),
        )


def _names_of(beside: Sequence[LeftOut], inside: Mapping[str, Walked]) -> list[str]:
    """Names of everything but the folders of categories."""
    found = [one.name for one in beside]
    for walked in inside.values():
        found += [*walked.photos, *(one.name for one in walked.left_out)]
    return sorted(found)


def _check_readable(root: Path, left_out: Sequence[LeftOut]) -> None:
    """Refuses links that lead nowhere and what may not be read: photos would be missed."""
    broken = [one.name for one in left_out if one.reason == BROKEN_LINK]
    if broken:
        raise DataError(
            f"{root} has links that lead nowhere or in a circle: {some_names(broken)}; "
            "remove them, or bring back what they link to"
        )
    closed = [one.name for one in left_out if one.reason == UNREADABLE]
    if closed:
        raise DataError(
            f"{root} has files or folders that may not be read: {some_names(closed)}; give "
            "yourself the permission, or move them away"
        )


def _check_split_folders(root: Path, inside: Mapping[str, Walked]) -> None:
    """Refuses folders such as `train` and `val`, which would become categories.

    Raises:
        DataError: names the keys that read them.
    """
    parts = [name for name in inside if name.lower() in SPLIT_FOLDERS]
    all_of_them = len(parts) == len(inside)
    of_folders = [name for name in parts if _holds_only_folders(inside[name])]
    if not of_folders and not (all_of_them and len(parts) > 1):
        return
    keys = {SPLIT_FOLDERS[name.lower()]: name for name in reversed(parts)}
    said = " ".join(
        f"data.{key}={root / keys[key]}" for key in ("root", "validation", "test") if key in keys
    )
    listed = f"or list {some_names(parts)} in data.categories, if these are categories"
    if of_folders:
        raise DataError(
            f"{root} holds {some_names(parts)} with folders of photos in them, as a data set that "
            f"comes split: set {said} ({listed})"
        )
    raise DataError(
        f"{root} holds only {some_names(parts)}, as a data set that comes split, with photos but "
        "no folders of categories in them: sort the photos into one folder per category, or read "
        f"them by data=table ({listed})"
    )


def _check_mixed(root: Path, inside: Mapping[str, Walked]) -> None:
    """Refuses a category within another one: its photos would get the label of that."""
    for name, found in inside.items():
        for photo in found.photos:
            within = next((part for part in photo.split("/")[1:-1] if part in inside), name)
            if within != name:
                raise DataError(
                    f"{root / name} holds a folder {within!r}, named like the category beside it "
                    f"(with {printable(photo)}): move it to where it belongs, or read {name!r} by "
                    "data.validation or data.test from a place outside of this folder"
                )


def _check_wrapping(root: Path, key: str, inside: Mapping[str, Walked]) -> None:
    """Refuses a folder around the folder of categories, as unpacked zips have it."""
    if len(inside) != 1:
        return
    ((name, found),) = inside.items()
    if _holds_only_folders(found):
        raise DataError(
            f"{key}={root} holds one folder, and photos only in the folders within that: set "
            f"{key}={root / name}"
        )


def _holds_only_folders(found: Walked) -> bool:
    """Whether all photos of a folder lie in folders within it."""
    return bool(found.photos) and all(name.count("/") > 1 for name in found.photos)
