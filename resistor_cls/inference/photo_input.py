"""Photos as callers give them: files, their bytes, arrays, or images of Pillow."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

import numpy as np
from PIL import Image, ImageOps

from resistor_cls.data.images.decode import decode_photo, to_rgb
from resistor_cls.data.images.files import image_errors, photo_bytes
from resistor_cls.errors import DataError

# A file, or a photo in memory: the bytes of a file, (height, width, 3) uint8 RGB, or an image of
# Pillow.
Photo: TypeAlias = str | os.PathLike[str] | bytes | np.ndarray | Image.Image


def is_one(photos: Photo | Iterable[Photo]) -> bool:
    """Whether this is one photo, and not many."""
    if isinstance(photos, np.ndarray):
        return photos.ndim != 4  # `pixels_of` refuses other dimensions than 3
    return isinstance(photos, str | os.PathLike | bytes | Image.Image)


def pixels_of(photo: Photo) -> np.ndarray:
    """(height, width, channels) uint8 of a photo, upright.

    Raises:
        DataError: a file, an array or an image that is not a photo.
        TypeError: something of another type.
    """
    if isinstance(photo, bytes):
        return decode_photo(photo)
    if isinstance(photo, np.ndarray):
        if photo.ndim != 3 or photo.dtype != np.uint8 or 0 in photo.shape:
            raise DataError(
                f"an array of shape {photo.shape} and type {photo.dtype}: expected "
                "(height, width, 3) uint8 RGB"
            )
        return photo
    if isinstance(photo, Image.Image):
        if 0 in photo.size:
            raise DataError(
                f"an image of {photo.width}×{photo.height} pixels: expected one pixel or more"
            )
        with image_errors("decoded"):
            return to_rgb(ImageOps.exif_transpose(photo))
    if not isinstance(photo, str | os.PathLike):
        raise TypeError(f"{type(photo).__name__}: expected a path, bytes, an array or a PIL image")
    if "\0" in os.fspath(photo):
        raise DataError(
            "a name with a null character (\\0), which no file can have: check the path"
        )
    return decode_photo(photo_bytes(Path(photo)))
