"""One photo: from a file to pixels of the size that a model takes."""

from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor
from torch.nn.functional import interpolate

from resistor_cls.errors import DataError

# Pillow's modes of more than 8 bits, which it would clip to white.
DEEP = frozenset({"I", "F", "I;16", "I;16B", "I;16L"})
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})


def read_photo(path: Path) -> np.ndarray:
    """Decodes a photo, upright.

    Returns:
        (height, width, 3) uint8 RGB, the EXIF rotation applied.

    Raises:
        DataError: a file that is absent, empty, truncated, no image, or far too large.
    """
    try:
        return decode_photo(path.read_bytes())
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from error
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def decode_photo(encoded: bytes) -> np.ndarray:
    """Decodes the bytes of a photo, upright.

    Returns:
        (height, width, 3) uint8 RGB, the EXIF rotation applied.

    Raises:
        DataError: bytes that are no complete image.
    """
    if not encoded:
        raise DataError("the file is empty")
    try:
        with Image.open(BytesIO(encoded)) as image:
            if image.mode in DEEP:
                raise DataError(
                    f"pixels of mode {image.mode}: save the photo with 8 bits a channel"
                )
            return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    except UnidentifiedImageError:
        raise DataError("this is no image that can be decoded") from None
    # Pillow's plugins raise these four for broken files, depending on where the damage is.
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"the image cannot be decoded: {error}") from error


def resize(photos: Tensor, size: int) -> Tensor:
    """Resizes to a square, anti-aliased, as Hydrogen Torch's plain resize does.

    This is the one resize of the project: the photo cache, the predictor and the model's own
    preprocessing call it, so that they cannot disagree.

    Args:
        photos: (batch, 3, height, width) float32 in [0, 1].
        size: side of the result in pixels.

    Returns:
        (batch, 3, size, size) float32, on the 256 levels of an 8-bit photo: a photo that was
        resized and stored is the same photo as one that is resized on the way into a model.
    """
    if photos.shape[-2:] == (size, size):
        return photos
    small = interpolate(
        photos, size=(size, size), mode="bilinear", antialias=True, align_corners=False
    )
    return small.mul(255).round().clamp(0, 255).div(255)


def shrink(photo: np.ndarray, size: int) -> np.ndarray:
    """Resizes one decoded photo.

    Args:
        photo: (height, width, 3) uint8 RGB.
        size: side of the result in pixels.

    Returns:
        (size, size, 3) uint8 RGB.
    """
    # Pillow's arrays are read-only and PyTorch warns of those: copy.
    photos = torch.from_numpy(photo.copy()).permute(2, 0, 1)[None]
    small = resize(photos.float().div(255), size)
    return small[0].mul(255).round().byte().permute(1, 2, 0).contiguous().numpy()
