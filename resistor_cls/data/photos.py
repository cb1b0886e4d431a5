"""One photo: from a file to pixels of the size that a model takes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.ImageFile import ImageFile
from PIL.TiffImagePlugin import BITSPERSAMPLE, PHOTOMETRIC_INTERPRETATION, TiffImageFile
from torch import Tensor
from torch.nn.functional import interpolate

from resistor_cls.data.bodies import Location
from resistor_cls.errors import DataError

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})
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


def read_photo(path: Path) -> np.ndarray:
    """Decodes a photo, upright.

    Returns:
        (height, width, 3) uint8 RGB, as from `decode_photo`.

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
    into one JPEG (MPO, CIPA DC-007) the first is taken.

    Returns:
        (height, width, 3) uint8 RGB, the EXIF rotation applied.

    Raises:
        DataError: bytes that are no complete image of `FORMATS`, more than `MOST_PIXELS`, several
            frames or pages, or pixels of 32 bits.
    """
    if not encoded:
        raise DataError("the file is empty")
    try:
        # The formats stand third: "r" is the only mode there is.
        with Image.open(BytesIO(encoded), "r", FORMATS) as image:
            _check_header(image)
            return _to_rgb(ImageOps.exif_transpose(image))
    except UnidentifiedImageError:
        raise DataError(
            "this is no image that can be decoded: expected JPEG, PNG, BMP, WebP or TIFF"
        ) from None
    except DataError:
        raise
    # Pillow's plugins raise whatever damaged bytes lead them to: KeyError and struct.error too.
    except Exception as error:
        why = str(error) or type(error).__name__
        raise DataError(f"the image cannot be decoded: {why}") from error


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
        photos: (batch, 3, height, width) float32 in [0, 1].
        shape: rows and columns of the result.

    Returns:
        (batch, 3, *shape) float32, on the 256 levels of an 8-bit photo: a photo that was
        resized and stored is the same photo as one that is resized on the way into a model.
    """
    if photos.shape[-2:] == shape:
        return photos
    small = interpolate(photos, size=shape, mode="bilinear", antialias=True, align_corners=False)
    return small.mul(255).round().clamp(0, 255).div(255)


def shrink(photo: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Resizes one decoded photo.

    Args:
        photo: (height, width, 3) uint8 RGB.
        shape: rows and columns of the result.

    Returns:
        (*shape, 3) uint8 RGB.
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
        photo: (rows, columns, 3) uint8 RGB.
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
        size: longer side in pixels of what comes out.
        shape: its rows and columns.
        key: text that tells it from every other preparation; photos are cached by it.
        locates: whether it looks for the body.
    """

    @property
    def size(self) -> int: ...  # noqa: D102

    @property
    def shape(self) -> tuple[int, int]: ...  # noqa: D102

    @property
    def key(self) -> str: ...  # noqa: D102

    @property
    def locates(self) -> bool: ...  # noqa: D102

    def __call__(self, photo: np.ndarray) -> Prepared:
        """Prepares one photo; called by several threads at once.

        Args:
            photo: (height, width, 3) uint8 RGB, of any size.
        """


class Shrink:
    """The whole photo, resized.

    Args:
        size: side of the result in pixels.
    """

    locates = False

    def __init__(self, size: int) -> None:
        self.size, self.shape = size, (size, size)
        self.key = f"shrink {size}"

    def __call__(self, photo: np.ndarray) -> Prepared:
        """Resizes one photo; see `Preparation`."""
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
