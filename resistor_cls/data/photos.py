"""One photo: from a file to pixels of the size that a model takes."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.ImageFile import ImageFile
from PIL.TiffImagePlugin import BITSPERSAMPLE, PHOTOMETRIC_INTERPRETATION, TiffImageFile
from torch import Tensor
from torch.nn.functional import interpolate

from resistor_cls.data.bodies import Location
from resistor_cls.errors import ConfigError, DataError

JPEG_SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"})
SUFFIXES = JPEG_SUFFIXES | {".png", ".bmp", ".webp", ".tif", ".tiff", ".npy"}
# What the suffixes stand for. Pillow would try some forty more, and hand PostScript to Ghostscript.
FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "TIFF")
GREY_16_BIT = frozenset({"I;16", "I;16B", "I;16L"})
DEEPER = frozenset({"I", "F"})  # 32 bits a pixel, whose white no standard fixes
# The largest phone cameras give 108 megapixels. Decoded, this many take 0.4 GB, and 1.5 GB more
# while they are resized.
MOST_PIXELS = 128_000_000
# Pillow's own limit is switched off, in the whole process: it warns of any photo above 89
# megapixels, and a warning can only be silenced for all threads at once. `_check_header` refuses
# what is above ours before a pixel is decoded.
Image.MAX_IMAGE_PIXELS = None
NPY = b"\x93NUMPY"  # what the file of an array begins with (NEP 1)
RGB = 3  # channels


def read_photo(path: Path) -> np.ndarray:
    """Decodes a photo, upright.

    Returns:
        (height, width, channels) uint8, as from `decode_photo`.

    Raises:
        DataError: a file that is absent, or that `decode_photo` refuses; the message names it.
    """
    try:
        return decode_photo(path.read_bytes())
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from error
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def decode_photo(encoded: bytes) -> np.ndarray:
    """Decodes the bytes of a photo, upright.

    Grey, CMYK and palette colours become RGB, 16-bit grey is scaled by 1/257 (never stretched to
    its own range), and what is transparent shows white. Of the two pictures that some phones write
    into one JPEG (MPO, CIPA DC-007) the first is taken. What numpy saved (`.npy`) is taken as it
    is, with as many channels as it has.

    Returns:
        (height, width, 3) uint8 RGB, the EXIF rotation applied; of an array
        (height, width, channels) uint8.

    Raises:
        DataError: bytes that are no complete image of `FORMATS`, more than `MOST_PIXELS`, several
            frames or pages, or pixels of 32 bits; an array of another kind or dimension.
    """
    if not encoded:
        raise DataError("the file is empty")
    if encoded.startswith(NPY):
        return _array(encoded)
    try:
        # The formats stand third: "r" is the only mode there is.
        with Image.open(BytesIO(encoded), "r", FORMATS) as image:
            _check_header(image)
            return _to_rgb(ImageOps.exif_transpose(image))
    except UnidentifiedImageError:
        raise DataError(
            "this is no image that can be decoded: expected JPEG, PNG, BMP, WebP, TIFF or an "
            "array that numpy saved"
        ) from None
    except DataError:
        raise
    # Pillow's plugins raise whatever damaged bytes lead them to: KeyError and struct.error too.
    except Exception as error:
        why = str(error) or type(error).__name__
        raise DataError(f"the image cannot be decoded: {why}") from error


def _array(encoded: bytes) -> np.ndarray:
    """The channels that `numpy.save` wrote. Only the header is parsed: no pickle is ever opened."""
    file = BytesIO(encoded)
    try:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0
        if version > (1, 0):
            read = np.lib.format.read_array_header_2_0
        shape, by_columns, kind = read(file)
    # numpy parses the header as Python's literals, which damage breaks in many ways.
    except Exception as error:
        raise DataError(f"the array cannot be decoded: {error or type(error).__name__}") from error
    if kind != np.uint8:
        raise DataError(f"an array of {kind}: expected uint8, save it by numpy.save as that")
    if len(shape) != 3 or min(shape) < 1:
        raise DataError(f"an array of the shape {shape}: expected (height, width, channels)")
    if math.prod(shape) > RGB * MOST_PIXELS:
        raise DataError(
            f"{' × '.join(map(str, shape))} values are more than {RGB * MOST_PIXELS // 10**6} "
            "million: save the photo smaller"
        )
    values = np.frombuffer(encoded, np.uint8, offset=file.tell())
    if values.size != math.prod(shape):
        raise DataError(
            f"the array cannot be decoded: {values.size} bytes of {math.prod(shape)}, the file is "
            "damaged"
        )
    return np.ascontiguousarray(values.reshape(shape, order="F" if by_columns else "C"))


def as_rgb(photo: np.ndarray) -> np.ndarray:
    """What people are shown of a photo of any channels.

    Args:
        photo: (height, width, channels) uint8.

    Returns:
        (height, width, 3) uint8: the first three channels; of fewer, the first one as grey.
    """
    if photo.shape[2] == RGB:
        return photo
    shown = photo[..., :RGB] if photo.shape[2] > RGB else np.repeat(photo[..., :1], RGB, axis=2)
    return np.ascontiguousarray(shown)


def checked_size(size: Any, key: str) -> int | list[int]:
    """A size as plain values: a number, or rows and columns.

    Args:
        size: a whole number of 1 or more, or two of them.
        key: that it was given by.

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


