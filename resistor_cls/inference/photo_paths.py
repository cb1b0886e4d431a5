"""The photos of the files and folders that a user names."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from resistor_cls.data.images.decode import SUFFIXES
from resistor_cls.data.sources.walk import LeftOut, kind_of, left_out_line, walk
from resistor_cls.errors import DataError


def find_photos(places: Iterable[Path]) -> list[Path]:
    """Photos named directly, and all photos below folders, sorted within each.

    Raises:
        DataError: a place that does not exist, or a folder without photos.
    """
    return look_for_photos(places)[0]


def look_for_photos(places: Iterable[Path]) -> tuple[list[Path], list[LeftOut]]:
    """Photos named directly, all photos below folders, and what is left out there with the reason.

    Args:
        places: files and folders. A file is read whatever its suffix.

    Returns:
        The photos, sorted within each folder; and what is left out, named by its path.

    Raises:
        DataError: a place that does not exist, or a folder without photos.
    """
    photos: list[Path] = []
    left_out: list[LeftOut] = []
    for place in places:
        kind = kind_of(place)
        if kind == "file":
            photos.append(place)
            continue
        if kind != "folder":
            raise DataError(f"{place} {kind}: name photos, or folders of photos")
        found = walk(place)
        if not found.photos:
            line = left_out_line(found.left_out, 0)
            raise DataError(
                f"{place} holds no photos ({', '.join(sorted(SUFFIXES))})"
                f"{f'; {line}' if line else ''}"
            )
        photos += sorted(place / name for name in found.photos)
        left_out += [replace(one, name=str(place / one.name)) for one in found.left_out]
    return photos, left_out
