"""What a camera does to light, for whole photos and for crops: sRGB, tone, motion, noise, JPEG."""

import math
from functools import cache, lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from resistor_cls.errors import DataError
from resistor_cls.synthetic.scene import Map, Photo

# Maximum of the linear light that the tone curve resolves; highlights begin to roll off at 1. The
# square root of the light fills the 8 bits before the curve.
MAX_LIGHT = 1.6
_LUMA = np.array((0.2126, 0.7152, 0.0722))  # Rec. 709 luminance
_TILE = 1024
# Levels of the stored noise per standard deviation: 24 keeps ±5 deviations within 8 bits.
_NOISE_LEVELS = 24


def linear(levels: ArrayLike) -> NDArray[np.float64]:
    """Returns the linear light of sRGB levels (IEC 61966-2-1).

    Args:
        levels: from 0 to 255, of any shape.

    Returns:
        Of the same shape, 0 to 1.
    """
    level = np.asarray(levels, np.float64) / 255
    return np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)


def saturating(saturation: float | NDArray[Any]) -> NDArray[np.float64]:
    """Returns a matrix that scales how far colours are from grey, on linear light.

    Args:
        saturation: 1 changes nothing and 0 is grey; a number, or (batch, 1, 1).

    Returns:
        (3, 3), or (batch, 3, 3).
    """
    grey = np.tile(_LUMA, (3, 1))
    matrix: NDArray[np.float64] = grey + saturation * (np.eye(3) - grey)
    return matrix


def tone_table(exponent: float, knee: float, contrast: float) -> Photo:
    """Returns the tone curve of a camera: an S with a soft shoulder.

    Args:
        exponent: of the light, before sRGB's curve; below 1 lifts the shadows.
        knee: level from which highlights roll off instead of clipping abruptly.
        contrast: of the S; 0 leaves the curve of sRGB.

    Returns:
        (256,) uint8: the level of each square root of light, where 255 is the root of `MAX_LIGHT`.
    """
    root = (np.arange(256) / 255 * math.sqrt(MAX_LIGHT)) ** exponent
    # sRGB's curve is a little brighter than the square root in the middle.
    level = np.where(
        root < 0.055, root**2 * 12.92, 1.055 * np.maximum(root, 1e-6) ** (2 / 2.4) - 0.055
    )
    span = max(1 - knee, 1e-4)
    over = np.maximum(level - knee, 0) / span
    level = np.where(level > knee, knee + span * (1 - np.exp(-over)), level)
    curved = level + contrast * level * (1 - level) * (level - 0.42)
    table: Photo = np.clip(np.round(curved * 255), 0, 255).astype(np.uint8)
    return table


def shaken(photo: Photo, length: float, angle: float) -> Photo:
    """Returns a photo blurred by a straight motion.

    Args:
        photo: (height, width, 3) uint8.
        length: of the motion in pixels.
        angle: of the motion, radians from x towards y.
    """
    return cv2.filter2D(photo, -1, _motion_kernel(length, angle))


def _motion_kernel(length: float, angle: float) -> Map:
    half = math.ceil(length / 2) + 1
    kernel = np.zeros((2 * half + 1, 2 * half + 1), np.float32)
    x, y = math.cos(angle) * length / 2, math.sin(angle) * length / 2
    ends = [round((half + sign * offset) * 16) for sign in (-1, 1) for offset in (x, y)]
    cv2.line(kernel, (ends[0], ends[1]), (ends[2], ends[3]), 1.0, 1, cv2.LINE_AA, 4)
    normalized: Map = kernel / kernel.sum()
    return normalized


def blurred(photo: Photo, sigma: float) -> Photo:
    """Returns a photo blurred by a Gaussian, as by `cv2.GaussianBlur`.

    Args:
        photo: (height, width, 3) uint8.
        sigma: in pixels.
    """
    taps = _taps(sigma)
    return cv2.GaussianBlur(photo, (taps, taps), sigma)


