"""A scene becomes a photo: table, shadow, wires, body, camera."""

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from resistor_cls.rendering.background import paint_table
from resistor_cls.rendering.body import body_box, paint_body
from resistor_cls.rendering.camera import colour_matrix, develop
from resistor_cls.rendering.leads import TIN, paint_leads
from resistor_cls.rendering.scene import Light, Scene

# float32; OpenCV's own types do not say which numbers its results hold.
Map = NDArray[Any]

# Photos smaller than this are drawn larger and averaged: wires would be thinner than a pixel.
_SMALLEST = 512


@dataclass(frozen=True)
class Drawing:
    """A drawn photo and what is known of it.

    Attributes:
        photo: (size, size, 3) uint8, RGB.
        box: upright box round the body: x and y of its centre, width and height, in fractions
            of the photo.
    """

    photo: NDArray[Any]
    box: tuple[float, float, float, float]


def draw(scene: Scene, size: int = 700) -> Drawing:
    """Draws a scene.

    Args:
        scene: everything that is drawn.
        size: side of the photo in pixels; the scene is the same at any size.
    """
    larger = -(-_SMALLEST // size)
    light = _light_of(scene, size * larger)
    if larger > 1:
        light = cv2.resize(light, (size, size), interpolation=cv2.INTER_AREA)
    return Drawing(develop(light, scene.camera), body_box(scene.body))


def _light_of(scene: Scene, size: int) -> Map:
    """The light that reaches the camera, after its exposure: (size, size, 3)."""
    table = paint_table(scene.background, scene.light, scene.camera.vignette, size)
    shade, wire = paint_leads(scene.body, scene.leads, scene.light, size)
    colour, cover, corner = paint_body(scene.body, scene.light, size)
    inside, seen = _overlap(corner, cover.shape, size)
    solid = np.zeros_like(wire)
    solid[seen] = cover[inside]
    uncovered = cv2.multiply(_shadow(solid, wire, scene, size), 1.0 - wire)
    layers = [cv2.multiply(layer, uncovered) for layer in table.layers]
    layers.append(cv2.multiply(shade, table.falling))
    exposure = colour_matrix(scene.camera)
    mixing = exposure @ np.array([*table.colours, TIN], np.float32).T
    photo = cv2.transform(cv2.merge(layers), mixing)
    lit = cv2.transform(colour[inside] * table.falling[seen][:, :, None], exposure)
    photo[seen] = photo[seen] * (1.0 - cover[inside])[:, :, None] + lit
    return photo


def _overlap(
    corner: tuple[int, int], shape: tuple[int, ...], size: int
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Rows and columns of a patch that lie in the photo, and where they lie there."""
    (left, top), (rows, columns) = corner, shape[:2]
    first_row, last_row = max(0, top), min(size, top + rows)
    first_column, last_column = max(0, left), min(size, left + columns)
    return (
        (slice(first_row - top, last_row - top), slice(first_column - left, last_column - left)),
        (slice(first_row, last_row), slice(first_column, last_column)),
    )


def _shadow(solid: Map, wire: Map, scene: Scene, size: int) -> Map:
    """What is left of the light on the table beside the body and the wires."""
    # Shadows are soft: a quarter of the resolution is enough, and sixteen times as fast.
    small = max(size // 4, 1)
    light, height = scene.light, scene.body.diameter * small
    bodies = cv2.resize(solid, (small, small), interpolation=cv2.INTER_AREA)
    wires = cv2.resize(wire, (small, small), interpolation=cv2.INTER_AREA)
    soft = _cast(bodies, light, light.shadow_reach * height, light.shadow_blur * height)
    # A round body touches the table along a line: the tight shadow hardly leaves it.
    touch = _cast(bodies, light, 0.12 * height, 0.10 * height)
    # Wires leave the body at half its height, and come down to the table.
    thin = _cast(wires, light, 0.35 * light.shadow_reach * height, 0.10 * height)
    dark = 0.65 * soft + 0.45 * touch + 0.55 * thin
    left = 1.0 - light.shadow * np.minimum(dark, 0.9)
    return cv2.resize(left, (size, size), interpolation=cv2.INTER_LINEAR)


def _cast(things: Map, light: Light, reach: float, blur: float) -> Map:
    """Things moved away from the light by `reach` pixels, and blurred."""
    shift = np.array(
        [
            [1, 0, -reach * math.cos(light.azimuth)],
            [0, 1, -reach * math.sin(light.azimuth)],
        ]
    )
    moved = cv2.warpAffine(things, shift, things.shape[::-1])
    return cv2.GaussianBlur(moved, (0, 0), max(blur, 0.4))
