"""From light to a photo: white balance, exposure, tone, blur, sharpening, noise, JPEG."""

import math
from functools import cache

import cv2
import numpy as np

from resistor_cls.errors import DataError
from resistor_cls.synthetic.scene import Camera, Map, Photo

# Maximum of the linear light that the tone curve resolves; highlights begin to roll off at 1. The
# square root of the light fills the 8 bits before the curve.
_MAX_LIGHT = 1.6
# Rec. 709 luminance.
_LUMA = (0.2126, 0.7152, 0.0722)
_TILE = 1024


def colour_matrix(camera: Camera) -> Map:
    """Returns the 3×3 matrix of exposure, white balance and saturation, on linear light."""
    grey = np.tile(np.array(_LUMA), (3, 1))
    saturation = grey + camera.saturation * (np.eye(3) - grey)
    # 0.78 is the reflectance of white paper, which `exposure` refers to.
    matrix: Map = (saturation @ np.diag(camera.exposure) / 0.78).astype(np.float32)
    return matrix


def develop(light: Map, camera: Camera, size: int) -> Photo:
    """Turns linear light into a photo, or into a part of one.

    Args:
        light: (side, side, 3) linear; 1 is the maximum that the camera shows.
        camera: tone, blur, sharpening and noise.
        size: side in pixels of the whole photo, to which blur, sharpening and noise refer.

    Returns:
        (side, side, 3) uint8, RGB.
    """
    root = cv2.sqrt(np.maximum(light, 0.0))
    photo = cv2.LUT(cv2.convertScaleAbs(root, alpha=255 / math.sqrt(_MAX_LIGHT)), _tone(camera))
    photo = _blurred(photo, camera, size)
    noise = _noise_window(camera.noise_seed, light.shape[0])
    # A smaller photo is a downscaled one: averaging has reduced the noise.
    gain = camera.noise * min(1.0, size / 700) / _NOISE_LEVELS
    return cv2.addWeighted(photo, 1.0, noise, gain, -128.0 * gain)


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


def _tone(camera: Camera) -> Photo:
    """Table from the square root of light, in 8 bits, to levels: an S with a soft shoulder."""
    root = (np.arange(256) / 255 * math.sqrt(_MAX_LIGHT)) ** camera.lift
    # sRGB's curve is a little brighter than the square root in the middle.
    level = np.where(
        root < 0.055, root**2 * 12.92, 1.055 * np.maximum(root, 1e-6) ** (2 / 2.4) - 0.055
    )
    # The last third of a stop rolls off instead of clipping abruptly.
    knee = 0.85
    over = np.maximum(level - knee, 0) / (1 - knee)
    level = np.where(level > knee, knee + (1 - knee) * (1 - np.exp(-over)), level)
    curved = level + camera.contrast * level * (1 - level) * (level - 0.42)
    table: Photo = np.clip(np.round(curved * 255), 0, 255).astype(np.uint8)
    return table


def _blurred(photo: Photo, camera: Camera, size: int) -> Photo:
    """Blur of lens and focus, motion blur, then the camera's own sharpening."""
    sigma = camera.blur * size
    if sigma > 0.3:
        photo = cv2.GaussianBlur(photo, (0, 0), sigma)
    if camera.motion * size > 1:
        photo = cv2.filter2D(photo, -1, _motion_kernel(camera.motion * size, camera.motion_angle))
    if camera.sharpening > 0:
        soft = cv2.GaussianBlur(photo, (0, 0), max(1.1 * size / 700, 0.5))
        photo = cv2.addWeighted(photo, 1 + camera.sharpening, soft, -camera.sharpening, 0)
    return photo


def _motion_kernel(length: float, angle: float) -> Map:
    half = math.ceil(length / 2) + 1
    kernel = np.zeros((2 * half + 1, 2 * half + 1), np.float32)
    x, y = math.cos(angle) * length / 2, math.sin(angle) * length / 2
    ends = [round((half + sign * offset) * 16) for sign in (-1, 1) for offset in (x, y)]
    cv2.line(kernel, (ends[0], ends[1]), (ends[2], ends[3]), 1.0, 1, cv2.LINE_AA, 4)
    normalized: Map = kernel / kernel.sum()
    return normalized


# Levels of the stored noise per standard deviation: 24 keeps ±5 deviations within 8 bits.
_NOISE_LEVELS = 24


@cache
def _noise_tile() -> Photo:
    """Noise around 128: grain in brightness, softer specks in colour, as small sensors have."""
    rng = np.random.default_rng(39)
    grain = rng.standard_normal((_TILE, _TILE, 1), np.float32)
    specks = cv2.GaussianBlur(rng.standard_normal((_TILE, _TILE, 3), np.float32), (0, 0), 1.2)
    noise = (
        0.8 * cv2.GaussianBlur(grain, (0, 0), 0.6)[:, :, None] * 1.8 + 0.6 * specks / specks.std()
    )
    tile: Photo = np.clip(np.round(128 + _NOISE_LEVELS * noise), 0, 255).astype(np.uint8)
    return tile


def _noise_window(seed: int, size: int) -> Photo:
    """A part of the stored noise, shifted and mirrored at random; repeated beyond the tile."""
    rng = np.random.default_rng(seed)
    tile = _noise_tile()[:, :: 1 if rng.random() < 0.5 else -1]
    if size > _TILE:
        times = -(-size // _TILE)
        tile = np.tile(tile, (times, times, 1))
    row, column = rng.integers(tile.shape[0] - size + 1, size=2)
    return np.ascontiguousarray(tile[row : row + size, column : column + size])
