"""One photo: from a file to pixels of the size that a model takes."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor
from torch.nn.functional import interpolate

from resistor_cls.data.geometry import OrientedBox
from resistor_cls.data.images.arrays import NPY, decode_array
from resistor_cls.data.images.files import image_errors, named, photo_bytes
from resistor_cls.data.images.headers import GREY_16_BIT, check_bytes, check_header
from resistor_cls.errors import ConfigError, DataError

JPEG_SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"})
SUFFIXES = JPEG_SUFFIXES | {".png", ".bmp", ".webp", ".tif", ".tiff", ".npy"}
# What the suffixes stand for. Pillow would try some forty more, and hand PostScript to Ghostscript.
FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "TIFF")
# Pillow's own limit is switched off, in the whole process: it warns of any photo above 89
# megapixels, and a warning can only be silenced for all threads at once. `check_header` refuses
# what is above ours before a pixel is decoded.
Image.MAX_IMAGE_PIXELS = None
RGB = 3  # channels
# Values that are copied or resized at once: 64 MB as float32, however large the photo is.
STRIP = 16_000_000


def read_photo(path: Path) -> np.ndarray:
    """Decodes a photo, upright.

    Returns:
        (height, width, channels) uint8, as from `decode_photo`.

    Raises:
        DataError: a file that is absent, or that `decode_photo` refuses; the message names it.
    """
    with named(path):
        return decode_photo(photo_bytes(path))


def read_preprocessed(path: Path, prepare: "ImagePreprocessing") -> "PreprocessedImage":
    """Decodes and prepares a photo.

    Raises:
        DataError: as of `read_photo`, or a photo that cannot be prepared; the message names it.
    """
    with named(path):
        return prepared(decode_photo(photo_bytes(path)), prepare)


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
        DataError: bytes that are no complete image of `FORMATS`, beyond the limits of
            `resistor_cls.data.images.headers`, several frames or pages, or pixels of 32 bits;
            an array of another kind or dimension.
    """
    if not encoded:
        raise DataError("the file is empty")
    with image_errors("decoded"):
        bounds = check_bytes(encoded)
        if encoded.startswith(NPY):
            return decode_array(encoded)
        try:
            # The formats stand third: "r" is the only mode there is.
            opened = Image.open(BytesIO(encoded), "r", FORMATS)
        except UnidentifiedImageError:
            raise DataError(
                f"this is {_kind_of(encoded)} that can be decoded: expected JPEG, PNG, BMP, WebP, "
                "TIFF or an array that numpy saved; convert pictures to JPEG or PNG"
            ) from None
        with opened as image:
            check_header(image, bounds)
            # In its place: a copy of 128 megapixels takes 0.5 GB.
            ImageOps.exif_transpose(image, in_place=True)
            return to_rgb(image)


def _kind_of(encoded: bytes) -> str:
    """What a file is that is not read, by what it begins with."""
    if encoded[:6] in (b"GIF87a", b"GIF89a"):
        return "a GIF, not an image"
    # The brands of ISO/IEC 23008-12 stand behind "ftyp".
    if encoded[4:8] == b"ftyp" and encoded[8:12] in (b"heic", b"heix", b"mif1", b"msf1", b"hevc"):
        return "a HEIC picture, not an image"
    if encoded[4:8] == b"ftyp" and encoded[8:12] in (b"avif", b"avis"):
        return "an AVIF picture, not an image"
    return "no image"


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


def to_rgb(image: Image.Image) -> np.ndarray:
    """The pixels of an opened image as (height, width, 3) uint8 RGB."""
    if image.mode in GREY_16_BIT:
        return _grey_to_rgb(image)
    if image.has_transparency_data:
        # Converting to RGB alone would show the colours that were hidden.
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return _pixels(image if image.mode == "RGB" else image.convert("RGB"))


def _pixels(image: Image.Image) -> np.ndarray:
    """(height, width, 3) uint8 of an RGB image, strip by strip: numpy takes two copies else."""
    photo = np.empty((image.height, image.width, RGB), np.uint8)
    rows = max(1, STRIP // (RGB * image.width))
    for top in range(0, image.height, rows):
        low = min(top + rows, image.height)
        photo[top:low] = np.asarray(image.crop((0, top, image.width, low)))
    return photo


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
    # (a test holds this), and a photo of 128 megapixels takes no 1.5 GB.
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


def _whole() -> np.ndarray:
    return np.eye(2, 3)


@dataclass(frozen=True)
class PreprocessedImage:
    """What a preparation made of a photo.

    Attributes:
        photo: (rows, columns, channels) uint8.
        located: False where the body was looked for and not found.
        place: (2, 3) float64, what it shows of the upright original: a point at the fractions
            (x, y) of the prepared photo lies at `place @ (x, y, 1)` in fractions of the original.
        body: where the body lies in pixels of the prepared photo, as it was found; else None.
        box: the same body in pixels of the upright original. Caches keep `body` and `place`, from
            which it follows, and leave it None.
    """

    photo: np.ndarray
    located: bool = True
    place: np.ndarray = field(default_factory=_whole)
    body: OrientedBox | None = None
    box: OrientedBox | None = None


class ImagePreprocessing(Protocol):
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

    def __call__(self, photo: np.ndarray) -> PreprocessedImage:
        """Prepares one photo; called by several threads at once.

        Args:
            photo: (height, width, channels) uint8, of any size.

        Raises:
            DataError: a photo of other channels.
        """

    def every(self, photo: np.ndarray) -> list[PreprocessedImage]:
        """Prepares each body of a photo by itself; called by several threads at once.

        Args:
            photo: as of `__call__`.

        Returns:
            One a body, the likeliest first; empty where none is found. A preparation that does not
            look for bodies gives the whole photo.

        Raises:
            DataError: a photo of other channels.
        """


def prepared(photo: np.ndarray, prepare: ImagePreprocessing) -> PreprocessedImage:
    """What a preparation makes of a decoded photo.

    Raises:
        DataError: a photo of other channels, or one that no library can prepare.
    """
    with image_errors("prepared"):
        return prepare(photo)


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


class Resize:
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

    def __call__(self, photo: np.ndarray) -> PreprocessedImage:
        """Resizes one photo; see `ImagePreprocessing`."""
        check_channels(photo, self.channels)
        return PreprocessedImage(resize_image(photo, self.shape))

    def every(self, photo: np.ndarray) -> list[PreprocessedImage]:
        """The whole photo, resized: nothing is looked for; see `ImagePreprocessing`."""
        return [self(photo)]


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
