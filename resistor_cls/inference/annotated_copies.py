"""Annotated copies of photos, in a folder of their own."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from resistor_cls.data.images.decode import read_photo
from resistor_cls.errors import DataError
from resistor_cls.inference.drawing import annotated
from resistor_cls.inference.prediction import Prediction

_ENDING, _QUALITY = ".annotated.jpg", 90  # of JPEG
_LONGEST_NAME = 255  # bytes, of most file systems


class AnnotatedCopies:
    """Writes annotated copies of photos, and never over one of the photos.

    The copies lie in subfolders as the photos do, below what the folders of all photos have in
    common.

    Args:
        folder: of the copies; it is made where it does not exist.
        photos: all that are to be read.
    """

    def __init__(self, folder: Path, photos: Sequence[Path]) -> None:
        self._folder = folder
        self._common = os.path.commonpath([_parent(photo) for photo in photos])
        self._taken = {os.path.realpath(photo) for photo in photos}
        self._taken |= {_in_place(photo) for photo in photos}

    def write(self, photo: Path, predictions: Sequence[Prediction]) -> Path:
        """Writes the copy of a photo.

        Args:
            photo: its file.
            predictions: of this photo.

        Returns:
            The file of the copy.

        Raises:
            DataError: the photo cannot be read any more.
        """
        copy = self._free_name(photo)
        image = annotated(read_photo(photo), predictions)
        copy.parent.mkdir(parents=True, exist_ok=True)
        # Renamed when it is whole; renaming does not write through links.
        unfinished = copy.parent / f".annotated-{os.getpid()}.tmp"
        try:
            with unfinished.open("wb") as file:
                image.save(file, "JPEG", quality=_QUALITY)
            unfinished.replace(copy)
        finally:
            unfinished.unlink(missing_ok=True)
        return copy

    def _free_name(self, photo: Path) -> Path:
        """Where the copy of a photo goes: to no other photo, and no other copy of this run."""
        folder = self._folder / os.path.relpath(_parent(photo), self._common)
        for number in range(1, len(self._taken) + 2):
            ending = _ENDING if number == 1 else f"-{number}{_ENDING}"
            stem = os.fsdecode(os.fsencode(photo.stem)[: _LONGEST_NAME - len(ending)])
            copy = folder / f"{stem}{ending}"
            if (place := _in_place(copy)) not in self._taken:
                self._taken.add(place)
                return copy
        raise AssertionError("one of so many names is free")


def not_copies(photos: Iterable[Path], named: Iterable[Path], folder: Path) -> list[Path]:
    """The photos that are to be read: copies of an earlier run, found in a folder, are not.

    Args:
        photos: that were found.
        named: files and folders that were asked for.
        folder: of the copies.

    Raises:
        DataError: the folder of the copies is one whose photos are to be read, or holds it.
    """
    copies, meant = os.path.realpath(folder), set(named)
    for place in meant:
        if place.is_dir() and _is_in(os.path.realpath(place), copies):
            raise DataError(
                f"{folder} is to hold the annotated copies, and the photos of {place} are to be "
                "read: name another folder for the copies"
            )
    return [
        photo for photo in photos if photo in meant or not _is_in(os.path.realpath(photo), copies)
    ]


def _is_in(place: str, folder: str) -> bool:
    return place == folder or place.startswith(folder.rstrip(os.sep) + os.sep)


def _parent(photo: Path) -> str:
    return os.path.dirname(os.path.abspath(photo))  # noqa: PTH100, PTH120


def _in_place(file: Path) -> str:
    """A file's own place, whatever it links to."""
    return os.path.join(os.path.realpath(file.parent), file.name)  # noqa: PTH118