def _check_header(image: ImageFile) -> None:
    """Refuses, before any pixel is decoded, what cannot become one photo of 8 bits.

    Raises:
        DataError: says what was found and what to do.
    """
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise DataError(
            f"{width} × {height} pixels are more than {MOST_PIXELS // 10**6} megapixels: "
            "save the photo smaller"
        )
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format != "MPO":
        raise DataError(f"{frames} frames or pages: save one of them as a photo of its own")
    if image.mode in DEEPER or _is_misread(image):
        raise DataError(
            f"{image.format} pixels of mode {image.mode} have a depth that is not read: "
            "save the photo with 8 bits a channel"
        )


def _is_misread(image: ImageFile) -> bool:
    """Whether Pillow (13.0) would make other colours of this image than are meant.

    Of grey TIFFs it gives 12 bits the mode of 16, and takes no notice of 16 bits that count from
    white. In PNGs of fewer or more than 8 bits it compares the one transparent colour with pixels
    that are already scaled to 8, and so leaves what was hidden in sight.
    """
    if isinstance(image, TiffImageFile) and image.mode in GREY_16_BIT:
        meaning = (image.tag_v2.get(BITSPERSAMPLE), image.tag_v2.get(PHOTOMETRIC_INTERPRETATION))
        return meaning != ((16,), 1)  # 1: zero is black
    scaled = any(tile.args in {"L;2", "L;4", "RGB;16B"} for tile in image.tile)
    return scaled and "transparency" in image.info


def _to_rgb(image: Image.Image) -> np.ndarray:
    """The pixels of an opened image as (height, width, 3) uint8 RGB."""
    if image.mode in GREY_16_BIT:
        return _grey_to_rgb(image)
    if image.has_transparency_data:
        # Converting to RGB alone would show the colours that were hidden.
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.asarray(image.convert("RGB"))


