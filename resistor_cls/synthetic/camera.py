"""From light to a photo: white balance, exposure, tone, blur, sharpening, noise."""

import math

import cv2
import numpy as np

from resistor_cls.synthetic.imaging import (
    MAX_LIGHT,
    noisy,
    saturating,
    shaken,
    sharpened,
    tone_table,
)
from resistor_cls.synthetic.scene import Camera, Map, Photo

_KNEE = 0.85  # the last third of a stop rolls off


def colour_matrix(camera: Camera) -> Map:
    """Returns the 3×3 matrix of exposure, white balance and saturation, on linear light."""
    exposed = saturating(camera.saturation) @ np.diag(camera.exposure)
    # 0.78 is the reflectance of white paper, which `exposure` refers to.
    matrix: Map = (exposed / 0.78).astype(np.float32)
    return matrix


def develop(light: Map, camera: Camera, size: int) -> Photo:
    """Turns linear light into a photo, or into a part of one.

    Args:
        light: (side, side, 3) linear; 1 is the maximum that the camera shows. It is overwritten.
        camera: tone, blur, sharpening and noise.
        size: side in pixels of the whole photo, to which blur, sharpening and noise refer.

    Returns:
        (side, side, 3) uint8, RGB.
    """
    root = cv2.sqrt(np.maximum(light, 0.0, out=light), dst=light)
    tone = tone_table(camera.lift, _KNEE, camera.contrast)
    photo = cv2.LUT(cv2.convertScaleAbs(root, alpha=255 / math.sqrt(MAX_LIGHT)), tone)
    photo = _blurred(photo, camera, size)
    # A smaller photo is a downscaled one: averaging has reduced the noise.
    deviation = camera.noise * min(1.0, size / 700)
    return noisy(photo, deviation, np.random.default_rng(camera.noise_seed))


def _blurred(photo: Photo, camera: Camera, size: int) -> Photo:
    """Blur of lens and focus, motion blur, then the camera's own sharpening."""
    sigma = camera.blur * size
    if sigma > 0.3:
        photo = cv2.GaussianBlur(photo, (0, 0), sigma)
    if camera.motion * size > 1:
        photo = shaken(photo, camera.motion * size, camera.motion_angle)
    if camera.sharpening > 0:
        photo = sharpened(photo, camera.sharpening, max(1.1 * size / 700, 0.5))
    return photo
