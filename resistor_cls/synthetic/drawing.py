"""Draws a scene as a photo: table, shadow, wires, body, camera."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from resistor_cls.synthetic.background import paint_table
from resistor_cls.synthetic.body import body_box, paint_body
from resistor_cls.synthetic.camera import colour_matrix, develop
from resistor_cls.synthetic.crop_window import Window, close_up
from resistor_cls.synthetic.leads import TIN, paint_leads
from resistor_cls.synthetic.scene import Light, Map, Photo, Rgb, Scene

# Smaller photos are drawn larger and averaged: their wires would be thinner than a pixel.
_MIN_SIZE = 512


@dataclass(frozen=True)
class Drawing:
    """A synthetic photo and its box.

    Attributes:
        photo: (size, size, 3) uint8, RGB.
        box: upright box around the body: x and y of its centre, width and height, in fractions
            of the photo.
    """

    photo: Photo
    box: tuple[float, float, float, float]


def draw(scene: Scene, size: int = 700, window: Window | None = None) -> Drawing:
    """Draws a scene.

    Args:
        scene: everything that is drawn.
        size: side of the whole photo in pixels; the scene is the same at any size.
        window: the part of the photo to draw, at the whole photo's resolution: `round(window.side
            * size)` pixels. Its noise differs from the whole photo's. None draws everything.

    Returns:
        The drawing; its box is in fractions of what is drawn.
    """
    shown = scene if window is None else close_up(scene, window)
    return Drawing(photograph(shown, size, window, _light_of), body_box(shown.body))


def draw_empty(scene: Scene, size: int = 700, window: Window | None = None) -> Photo:
    """Draws the table of a scene without its part, on which a detector must find nothing.

    Arguments as of `draw`.

    Returns:
        (side, side, 3) uint8, RGB.
    """
    shown = scene if window is None else close_up(scene, window)
    return photograph(shown, size, window, _light_of_table)


def photograph(
    shown: Scene, size: int, window: Window | None, light_of: Callable[[Scene, int], Map]
) -> Photo:
    """Takes a photo of the light of a scene.

    Args:
        shown: the scene, as the window shows it.
        size: as for `draw`.
        window: as for `draw`.
        light_of: computes the light that reaches the camera, (pixels, pixels, 3), from a scene
            and the number of pixels.

    Returns:
        (side, side, 3) uint8, RGB.
    """
    side = size if window is None else max(1, round(window.side * size))
    oversampling = -(-_MIN_SIZE // size)
    light = light_of(shown, side * oversampling)
    if oversampling > 1:
        light = cv2.resize(light, (side, side), interpolation=cv2.INTER_AREA)
    return develop(light, shown.camera, size)


def _light_of_table(scene: Scene, size: int) -> Map:
    """The light that reaches the camera from the empty table: (size, size, 3)."""
    table = paint_table(scene.background, scene.light, scene.camera.vignette, size)
    mixing = colour_matrix(scene.camera) @ np.array(table.colours, np.float32).T
    return cv2.transform(cv2.merge(table.layers), mixing)


def _light_of(scene: Scene, size: int) -> Map:
    """The light that reaches the camera, after its exposure: (size, size, 3)."""
    wires = paint_leads(scene.body, scene.leads, scene.light, size)
    solid = paint_body(scene.body, scene.light, size)
    return light_of_objects(scene, size, wires, solid)


def light_of_objects(
    scene: Scene,
    size: int,
    wires: tuple[Map, Map],
    solid: tuple[Map, Map, tuple[int, int]],
    metal: Rgb = TIN,
) -> Map:
    """Computes the light that reaches the camera from objects on a table.

    Args:
        scene: table, light and camera; its body's diameter is the height of the objects.
        size: side of the photo in pixels.
        wires: see `paint_wires`.
        solid: see `paint_body`.
        metal: reflectance of the wires, linear.

    Returns:
        (size, size, 3), after the camera's exposure.
    """
    table = paint_table(scene.background, scene.light, scene.camera.vignette, size)
    (shade, wire), (colour, cover, corner) = wires, solid
    inside, visible = _overlap(corner, cover.shape, size)
    whole = np.zeros_like(wire)
    whole[visible] = cover[inside]
    uncovered = cv2.multiply(_shadow(whole, wire, scene, size), 1.0 - wire)
    layers = [cv2.multiply(layer, uncovered) for layer in table.layers]
    layers.append(cv2.multiply(shade, table.light))
    exposure = colour_matrix(scene.camera)
    mixing = exposure @ np.array([*table.colours, metal], np.float32).T
    photo = cv2.transform(cv2.merge(layers), mixing)
    lit = cv2.transform(colour[inside] * table.light[visible][:, :, None], exposure)
    photo[visible] = photo[visible] * (1.0 - cover[inside])[:, :, None] + lit
    return photo


def _overlap(
    corner: tuple[int, int], shape: tuple[int, ...], size: int
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Rows and columns of a patch that lie in the photo, and their position in the photo."""
    (left, top), (rows, columns) = corner, shape[:2]
    # A patch beside the photo has no part in it: the end must not come before the beginning.
    first_row, first_column = max(0, top), max(0, left)
    last_row = max(first_row, min(size, top + rows))
    last_column = max(first_column, min(size, left + columns))
    return (
        (slice(first_row - top, last_row - top), slice(first_column - left, last_column - left)),
        (slice(first_row, last_row), slice(first_column, last_column)),
    )


def _shadow(solid: Map, wire: Map, scene: Scene, size: int) -> Map:
    """Fraction of the light that reaches the table, shadows of body and wires included."""
    # Shadows are soft: a quarter of the resolution is enough, and sixteen times faster.
    small = max(size // 4, 1)
    light, height = scene.light, scene.body.diameter * small
    bodies = cv2.resize(solid, (small, small), interpolation=cv2.INTER_AREA)
    wires = cv2.resize(wire, (small, small), interpolation=cv2.INTER_AREA)
    soft = _cast(bodies, light, light.shadow_reach * height, light.shadow_blur * height)
    # A round body touches the table along a line, with a narrow shadow beside it.
    contact = _cast(bodies, light, 0.12 * height, 0.10 * height)
    # Wires leave the body at half its height and come down to the table.
    thin = _cast(wires, light, 0.35 * light.shadow_reach * height, 0.10 * height)
    dark = 0.65 * soft + 0.45 * contact + 0.55 * thin
    left = 1.0 - light.shadow * np.minimum(dark, 0.9)
    return cv2.resize(left, (size, size), interpolation=cv2.INTER_LINEAR)


def _cast(objects: Map, light: Light, reach: float, blur: float) -> Map:
    """The objects' coverage, moved away from the light by `reach` pixels and blurred."""
    shift = np.array(
        [[1, 0, -reach * math.cos(light.azimuth)], [0, 1, -reach * math.sin(light.azimuth)]]
    )
    moved = cv2.warpAffine(objects, shift, objects.shape[::-1])
    return cv2.GaussianBlur(moved, (0, 0), max(blur, 0.4))