def _grey_to_rgb(image: Image.Image) -> np.ndarray:
    """16-bit levels on the scale of 8 bits: 65535 = 257 × 255."""
    levels = np.asarray(image)
    grey = ((levels.astype(np.uint32) + 128) // 257).astype(np.uint8)
    grey[levels == image.info.get("transparency")] = 255
    return np.repeat(grey[..., None], 3, axis=2)


def resize(photos: Tensor, shape: tuple[int, int]) -> Tensor:
    """Resizes, anti-aliased, as Hydrogen Torch's plain resize does.

    This is the one resize of the project: the photo cache, the predictor and the model's own
    preprocessing call it, so that they cannot disagree.

    Args:
        photos: (batch, channels, height, width) float32 in [0, 1].
        shape: rows and columns of the result.

    Returns:
        (batch, channels, *shape) float32, on the 256 levels of an 8-bit photo: a photo that was
        resized and stored is the same photo as one that is resized on the way into a model.
    """
    if photos.shape[-2:] == shape:
        return photos
    small = interpolate(photos, size=shape, mode="bilinear", antialias=True, align_corners=False)
    return small.mul(255).round().clamp(0, 255).div(255)


def shrink(photo: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Resizes one decoded photo.

    Args:
        photo: (height, width, channels) uint8.
        shape: rows and columns of the result.

    Returns:
        (*shape, channels) uint8.
    """
    # Pillow's arrays are read-only and PyTorch warns of those: copy.
    photos = torch.from_numpy(photo.copy()).permute(2, 0, 1)[None]
    small = resize(photos.float().div_(255), shape)
    return small[0].mul(255).round().byte().permute(1, 2, 0).contiguous().numpy()


def _whole() -> np.ndarray:
    return np.eye(2, 3)


@dataclass(frozen=True)
class Prepared:
    """What a preparation made of a photo.

    Attributes:
        photo: (rows, columns, channels) uint8.
        located: False where the body was looked for and not found.
        place: (2, 3) float64, what it shows of the upright original: a point at the fractions
            (x, y) of the prepared photo lies at `place @ (x, y, 1)` in fractions of the original.
        body: where the body lies in pixels of the prepared photo, as it was found; else None.
    """

    photo: np.ndarray
    located: bool = True
    place: np.ndarray = field(default_factory=_whole)
    body: Location | None = None


class Preparation(Protocol):
    """What is done to a decoded photo once, before any batch: whatever a model sees went through.

    A room behind this one may bring its own, such as a crop that a net finds.

    Attributes:
        size: longer side in pixels of what comes out, or its rows and columns.
        shape: its rows and columns.
        channels: of photos, before and after; 3 are RGB.
        key: text that tells it from every other preparation; photos are cached by it.
        locates: whether it looks for the body.
    """

    @property
    def size(self) -> int | list[int]: ...  # noqa: D102

    @property
    def shape(self) -> tuple[int, int]: ...  # noqa: D102

    @property
    def channels(self) -> int: ...  # noqa: D102

    @property
    def key(self) -> str: ...  # noqa: D102

    @property
    def locates(self) -> bool: ...  # noqa: D102

    def __call__(self, photo: np.ndarray) -> Prepared:
        """Prepares one photo; called by several threads at once.

        Args:
            photo: (height, width, channels) uint8, of any size.

        Raises:
            DataError: a photo of other channels.
        """


def check_channels(photo: np.ndarray, channels: int) -> None:
    """Compares the channels of a decoded photo with those that a preparation takes.

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


class Shrink:
    """The whole photo, resized.

    Args:
        size: side of the result in pixels, or its rows and columns.
        channels: of the photos; 3 are RGB, others come as arrays (`.npy`).

    Raises:
        ConfigError: a size that is none.
    """

    locates = False

    def __init__(self, size: int | Sequence[int], channels: int = RGB) -> None:
        self.size, self.channels = checked_size(size, "data.image_size"), channels
        rows, columns = (
            (self.size, self.size) if isinstance(self.size, int) else (self.size[0], self.size[1])
        )
        self.shape = rows, columns
        # Caches that older versions made go by the first of these names.
        self.key = f"shrink {rows}" if rows == columns else f"shrink {rows}x{columns}"
        if channels != RGB:
            self.key += f" {channels} channels"

    def __call__(self, photo: np.ndarray) -> Prepared:
        """Resizes one photo; see `Preparation`."""
        check_channels(photo, self.channels)
        return Prepared(shrink(photo, self.shape))


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Lets PyTorch work in the calling thread alone, and in every thread that begins meanwhile.

    Where threads take a photo each, more of them within each photo only wait for one another; and
    a sum that is shared out to another number of threads is another sum in its last digits.
    """
    before = torch.get_num_threads()
    if before == 1:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
