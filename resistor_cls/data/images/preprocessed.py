"""The preprocessed photo, and the protocol of what makes it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from resistor_cls.data.geometry import OrientedBox
from resistor_cls.data.images.decode import RGB, decode_photo
from resistor_cls.data.images.files import image_errors, named, photo_bytes
from resistor_cls.errors import DataError


def _whole() -> np.ndarray:
    return np.eye(2, 3)


@dataclass(frozen=True)
class PreprocessedImage:
    """A photo after preprocessing.

    Attributes:
        photo: (rows, columns, channels) uint8.
        located: False if the body was looked for and not found.
        place: (2, 3) float64, what it shows of the upright original: a point at the fractions
            (x, y) of the preprocessed photo lies at `place @ (x, y, 1)` in fractions of the
            original.
        body: where the body lies in pixels of the preprocessed photo, as it was found; else None.
        box: the same body in pixels of the upright original. Caches keep `body` and `place`, from
            which it follows, and leave it None.
    """

    photo: np.ndarray
    located: bool = True
    place: np.ndarray = field(default_factory=_whole)
    body: OrientedBox | None = None
    box: OrientedBox | None = None


class ImagePreprocessing(Protocol):
    """Deterministic preprocessing: what is done once to each decoded photo, before any batch.

    Every photo that a model sees goes through it. The package `model` has one of its own, a crop
    around the body that a detector finds.

    Attributes:
        size: longer side in pixels of what comes out, or its rows and columns.
        shape: its rows and columns.
        channels: of photos, before and after; 3 are RGB.
        key: text that identifies this preprocessing; photos are cached by it.
        locates: whether it looks for the body.
    """

    size: int | list[int]
    shape: tuple[int, int]
    channels: int
    key: str
    locates: bool

    def __call__(self, photo: np.ndarray) -> PreprocessedImage:
        """Preprocesses one photo; called by several threads at once.

        Args:
            photo: (height, width, channels) uint8, of any size.

        Raises:
            DataError: a photo of other channels.
        """

    def every(self, photo: np.ndarray) -> list[PreprocessedImage]:
        """Preprocesses each body of a photo by itself; called by several threads at once.

        Args:
            photo: as of `__call__`.

        Returns:
            One per body, the most probable first; empty if none is found. Preprocessing that does
            not look for bodies returns the whole photo.

        Raises:
            DataError: a photo of other channels.
        """


def preprocess_photo(photo: np.ndarray, preprocess: ImagePreprocessing) -> PreprocessedImage:
    """Preprocesses a decoded photo.

    Raises:
        DataError: a photo of other channels, or one that a library cannot process.
    """
    with image_errors("preprocessed"):
        return preprocess(photo)


def read_preprocessed(path: Path, preprocess: ImagePreprocessing) -> PreprocessedImage:
    """Decodes and preprocesses a photo.

    Raises:
        DataError: as of `read_photo`, or a photo that cannot be preprocessed; the message names it.
    """
    with named(path):
        return preprocess_photo(decode_photo(photo_bytes(path)), preprocess)


def check_channels(photo: np.ndarray, channels: int) -> None:
    """Compares the channels of a decoded photo with those that preprocessing takes.

    Raises:
        DataError: they differ.
    """
    found = photo.shape[2]
    if found != channels:
        takes = "3 (or 1, which takes RGB too)" if channels == RGB else str(channels)
        raise DataError(
            f"it has {found} channels, model.channels={takes}: choose other photos, or set "
            f"model.channels={found}"
        )
