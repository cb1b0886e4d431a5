"""The resize rule for decoded photos, and preprocessing that only resizes."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from PIL import Image

from resistor_cls.data.images.decode import RGB
from resistor_cls.data.images.preprocessed import PreprocessedImage, check_channels
from resistor_cls.errors import ConfigError

_MAX_SPLIT = 4  # channels; OpenCV splits no more than 128 or 512, depending on its version
STRIP = 16_000_000  # values that are resized at once: 64 MB as float32


def resize_image(photo: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Resizes one decoded photo by bilinear interpolation with antialiasing.

    This is the only resize rule of the project, as Hydrogen Torch's plain resize does it: the photo
    cache and the predictor call this function. `resistor_cls.data.images.resize_batch` follows the
    same rule for batches of tensors, which may differ by one level where a value is halfway between
    two.

    Args:
        photo: (height, width, channels) uint8.
        shape: rows and columns of the result.

    Returns:
        (*shape, channels) uint8.
    """
    height, width, channels = photo.shape
    if (height, width) == shape:
        return photo.copy()
    resized = np.empty((*shape, channels), np.uint8)
    # Rows and columns are resized one after the other anyway, so strips give the same to the bit
    # (a test holds this), and a photo of 128 megapixels does not take 1.5 GB.
    rows = max(1, STRIP // max(width, shape[1]))
    strips = [
        [_stretched(plane, None, shape[1]) for plane in _planes(photo[top : top + rows])]
        for top in range(0, height, rows)
    ]
    for channel, parts in enumerate(zip(*strips, strict=True)):
        levels = _stretched(np.concatenate(parts), shape[0], shape[1])
        resized[..., channel] = np.clip(np.rint(levels), 0, 255)
    return resized


def _planes(photo: np.ndarray) -> Sequence[np.ndarray]:
    """The channels of a photo, (height, width) each."""
    if photo.shape[2] > _MAX_SPLIT:
        return list(np.moveaxis(photo, -1, 0))
    return cv2.split(photo)  # twice as fast as copies by NumPy


def _stretched(levels: np.ndarray, rows: int | None, columns: int) -> np.ndarray:
    """One channel, uint8 or float32, in float32; None leaves the rows as they are.

    Pillow computes in double precision and does not round images of floats. PyTorch's
    interpolation with antialiasing was made to give the same.
    """
    image = Image.fromarray(levels).convert("F")
    size = (columns, levels.shape[0] if rows is None else rows)
    return np.asarray(image.resize(size, Image.Resampling.BILINEAR))


def checked_size(size: Any, key: str) -> int | list[int]:
    """A size as plain values: a number, or rows and columns.

    Args:
        size: a whole number of 1 or more, or two of them.
        key: that sets it, for the message.

    Raises:
        ConfigError: something else.
    """
    values = [size] if isinstance(size, int) else list(size) if _is_pair(size) else []
    if not values or not all(type(value) is int and value >= 1 for value in values):
        raise ConfigError(
            f"{key}={size}: expected 1 or more pixels, a whole number or two: [rows, columns]"
        )
    return values[0] if len(values) == 1 else values


def _is_pair(size: Any) -> bool:
    return isinstance(size, Sequence) and not isinstance(size, str) and len(size) == 2


class Resize:
    """Preprocessing that resizes the whole photo.

    Args:
        size: side of the result in pixels, or its rows and columns.
        channels: of the photos; 3 are RGB, others come as arrays (`.npy`).

    Raises:
        ConfigError: an invalid size.
    """

    locates = False

    def __init__(self, size: int | Sequence[int], channels: int = RGB) -> None:
        self.size, self.channels = checked_size(size, "data.image_size"), channels
        rows, columns = (
            (self.size, self.size) if isinstance(self.size, int) else (self.size[0], self.size[1])
        )
        self.shape = rows, columns
        # Caches are found by these names: a change would decode all photos again.
        self.key = f"shrink {rows}" if rows == columns else f"shrink {rows}x{columns}"
        if channels != RGB:
            self.key += f" {channels} channels"

    def __call__(self, photo: np.ndarray) -> PreprocessedImage:
        """Resizes one photo; see `ImagePreprocessing`."""
        check_channels(photo, self.channels)
        return PreprocessedImage(resize_image(photo, self.shape))

    def every(self, photo: np.ndarray) -> list[PreprocessedImage]:
        """The whole photo, resized: nothing is looked for; see `ImagePreprocessing`."""
        return [self(photo)]
