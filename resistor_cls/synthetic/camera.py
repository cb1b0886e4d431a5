"""From light to a photo: white balance, exposure, tone, blur, sharpening, noise."""

import math
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from resistor_cls.synthetic.imaging import (
    MAX_LIGHT,
    blurred,
    noisy,
    saturating,
    shaken,
    sharpened,
    tone_table,
)
from resistor_cls.synthetic.layers import strips
from resistor_cls.synthetic.scene import Camera, Map, Photo

_KNEE = 0.85  # the last third of a stop rolls off


def colour_matrix(camera: Camera) -> Map:
    """Returns the 3×3 matrix of exposure, white balance and saturation, on linear light."""
    exposed = saturating(camera.saturation) @ np.diag(camera.exposure)
    # 0.78 is the reflectance of white paper, which `exposure` refers to.
    matrix: Map = (exposed / 0.78).astype(np.float32)
    return matrix


def develop(
    light: Callable[[slice], Map], side: int, oversampling: int, camera: Camera, size: int
) -> Photo:
    """Turns linear light into a photo, or into a part of one.

    Args:
        light: computes red, green and blue light of some rows of samples, (3, rows, side *
            oversampling), linear; 1 is the maximum that the camera shows. It is overwritten.
        side: of what is drawn, in pixels.
        oversampling: samples per pixel and axis, which are averaged.
        camera: tone, blur, sharpening and noise.
        size: side in pixels of the whole photo, to which blur, sharpening and noise refer.

    Returns:
        (side, side, 3) uint8, RGB.
    """
    tone = tone_table(camera.lift, _KNEE, camera.contrast)
    photo = np.empty((side, side, 3), np.uint8)
    for rows in strips(side, oversampling):
        samples = light(slice(rows.start * oversampling, rows.stop * oversampling))
        cv2.LUT(cv2.merge(_roots(_averaged(samples, oversampling))), tone, dst=photo[rows])
    photo = _blurred(photo, camera, size)
    # A smaller photo is a downscaled one: averaging has reduced the noise.
    deviation = camera.noise * min(1.0, size / 700)
    return noisy(photo, deviation, np.random.default_rng(camera.noise_seed))


def _averaged(samples: Map, oversampling: int) -> Map:
    """Means of squares of samples, for each of three colours."""
    if oversampling == 1:
        return samples
    shape = samples.shape[2] // oversampling, samples.shape[1] // oversampling
    return np.stack([cv2.resize(one, shape, interpolation=cv2.INTER_AREA) for one in samples])


def _roots(light: Map) -> list[NDArray[Any]]:
    """Square roots of red, green and blue; 255 is that of `MAX_LIGHT`. Overwrites the light."""
    flat = light.reshape(-1, light.shape[2])  # OpenCV takes three dimensions for channels
    roots = cv2.sqrt(np.maximum(flat, 0.0, out=flat), dst=flat)
    return list(cv2.convertScaleAbs(roots, alpha=255 / math.sqrt(MAX_LIGHT)).reshape(light.shape))


def _blurred(photo: Photo, camera: Camera, size: int) -> Photo:
    """Blur of lens and focus, motion blur, then the camera's own sharpening."""
    sigma = camera.blur * size
    if sigma > 0.3:
        photo = blurred(photo, sigma)
    if camera.motion * size > 1:
        photo = shaken(photo, camera.motion * size, camera.motion_angle)
    if camera.sharpening > 0:
        photo = sharpened(photo, camera.sharpening, max(1.1 * size / 700, 0.5))
    return photo
