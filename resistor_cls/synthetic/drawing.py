"""Draws a scene as a photo: table, shadow, wires, body, camera."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from resistor_cls.synthetic.background import paint_table
from resistor_cls.synthetic.body import body_box, paint_body
from resistor_cls.synthetic.camera import colour_matrix, develop
from resistor_cls.synthetic.crop_window import Window, close_up
from resistor_cls.synthetic.layers import LitScene, Patch
from resistor_cls.synthetic.leads import paint_leads
from resistor_cls.synthetic.scene import Photo, Scene
from resistor_cls.synthetic.shadow import cast_shadow

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
    return Drawing(photograph(shown, size, window, _lit_part), body_box(shown.body))


def draw_empty(scene: Scene, size: int = 700, window: Window | None = None) -> Photo:
    """Draws the table of a scene without its part, on which a detector must find nothing.

    Arguments as of `draw`.

    Returns:
        (side, side, 3) uint8, RGB.
    """
    shown = scene if window is None else close_up(scene, window)
    return photograph(shown, size, window, _lit_table)


def photograph(
    shown: Scene, size: int, window: Window | None, lit: Callable[[Scene, int], LitScene]
) -> Photo:
    """Takes a photo of the light of a scene.

    Args:
        shown: the scene, as the window shows it.
        size: as for `draw`.
        window: as for `draw`.
        lit: computes the light of a scene, given the side in samples.

    Returns:
        (side, side, 3) uint8, RGB.
    """
    side = size if window is None else max(1, round(window.side * size))
    oversampling = -(-_MIN_SIZE // size)
    light = lit(shown, side * oversampling)
    return develop(light.of_rows, side, oversampling, shown.camera, size)


def _lit_table(scene: Scene, size: int) -> LitScene:
    light, table = paint_table(scene.background, scene.light, scene.camera.vignette, size)
    return LitScene(light, table, (), colour_matrix(scene.camera))


def _lit_part(scene: Scene, size: int) -> LitScene:
    wires = paint_leads(scene.body, scene.leads, scene.light, size)
    return lit_objects(scene, size, wires, paint_body(scene.body, scene.light, size))


def lit_objects(scene: Scene, size: int, wires: Patch, solid: Patch | None = None) -> LitScene:
    """Computes the light that reaches the camera from objects on a table.

    Args:
        scene: table, light and camera; its body's diameter is the height of the objects.
        size: side of the photo in pixels.
        wires: what casts a thin shadow.
        solid: what casts a wide shadow, and covers the wires; None is nothing.

    Returns:
        The scene, (size, size), after the camera's exposure.
    """
    objects = (wires,) if solid is None else (wires, solid)
    lit = replace(_lit_table(scene, size), objects=objects)
    return lit.shaded(cast_shadow(wires, solid, scene.light, scene.body.diameter, size))
