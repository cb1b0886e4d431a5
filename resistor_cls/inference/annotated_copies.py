"""Annotated copies of photos, in a separate folder."""

import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from PIL import Image

from resistor_cls.data.images.decode import read_photo
from resistor_cls.errors import ConfigError, DataError
from resistor_cls.inference.drawing import annotated
from resistor_cls.inference.prediction import Prediction

_ENDING, _QUALITY = ".annotated.jpg", 90  # of JPEG
_MAX_NAME = 255  # bytes of a file name in most file systems


class AnnotatedCopies:
    """Writes annotated copies of photos, and never over one of the photos.

    The copies are in the same subfolders as the photos, below the common parent of all photos.

    Args:
        folder: of the copies; it is made where it does not exist.
        photos: all photos of the run.

    Raises:
        ConfigError: a folder that cannot be made, or that no file can be written into.
    """

    def __init__(self, folder: Path, photos: Sequence[Path]) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            raise ConfigError(
                f"--annotate {folder} cannot hold the annotated copies: "
                f"{error.strerror or error}; name a folder that can be written"
            ) from error
        self._folder = folder
        self._common = os.path.commonpath([_parent(photo) for photo in photos])
        self._taken = {os.path.realpath(photo) for photo in photos}
        self._taken |= {_unlinked_path(photo) for photo in photos}

    def write(self, photo: Path, predictions: Sequence[Prediction]) -> Path:
        """Writes the copy of a photo.

        Raises:
            DataError: the photo cannot be read any more, or the copy cannot be written.
        """
        copy = self._free_name(photo)
        image = annotated(read_photo(photo), predictions)
        try:
            copy.parent.mkdir(parents=True, exist_ok=True)
            _save(image, copy)
        except OSError as error:
            raise DataError(
                f"{copy}, an annotated copy, cannot be written: {error.strerror or error}; "
                "name another folder for the copies, or free some space"
            ) from error
        return copy

    def _free_name(self, photo: Path) -> Path:
        """The file of a copy: not that of a photo, nor of another copy of this run."""
        folder = self._folder / os.path.relpath(_parent(photo), self._common)
        for number in range(1, len(self._taken) + 2):
            ending = _ENDING if number == 1 else f"-{number}{_ENDING}"
            stem = os.fsdecode(os.fsencode(photo.stem)[: _MAX_NAME - len(ending)])
            copy = folder / f"{stem}{ending}"
            if (place := _unlinked_path(copy)) not in self._taken:
                self._taken.add(place)
                return copy
        raise AssertionError("one of so many names is free")


def _save(image: Image.Image, copy: Path) -> None:
    """Writes a JPEG under another name and renames it, which does not write through links."""
    unfinished = copy.parent / f".annotated-{os.getpid()}.tmp"
    try:
        with unfinished.open("wb") as file:
            image.save(file, "JPEG", quality=_QUALITY)
        unfinished.replace(copy)
    finally:
        unfinished.unlink(missing_ok=True)


def not_copies(photos: Iterable[Path], named: Iterable[Path], folder: Path) -> list[Path]:
    """The photos that are to be read, without the copies of an earlier run that a folder holds.

    Args:
        photos: that were found.
        named: files and folders that the user named.
        folder: of the copies.

    Raises:
        DataError: the folder of the copies is a folder whose photos are to be read, or holds it.
    """
    copies, chosen = os.path.realpath(folder), set(named)
    for place in chosen:
        if place.is_dir() and _is_in(os.path.realpath(place), copies):
            raise DataError(
                f"{folder} is to hold the annotated copies, and the photos of {place} are to be "
                "read: name another folder for the copies"
            )
    return [
        photo for photo in photos if photo in chosen or not _is_in(os.path.realpath(photo), copies)
    ]


def _is_in(place: str, folder: str) -> bool:
    return place == folder or place.startswith(folder.rstrip(os.sep) + os.sep)


def _parent(photo: Path) -> str:
    return os.path.dirname(os.path.abspath(photo))  # noqa: PTH100, PTH120


def _unlinked_path(file: Path) -> str:
    """The path of a file with the links of its folders resolved, but not its own."""
    return os.path.join(os.path.realpath(file.parent), file.name)  # noqa: PTH118
