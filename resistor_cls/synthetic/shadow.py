"""The shadow that a body and its wires cast on the table."""

import math

import cv2
import numpy as np

from resistor_cls.synthetic.layers import Patch
from resistor_cls.synthetic.scene import Light, Map


def cast_shadow(wires: Patch, solid: Patch | None, light: Light, diameter: float, size: int) -> Map:
    """Computes how much light the objects leave to the table.

    Args:
        wires: what casts a thin shadow.
        solid: what casts a wide one; None is nothing.
        light: what falls on the objects.
        diameter: height of the objects, fraction of the photo's side.
        size: side of the photo in pixels.

    Returns:
        The share that is left, (size, size).
    """
    # Shadows are soft: a quarter of the resolution is enough, and sixteen times faster.
    small = max(size // 4, 1)
    height = diameter * small
    thin, thick = _coarse_cover(wires, size, small), _coarse_cover(solid, size, small)
    wide = _moved(thick, light, light.shadow_reach * height)
    # A round body touches the table along a line, with a narrow shadow beside it.
    contact = _moved(thick, light, 0.12 * height)
    # Wires leave the body at half its height and come down to the table.
    wiry = _moved(thin, light, 0.35 * light.shadow_reach * height)
    narrow = cv2.addWeighted(contact, 0.45, wiry, 0.55, 0.0)
    dark = cv2.addWeighted(
        _blurred(wide, light.shadow_blur * height), 0.65, _blurred(narrow, 0.10 * height), 1.0, 0.0
    )
    left = 1.0 - light.shadow * np.minimum(dark, 0.9)
    return cv2.resize(left, (size, size), interpolation=cv2.INTER_LINEAR)


def _coarse_cover(patch: Patch | None, size: int, small: int) -> Map:
    """Coverage of the photo by a patch, (small, small)."""
    coarse = np.zeros((small, small), np.float32)
    if patch is None:
        return coarse
    rows, columns = (
        _cells(first, length, size, small)
        for first, length in zip(patch.corner[::-1], patch.cover.shape, strict=True)
    )
    cells = coarse[rows, columns]
    if cells.size:
        fine = [
            slice(part.start * size // small, part.stop * size // small) for part in (rows, columns)
        ]
        inside, visible = patch.overlap(*fine)
        pixels = np.zeros([part.stop - part.start for part in fine], np.float32)
        pixels[visible] = patch.cover[inside]
        cells[:] = cv2.resize(pixels, cells.shape[::-1], interpolation=cv2.INTER_AREA)
    return coarse


def _cells(first: int, length: int, size: int, small: int) -> slice:
    """Rows or columns of the coarse grid in which a patch lies.

    All of them if a cell is not a whole number of pixels: each would then begin elsewhere in a
    part of the photo.
    """
    if size % small:
        return slice(0, small)
    cell = size // small
    begin = min(max(first // cell, 0), small)
    return slice(begin, max(begin, min(-(-(first + length) // cell), small)))


def _moved(objects: Map, light: Light, reach: float) -> Map:
    """The objects' coverage, moved away from the light by `reach` pixels."""
    shift = np.array(
        [[1, 0, -reach * math.cos(light.azimuth)], [0, 1, -reach * math.sin(light.azimuth)]]
    )
    return cv2.warpAffine(objects, shift, objects.shape[::-1])


def _blurred(shadow: Map, sigma: float) -> Map:
    return cv2.GaussianBlur(shadow, (0, 0), max(sigma, 0.4))
