"""Metadata of an image: when, with what and against what background it was taken.

Measured at full size while a photo is decoded for the cache, so that splits and the audit cost
nothing more and do not depend on the size that photos are kept at.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

import cv2
import imagehash
import numpy as np
from PIL import Image
from PIL.ExifTags import IFD, Base

from resistor_cls.data.images.arrays import NPY
from resistor_cls.data.images.decode import FORMATS, RGB, as_rgb

BORDER = 0.15  # of each side: the border that a part in the middle of a photo does not reach
EDGE_DESCRIPTOR = 64  # side in pixels: leads of 3 pixels in a photo of 700 still show
_SHARPNESS_SIDE = 512  # photos are compared at one scale
_WHITE = 250  # grey levels from here on are clipped
_NOISE = 4.0  # grey levels: contrast below it is noise of a camera, not an edge

_SIDES = ("top", "bottom", "left", "right")
_RING = tuple(f"ring_{channel}_{rank}" for rank in (5, 50, 95) for channel in "Lab")
BORDER_NAMES = (
    *_RING,
    *(
        f"{side}_{channel}_{what}"
        for side in _SIDES
        for what in ("mean", "std")
        for channel in "Lab"
    ),
    *(f"{side}_gradient" for side in _SIDES),
)


@dataclass(frozen=True)
class ImageMetadata:
    """What is known of one photo file besides the photo itself.

    Attributes:
        content: SHA-256 of the file, hexadecimal.
        pixel_hash: 16 hexadecimal digits of the SHA-256 of its upright pixels, the same whatever
            the metadata.
        width: of the upright photo, in pixels.
        height: of the upright photo, in pixels.
        mode: Pillow's colour mode of the file, such as `RGB` or `CMYK`; of an array of other
            channels their number, such as `5 channels`.
        orientation: EXIF orientation, 1 (upright) to 8.
        camera: maker and model; empty where EXIF says none.
        taken: EXIF `DateTimeOriginal` as ISO 8601; empty where there is none.
        brightness: mean luma, 0 to 1.
        clipped: share of pixels that are nearly white.
        sharpness: variance of the Laplacian, grey levels² (Pech-Pacheco et al. 2000).
        perceptual_hash: of 256 bits, hexadecimal (pHash: signs of low DCT frequencies).
        border: colours of the photo's border, named by `BORDER_NAMES`; CIELAB.
    """

    content: str
    pixel_hash: str
    width: int
    height: int
    mode: str
    orientation: int
    camera: str
    taken: str
    brightness: float
    clipped: float
    sharpness: float
    perceptual_hash: str
    border: tuple[float, ...]


def grey_levels(photo: np.ndarray) -> np.ndarray:
    """The luma of what people are shown of a photo.

    Args:
        photo: (height, width, channels) uint8.

    Returns:
        (height, width) uint8.
    """
    grey: np.ndarray = cv2.cvtColor(as_rgb(photo), cv2.COLOR_RGB2GRAY)
    return grey


def image_metadata(encoded: bytes, photo: np.ndarray, grey: np.ndarray) -> ImageMetadata:
    """Measures one photo.

    Args:
        encoded: the file's bytes.
        photo: (height, width, channels) uint8, the file decoded and upright. Colours are measured
            on what people are shown of it.
        grey: its `grey_levels`.
    """
    height, width, channels = photo.shape
    if encoded.startswith(NPY):  # an array has no metadata but its channels
        mode = "RGB" if channels == RGB else f"{channels} channels"
        orientation, camera, taken = 1, "", ""
    else:
        with Image.open(BytesIO(encoded), "r", FORMATS) as image:
            # `decode_photo` has checked it before: what is opened here is bounded.
            mode, (orientation, camera, taken) = image.mode, _exif(image)
    pixel_hash = hashlib.sha256(b"%d %d " % (height, width))
    pixel_hash.update(np.ascontiguousarray(photo).data)
    return ImageMetadata(
        content=hashlib.sha256(encoded).hexdigest(),
        pixel_hash=pixel_hash.hexdigest()[:16],
        width=width,
        height=height,
        mode=mode,
        orientation=orientation,
        camera=camera,
        taken=taken,
        # Sums of whole numbers are exact, whoever adds them: these ways are the fastest.
        brightness=round(cv2.sumElems(grey)[0] / grey.size / 255, 4),
        clipped=round(np.count_nonzero(grey >= _WHITE) / grey.size, 4),
        sharpness=round(_sharpness(grey), 2),
        perceptual_hash=str(imagehash.phash(Image.fromarray(grey), hash_size=16)),
        border=_border(as_rgb(photo)),
    )


def edge_descriptor(grey: np.ndarray) -> np.ndarray:
    """The edges of a photo whatever its light: grey levels over the contrast around each.

    Two photos of one arrangement correlate in it; two on the same table only do not.

    Args:
        grey: (height, width) uint8, the photo's `grey_levels`.

    Returns:
        (64, 64) int8.
    """
    small = cv2.resize(
        grey, (EDGE_DESCRIPTOR, EDGE_DESCRIPTOR), interpolation=cv2.INTER_AREA
    ).astype(np.float32)
    detail = small - cv2.GaussianBlur(small, (0, 0), 3)
    contrast = np.sqrt(cv2.GaussianBlur(detail * detail, (0, 0), 3) + _NOISE**2)
    # A slight blur forgives a hand's tremble of a few pixels.
    lines = cv2.GaussianBlur(detail / contrast, (0, 0), 0.75)
    levels: np.ndarray = np.clip(np.rint(lines * 60), -127, 127).astype(np.int8)
    return levels


def _exif(image: Image.Image) -> tuple[int, str, str]:
    """Orientation, camera and time; what EXIF does not say, or says unreadably, is left empty."""
    try:
        exif = image.getexif()
        details = exif.get_ifd(IFD.Exif)
        orientation = exif.get(Base.Orientation, 1)
        maker, model = (_text(exif.get(tag)) for tag in (Base.Make, Base.Model))
        stamp, fraction = (
            _text(details.get(tag)) for tag in (Base.DateTimeOriginal, Base.SubsecTimeOriginal)
        )
    # Damaged, beside a sound picture: Pillow then raises whatever the bytes lead it to.
    except Exception:
        return 1, "", ""
    known = model.lower().startswith(maker.split(" ")[0].lower())  # "NIKON … NIKON D7000"
    camera = model if known else f"{maker} {model}".strip()
    return orientation if orientation in range(1, 9) else 1, camera, _time(stamp, fraction)


def _text(value: object) -> str:
    return value.strip(" \0") if isinstance(value, str) else ""


def _time(stamp: str, fraction: str) -> str:
    try:
        taken = datetime.strptime(stamp, "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return ""
    micro = int(fraction[:6].ljust(6, "0")) if fraction.isdecimal() else 0
    return taken.replace(microsecond=micro).isoformat()


def _sharpness(grey: np.ndarray) -> float:
    scale = _SHARPNESS_SIDE / max(grey.shape)
    if scale < 1:
        # A photo a thousand times wider than high keeps its one row.
        size = [max(1, round(side * scale)) for side in grey.shape[::-1]]
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    return float(cv2.Laplacian(grey, cv2.CV_32F).var())


def _border(photo: np.ndarray) -> tuple[float, ...]:
    side = 128
    small = cv2.resize(photo, (side, side), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    width = round(BORDER * side)
    inner = slice(width, -width)
    sides = [lab[:width], lab[-width:], lab[inner, :width], lab[inner, -width:]]
    border = np.concatenate([part.reshape(-1, 3) for part in sides])
    values = [
        np.percentile(border, (5, 50, 95), axis=0).ravel(),
        *(np.concatenate([part.mean(axis=(0, 1)), part.std(axis=(0, 1))]) for part in sides),
        [
            np.abs(np.diff(part[..., 0], axis=axis)).mean()
            for part, axis in zip(sides, (1, 1, 0, 0), strict=True)
        ],
    ]
    return tuple(round(float(value), 2) for value in np.concatenate(values))
