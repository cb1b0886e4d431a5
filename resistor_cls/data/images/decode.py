"""Decodes a photo: from the bytes of a file to upright pixels."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError
from PIL.ImageFile import ImageFile

from resistor_cls.data.images.arrays import NPY, decode_array
from resistor_cls.data.images.files import image_errors, named, photo_bytes
from resistor_cls.data.images.headers import GREY_16_BIT, check_bytes, check_header
from resistor_cls.data.images.jpeg import decode_jpeg
from resistor_cls.errors import DataError

JPEG_SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"})
SUFFIXES = JPEG_SUFFIXES | {".png", ".bmp", ".webp", ".tif", ".tiff", ".npy"}
# What the suffixes stand for. Pillow would try some forty more, and hand PostScript to Ghostscript.
FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "TIFF")
_SUFFIX_OF = {
    "JPEG": ".jpg", "MPO": ".jpg", "PNG": ".png", "BMP": ".bmp", "WEBP": ".webp", "TIFF": ".tiff"
}  # fmt: skip
# Pillow's own limit is switched off, in the whole process: it warns of any photo above 89
# megapixels, and a warning can only be silenced for all threads at once. `check_header` refuses
# what is above ours before a pixel is decoded.
Image.MAX_IMAGE_PIXELS = None
RGB = 3  # channels
_REMEDY = "the file may be damaged: copy the photo again, or save it as JPEG or PNG"
STRIP = 16_000_000  # values that are copied at once: 16 MB, however large the photo is


def read_photo(path: Path) -> np.ndarray:
    """Decodes a photo, upright.

    Returns:
        (height, width, channels) uint8, as from `decode_photo`.

    Raises:
        DataError: a file that is absent, or that `decode_photo` refuses; the message names it.
    """
    with named(path):
        return decode_photo(photo_bytes(path))


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
        DataError: bytes that are not a complete image of `FORMATS`, beyond the limits of
            `resistor_cls.data.images.headers`, several frames or pages, or pixels of 32 bits;
            an array of another kind or dimension.
    """
    with image_errors("decoded", _REMEDY), _checked(encoded) as found:
        if isinstance(found, np.ndarray):
            return found
        if found.format in ("JPEG", "MPO") and found.mode == "RGB":
            orientation = found.getexif().get(ExifTags.Base.Orientation, 1)
            photo = decode_jpeg(encoded, found.size, orientation)
            if photo is not None:
                return photo
        # In its place: a copy of 128 megapixels takes 0.5 GB.
        ImageOps.exif_transpose(found, in_place=True)
        return to_rgb(found)


class PhotoHeader(NamedTuple):
    """What the header of a photo says.

    Attributes:
        width: in pixels, as stored.
        height: in pixels, as stored.
        suffix: of a file of this kind, such as `.jpg`.
    """

    width: int
    height: int
    suffix: str

    @property
    def pixels(self) -> int:
        """Width times height."""
        return self.width * self.height


def photo_header(encoded: bytes) -> PhotoHeader:
    """Reads and checks the header of a photo; no pixel is decoded.

    Raises:
        DataError: see `decode_photo`; damage behind the header is not found.
    """
    with image_errors("decoded", _REMEDY), _checked(encoded) as found:
        if isinstance(found, np.ndarray):
            return PhotoHeader(found.shape[1], found.shape[0], ".npy")
        return PhotoHeader(found.width, found.height, _SUFFIX_OF[found.format or ""])


@contextmanager
def _checked(encoded: bytes) -> Iterator[ImageFile | np.ndarray]:
    """Opens a photo after the checks of its header; an array is complete.

    Raises:
        DataError: see `decode_photo`.
    """
    if not encoded:
        raise DataError("the file is empty: copy the photo again")
    bounds = check_bytes(encoded)
    if encoded.startswith(NPY):
        yield decode_array(encoded)
        return
    try:
        # The formats stand third: "r" is the only mode there is.
        opened = Image.open(BytesIO(encoded), "r", FORMATS)
    except UnidentifiedImageError:
        raise DataError(
            f"this is {_kind_of(encoded)}: expected JPEG, PNG, BMP, WebP or TIFF (or .npy of "
            "numpy.save); save the photo as JPEG or PNG"
        ) from None
    with opened as image:
        check_header(image, bounds)
        yield image


def _kind_of(encoded: bytes) -> str:
    """What a file is that is not read, by what it begins with."""
    if encoded[:6] in (b"GIF87a", b"GIF89a"):
        return "a GIF, which is not read"
    # The brands of ISO/IEC 23008-12 stand behind "ftyp".
    if encoded[4:8] == b"ftyp" and encoded[8:12] in (b"heic", b"heix", b"mif1", b"msf1", b"hevc"):
        return "a HEIC picture, which is not read"
    if encoded[4:8] == b"ftyp" and encoded[8:12] in (b"avif", b"avis"):
        return "an AVIF picture, which is not read"
    return "not a photo, or its beginning is damaged"


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
        strip = image if rows >= image.height else image.crop((0, top, image.width, low))
        photo[top:low] = np.asarray(strip)
    return photo


def _grey_to_rgb(image: Image.Image) -> np.ndarray:
    """16-bit levels on the scale of 8 bits: 65535 = 257 × 255."""
    levels = np.asarray(image)
    grey = ((levels.astype(np.uint32) + 128) // 257).astype(np.uint8)
    grey[levels == image.info.get("transparency")] = 255
    return np.repeat(grey[..., None], 3, axis=2)
