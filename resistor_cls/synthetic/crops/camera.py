"""From light to the photo that a crop is cut out of: exposure, optics, sensor, tone, JPEG."""

import math
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from resistor_cls.synthetic.crops import ranges
from resistor_cls.synthetic.crops.sampling import BODY_LENGTH

Array = NDArray[Any]
_LUMA = np.array((0.2126, 0.7152, 0.0722))  # Rec. 709
_MAX_LIGHT = 1.6  # highlights roll off from 1 to here, then clip
_TILE = 512
_NOISE_LEVELS = 24  # levels of the stored noise per standard deviation: keeps ±5 of them in 8 bits


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
    root = np.sqrt(np.clip(exposed, 0, _MAX_LIGHT)) * np.float32(255 / math.sqrt(_MAX_LIGHT))
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
    saturation = rng.uniform(*ranges.SATURATION, size)[:, None, None]
    grey = np.tile(_LUMA, (3, 1))
    matrices = _profiles(size, rng) @ (grey + saturation * (np.eye(3) - grey)) * gains[:, None, :]
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
        length, angle = rng.uniform(*ranges.SHAKE), rng.uniform(0, math.pi)
        kernel = np.zeros((11, 11), np.float32)
        x, y = math.cos(angle) * length / 2, math.sin(angle) * length / 2
        ends = [round((5 + sign * one) * 16) for sign in (-1, 1) for one in (x, y)]
        cv2.line(kernel, (ends[0], ends[1]), (ends[2], ends[3]), 1.0, 1, cv2.LINE_AA, 4)
        photo = cv2.filter2D(photo, -1, kernel / kernel.sum())
    return photo


def _sensed(photo: Array, rng: np.random.Generator, share: float) -> Array:
    """Noise, the camera's sharpening with its halos, and JPEG.

    Args:
        photo: as the sensor's pixels see it.
        rng: the only source of randomness.
        share: pixels of the crop for one of the photo and axis; averaging reduces noise.
    """
    noise = math.exp(rng.uniform(*np.log(ranges.NOISE))) * share
    gain = noise / _NOISE_LEVELS
    grain = _noise_window(rng, photo.shape[:2])
    photo = cv2.addWeighted(photo, 1.0, grain, gain, -128.0 * gain)
    if rng.random() < ranges.SHARPENED:
        amount = rng.uniform(*ranges.SHARPENING)
        soft = cv2.GaussianBlur(photo, (0, 0), rng.uniform(*ranges.HALO))
        photo = cv2.addWeighted(photo, 1 + amount, soft, -amount, 0)
    if rng.random() < ranges.COMPRESSED:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(*ranges.JPEG_QUALITY))]
        decoded = cv2.imdecode(cv2.imencode(".jpg", photo, quality)[1], cv2.IMREAD_COLOR)
        assert decoded is not None
        return decoded
    return photo


def _tone(rng: np.random.Generator) -> Array:
    """Table from the square root of light, in 8 bits, to levels: an S with a soft shoulder."""
    root = _ROOTS ** math.exp(rng.normal(0, ranges.TONE))
    level = 1.055 * np.maximum(root, 1e-6) ** (2 / 2.4) - 0.055
    knee = rng.uniform(*ranges.KNEE)
    over = np.maximum(level - knee, 0) / (1.0001 - knee)
    level = np.where(level > knee, knee + (1.0001 - knee) * (1 - np.exp(-over)), level)
    level = level + rng.uniform(*ranges.CONTRAST) * level * (1 - level) * (level - 0.42)
    table: Array = np.clip(np.round(level * 255), 0, 255).astype(np.uint8)
    return table


_ROOTS = np.arange(256) / 255 * math.sqrt(_MAX_LIGHT)


@cache
def _noise_tile() -> Array:
    """Noise around 128: grain in brightness, softer specks in colour, as small sensors have."""
    rng = np.random.default_rng(39)
    grain = cv2.GaussianBlur(rng.standard_normal((_TILE, _TILE), np.float32), (0, 0), 0.6)
    specks = cv2.GaussianBlur(rng.standard_normal((_TILE, _TILE, 3), np.float32), (0, 0), 1.2)
    noise = 0.8 * grain[:, :, None] / grain.std() + 0.6 * specks / specks.std()
    tile: Array = np.clip(np.round(128 + _NOISE_LEVELS * noise), 0, 255).astype(np.uint8)
    return tile


def _noise_window(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    row, column = rng.integers(_TILE - shape[0]), rng.integers(_TILE - shape[1])
    window = _noise_tile()[row : row + shape[0], column : column + shape[1]]
    return np.ascontiguousarray(window[:, :: 1 if rng.random() < 0.5 else -1])
