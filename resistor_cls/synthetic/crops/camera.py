"""From light to the photo that a crop is cut out of: exposure, optics, sensor, tone, JPEG."""

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from resistor_cls.synthetic.crops import ranges
from resistor_cls.synthetic.crops.sampling import BODY_LENGTH
from resistor_cls.synthetic.imaging import (
    MAX_LIGHT,
    compressed,
    noisy,
    saturating,
    shaken,
    sharpened,
    tone_table,
)

Array = NDArray[Any]


def develop(light: Array, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Takes photos.

    Args:
        light: (batch, 3, rows, columns) float32, linear; white paper in full light sends about 1.
        rng: the only source of randomness.

    Returns:
        (batch, rows, columns, 3) uint8, RGB.
    """
    size = len(light)
    matrices, veils = _exposures(size, rng)
    rows, columns = light.shape[2:]
    exposed = np.matmul(matrices, light.reshape(size, 3, -1)).reshape(light.shape)
    exposed += veils[:, :, None, None]
    root = np.sqrt(np.clip(exposed, 0, MAX_LIGHT)) * np.float32(255 / math.sqrt(MAX_LIGHT))
    roots = np.ascontiguousarray(root.transpose(0, 2, 3, 1)).astype(np.uint8)
    photos = np.empty((size, rows, columns, 3), np.uint8)
    for place in range(size):
        photos[place] = _photo(roots[place], rng)
    return photos


def _exposures(size: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """(size, 3, 3) matrices on linear light, and (size, 3) the light of haze and stray reflexes."""
    low, high = np.log(ranges.EXPOSURE)
    usual = rng.normal(math.log(ranges.AUTOMATIC_EXPOSURE), ranges.AUTOMATIC_SPREAD, size)
    anything = rng.uniform(low, high, size)
    level = np.exp(
        np.clip(np.where(rng.random(size) < ranges.AUTOMATIC, usual, anything), low, high)
    )
    far = rng.random(size) < ranges.FAR_BALANCE
    warm = rng.normal(0, np.where(far, ranges.FAR_WARMTH, ranges.WARMTH))
    gains = np.stack([warm, rng.normal(0, ranges.TINT, size), -warm], axis=1)
    gains = np.exp(gains + rng.normal(0, ranges.TINT, (size, 3))) * level[:, None]
    saturation = saturating(rng.uniform(*ranges.SATURATION, size)[:, None, None])
    matrices = _profiles(size, rng) @ saturation * gains[:, None, :]
    haze = np.where(rng.random(size) < ranges.HAZY, rng.uniform(*ranges.HAZE, size), 0.0) * level
    veils = haze[:, None] * np.exp(rng.normal(0, 0.25, (size, 3)))
    return matrices.astype(np.float32), veils.astype(np.float32)


def _profiles(size: int, rng: np.random.Generator) -> Array:
    """(size, 3, 3) errors of colour profiles: rows add up to 1, so that white stays white."""
    far = rng.random(size) < ranges.FAR_PROFILE
    spread = np.where(far, ranges.FAR_CROSSTALK, ranges.CROSSTALK)[:, None, None]
    crosstalk = rng.normal(0, 1, (size, 3, 3)) * spread * (1 - np.eye(3))
    profiles: Array = crosstalk + np.eye(3) * (1 - crosstalk.sum(axis=2, keepdims=True))
    return profiles


def _photo(root: Array, rng: np.random.Generator) -> Array:
    """One crop: tone curve, optics, a sensor of fewer pixels, sharpening, noise and JPEG."""
    photo = cv2.LUT(root, _tone(rng))
    rows, columns = photo.shape[:2]
    usual = BODY_LENGTH * columns
    body = math.exp(rng.uniform(*np.log(ranges.BODY_PIXELS)))  # its length in pixels of the photo
    photo = _blurred(photo, rng)
    small = body < 0.95 * usual
    if small:
        step = usual / body
        photo = cv2.resize(
            photo, (round(columns / step), round(rows / step)), interpolation=cv2.INTER_AREA
        )
    photo = _sensed(photo, rng, min(1.0, usual / body))
    if small:
        way = cv2.INTER_LINEAR if rng.random() < 0.7 else cv2.INTER_CUBIC
        photo = cv2.resize(photo, (columns, rows), interpolation=way)
    return photo


def _blurred(photo: Array, rng: np.random.Generator) -> Array:
    """Focus and motion; sigma in pixels of the crop, where a band is about 8 wide."""
    sigma = 0.0 if rng.random() < ranges.SHARP else math.exp(rng.uniform(*np.log(ranges.BLUR)))
    if sigma > 0:
        photo = cv2.GaussianBlur(photo, (0, 0), sigma)
    if rng.random() < ranges.SHAKEN:
        photo = shaken(photo, rng.uniform(*ranges.SHAKE), rng.uniform(0, math.pi))
    return photo


def _sensed(photo: Array, rng: np.random.Generator, share: float) -> Array:
    """Noise, the camera's sharpening with its halos, and JPEG.

    Args:
        photo: as the sensor's pixels see it.
        rng: the only source of randomness.
        share: pixels of the crop for one of the photo and axis; averaging reduces noise.
    """
    photo = noisy(photo, math.exp(rng.uniform(*np.log(ranges.NOISE))) * share, rng)
    if rng.random() < ranges.SHARPENED:
        photo = sharpened(photo, rng.uniform(*ranges.SHARPENING), rng.uniform(*ranges.HALO))
    if rng.random() < ranges.COMPRESSED:
        photo = compressed(photo, int(rng.integers(*ranges.JPEG_QUALITY)))
    return photo


def _tone(rng: np.random.Generator) -> Array:
    exponent = math.exp(rng.normal(0, ranges.TONE))
    return tone_table(exponent, rng.uniform(*ranges.KNEE), rng.uniform(*ranges.CONTRAST))
