"""The resize rule, and preprocessing that only resizes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from resistor_cls.data.images.decode import RGB
from resistor_cls.data.images.preprocessed import PreprocessedImage, check_channels
from resistor_cls.errors import ConfigError

STRIP = 16_000_000  # values that are resized at once: 64 MB as float32


def resize(photos: Tensor, shape: tuple[int, int]) -> Tensor:
    """Resizes by bilinear interpolation with antialiasing, as Hydrogen Torch's plain resize does.

    This is the only resize rule of the project: the photo cache, the predictor and the model's own
    preprocessing call it.

    Args:
        photos: (batch, channels, height, width) float32 in [0, 1].
        shape: rows and columns of the result.

    Returns:
        (batch, channels, *shape) float32, on the 256 levels of an 8-bit photo: a photo that was
        resized and stored is the same photo as one that is resized on the way into a model.
    """
    if photos.shape[-2:] == shape:
        return photos
    return _on_levels(_stretched(photos, shape))


def resize_image(photo: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Resizes one decoded photo.

    Args:
        photo: (height, width, channels) uint8.
        shape: rows and columns of the result.

    Returns:
        (*shape, channels) uint8.
    """
    height, width, channels = photo.shape
    if (height, width) == shape:
        return photo.copy()
    # Rows and columns are resized one after the other anyway, so strips give the same to the bit
    # (a test holds this), and a photo of 128 megapixels does not take 1.5 GB.
    rows = max(1, STRIP // (channels * max(width, shape[1])))
    strips = []
    for top in range(0, height, rows):
        # PyTorch warns of arrays that are read-only: copy.
        strip = torch.from_numpy(photo[top : top + rows].copy()).permute(2, 0, 1)[None]
        strips.append(_stretched(strip.float().div_(255), (strip.shape[2], shape[1])))
    small = _on_levels(_stretched(torch.cat(strips, 2), shape))
    return small[0].mul(255).round().byte().permute(1, 2, 0).contiguous().numpy()


def _stretched(photos: Tensor, shape: tuple[int, int]) -> Tensor:
    if photos.shape[-2:] == shape:
        return photos
    if 1 in photos.shape[-2:]:
        # Of one row or column PyTorch (2.15) repeats the first pixel where channels lie last.
        photos = photos.contiguous()
    return interpolate(photos, size=shape, mode="bilinear", antialias=True, align_corners=False)


def _on_levels(photos: Tensor) -> Tensor:
    """Values in [0, 1] rounded to the 256 levels of an 8-bit photo."""
    return photos.mul(255).round().clamp(0, 255).div(255)


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