@lru_cache(maxsize=64)
def _taps(sigma: float) -> int:
    """Length of a Gaussian kernel without the ends that OpenCV's 8-bit arithmetic makes 0."""
    usual = round(6 * sigma + 1) | 1  # OpenCV's choice for 8 bits
    point = np.zeros((1, 2 * usual + 1), np.uint8)
    point[0, usual] = 255
    kernel = cv2.GaussianBlur(point, (usual, 1), sigma)
    taps = int(np.count_nonzero(kernel))
    same = (cv2.GaussianBlur(point, (taps, 1), sigma) == kernel).all()
    return taps if same else usual


def sharpened(photo: Photo, amount: float, sigma: float) -> Photo:
    """Returns a photo with the halos of a camera's own sharpening.

    Args:
        photo: (height, width, 3) uint8.
        amount: of the difference to the blurred photo that is added; 0 changes nothing.
        sigma: of the blur in pixels.
    """
    soft = blurred(photo, sigma)
    return cv2.addWeighted(photo, 1 + amount, soft, -amount, 0)


def noisy(photo: Photo, deviation: float, rng: np.random.Generator) -> Photo:
    """Returns a photo with the noise of a sensor.

    Args:
        photo: (height, width, 3) uint8.
        deviation: of the noise, levels of 255; about 0.93 of it arises.
        rng: the only source of randomness.
    """
    gain = deviation / _NOISE_LEVELS
    noise = _noise_window(photo.shape[:2], rng)
    return cv2.addWeighted(photo, 1.0, noise, gain, -128.0 * gain)


def compressed(photo: Photo, quality: int) -> Photo:
    """Returns a photo after it was written as JPEG and read again.

    Arguments as of `encode_jpeg`.
    """
    encoded = np.frombuffer(encode_jpeg(photo, quality), np.uint8)
    decoded: Photo | None = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
    assert decoded is not None
    return cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB)


def encode_jpeg(photo: Photo, quality: int) -> bytes:
    """Returns the bytes of a JPEG file.

    Args:
        photo: (height, width, 3) uint8, RGB.
        quality: 0 to 100.

    Raises:
        DataError: a photo that OpenCV cannot encode.
    """
    done, encoded = cv2.imencode(
        ".jpg", cv2.cvtColor(photo, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality]
    )
    if not done:
        raise DataError(f"a photo of shape {photo.shape} cannot be written as JPEG")
    return encoded.tobytes()


@cache
def _noise_tile(mirrored: bool = False) -> Photo:
    """Noise around 128: grain in brightness, softer specks in colour, as small sensors have."""
    if mirrored:
        return cv2.flip(_noise_tile(), 1)
    rng = np.random.default_rng(39)
    grain = rng.standard_normal((_TILE, _TILE, 1), np.float32)
    specks = cv2.GaussianBlur(rng.standard_normal((_TILE, _TILE, 3), np.float32), (0, 0), 1.2)
    noise = (
        0.8 * cv2.GaussianBlur(grain, (0, 0), 0.6)[:, :, None] * 1.8 + 0.6 * specks / specks.std()
    )
    tile: Photo = np.clip(np.round(128 + _NOISE_LEVELS * noise), 0, 255).astype(np.uint8)
    return tile


def _noise_window(shape: tuple[int, ...], rng: np.random.Generator) -> Photo:
    """A part of the stored noise, shifted and mirrored at random; repeated beyond the tile."""
    tile = _noise_tile(mirrored=bool(rng.random() >= 0.5))
    times = [-(-side // _TILE) for side in shape]
    if max(times) > 1:
        tile = np.tile(tile, (*times, 1))
    rows, columns = shape
    row, column = (
        rng.integers(stored - side + 1) for stored, side in zip(tile.shape[:2], shape, strict=True)
    )
    return tile[row : row + rows, column : column + columns]
