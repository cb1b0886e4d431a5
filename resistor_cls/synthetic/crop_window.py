"""A window: a part of a photo at the photo's own resolution, cheaper to draw than the whole."""

import math
from dataclasses import dataclass, replace

from resistor_cls.synthetic.background import shifted
from resistor_cls.synthetic.scene import Background, Camera, Light, Scene


@dataclass(frozen=True)
class Window:
    """A square part of a photo; it may extend beyond the photo's edges.

    Attributes:
        left: x of its left edge, fraction of the photo's side.
        top: y of its upper edge, the same.
        side: the same unit; above 1 the window extends beyond the photo, up to 1.2 at any scale
            of the grain.
    """

    left: float
    top: float
    side: float


def close_up(scene: Scene, window: Window) -> Scene:
    """Returns the scene whose whole photo is what the window shows of the given one.

    Everything is exact except the slope of the vignette inside the window (a few percent of
    brightness at most), which no field of a scene can hold. `Camera.blur` and `Camera.motion` stay
    fractions of the whole photo: `develop` knows its size.
    """
    # NumPy scalars would turn every float32 map that they are combined with into float64.
    window = Window(float(window.left), float(window.top), float(window.side))
    side = window.side
    # The window's centre, relative to the photo's centre.
    x, y = window.left + side / 2 - 0.5, window.top + side / 2 - 0.5
    light, dimmed = _light(scene.light, window, x, y)
    body = replace(
        scene.body,
        x=(scene.body.x - window.left) / side,
        y=(scene.body.y - window.top) / side,
        length=scene.body.length / side,
        diameter=scene.body.diameter / side,
    )
    first, last = (
        replace(lead, length=lead.length / side, width=lead.width / side) for lead in scene.leads
    )
    return replace(
        scene,
        body=body,
        leads=(first, last),
        background=_background(scene.background, side, x, y),
        light=light,
        camera=_camera(scene.camera, dimmed, side, x, y),
    )


def _background(background: Background, side: float, x: float, y: float) -> Background:
    angle = background.edge_angle
    beyond = background.edge_offset - (x * math.cos(angle) + y * math.sin(angle))
    return replace(shifted(background, side, x, y), edge_offset=beyond / side)


def _light(light: Light, window: Window, x: float, y: float) -> tuple[Light, float]:
    """The light in the window, and its level at the bright end, relative to the whole photo's."""
    towards = x * math.cos(light.azimuth) + y * math.sin(light.azimuth)
    centre = 1 - light.falloff * (0.5 - towards)
    # Light falls off along a line through the window's centre; that of a scene begins at its
    # bright end.
    dimmed = centre + light.falloff * window.side / 2
    shown = replace(
        light,
        falloff=light.falloff * window.side / dimmed,
        glare=light.glare / dimmed,  # a mirrored window does not fall off
        glare_x=(light.glare_x - window.left) / window.side,
        glare_y=(light.glare_y - window.top) / window.side,
        glare_size=light.glare_size / window.side,
    )
    return shown, dimmed


def _camera(camera: Camera, dimmed: float, side: float, x: float, y: float) -> Camera:
    # A corner is half a squared side from the centre; see `background._falling_light`.
    dimmed *= 1 - camera.vignette * (x * x + y * y) / 0.5
    red, green, blue = (level * dimmed for level in camera.exposure)
    return replace(camera, exposure=(red, green, blue), vignette=camera.vignette * side**2)
