"""Paints the body: a solid of revolution with bands around it, shaded by the light."""

import math
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from resistor_cls.synthetic.layers import RGB, Patch
from resistor_cls.synthetic.parts import METALLIC
from resistor_cls.synthetic.scene import Body, Light, Map, Rgb

# One number, or one of each body of a batch.
Scalars = float | NDArray[Any]
# Radius of the coating's tips at their end over that of the caps: slightly more than the wire's.
_TIP_RADIUS = 0.2


def radius(body: Body, along: NDArray[np.floating]) -> Map:
    """Returns the radius of the body along its length.

    Args:
        body: with its shape.
        along: positions, 0 at the first end to 1 at the last.

    Returns:
        The radius in units of the caps' radius, 0 outside.
    """
    rounding = body.round_off * body.diameter / body.length
    profile = radius_profile(along, body.waist, body.cap, rounding, body.tip)
    return np.where((along < 0) | (along > 1), 0, profile).astype(np.float32)


def radius_profile(
    along: Map, waist: Scalars, cap: Scalars, rounding: Scalars, tip: Scalars
) -> Map:
    """Returns the radius along bodies.

    Args:
        along: positions, 0 at the first end to 1 at the last.
        waist: radius of the middle over that of the caps; a number, or (batch, 1) as the others.
        cap: length of a cap with its shoulder, in body lengths.
        rounding: length over which a cap closes, in body lengths.
        tip: length of the coating that runs out on the wire, in body lengths.

    Returns:
        The radius in units of the caps' radius, in the shape of `along` or with a line per body.
    """
    end = np.minimum(along, 1 - along)
    # A rounded cap: a quarter of a superellipse.
    inner = np.clip((end - tip) / rounding, 0, 1)
    closing = (1 - (1 - inner) ** 2.4) ** (1 / 2.4)
    # The shoulder from the cap down to the waist.
    down = np.clip((end - 0.62 * cap) / (0.38 * cap), 0, 1)
    shoulder = 1 - (1 - waist) * down * down * (3 - 2 * down)
    wire = _TIP_RADIUS * (1 + 0.6 * np.clip(end / tip, 0, 1))
    profile: Map = np.maximum(closing * shoulder, wire)
    return profile


@lru_cache(maxsize=16)  # drawing, the drawing's box and the tables ask for the same one
def body_box(body: Body) -> tuple[float, float, float, float]:
    """Returns the smallest upright box around the body: x and y of its centre, width, height."""
    along = np.linspace(0, 1, 201)
    across = radius(body, along) * body.diameter / 2
    u = np.concatenate([along, along]) * body.length - body.length / 2
    v = np.concatenate([across, -across])
    x = body.x + u * math.cos(body.angle) - v * math.sin(body.angle)
    y = body.y + u * math.sin(body.angle) + v * math.cos(body.angle)
    left, right, top, bottom = x.min(), x.max(), y.min(), y.max()
    return (
        float((left + right) / 2),
        float((top + bottom) / 2),
        float(right - left),
        float(bottom - top),
    )


def paint_body(body: Body, light: Light, size: int) -> Patch:
    """Paints the body under the light.

    Args:
        body: what is drawn.
        light: what falls on it.
        size: side of the photo in pixels.

    Returns:
        The body in layers of red, green and blue.
    """
    # Small bodies take three samples per pixel and axis; large ones are smooth with two.
    oversampling = 3 if body.length * size < 110 else 2
    scale = size * oversampling
    upright = _along_axis(body, light, scale)
    x, y, width, height = body_box(body)
    left, top = math.floor((x - width / 2) * size) - 1, math.floor((y - height / 2) * size) - 1
    columns = math.ceil((x + width / 2) * size) + 1 - left
    rows = math.ceil((y + height / 2) * size) + 1 - top
    corner = left * oversampling, top * oversampling
    shape = columns * oversampling, rows * oversampling
    rgba = _rotated(upright, body, scale, corner, shape)
    patch = cv2.resize(rgba, (columns, rows), interpolation=cv2.INTER_AREA)
    *layers, cover = cv2.split(patch)
    return Patch(cover, tuple(layers), RGB, (left, top))


def _rotated(
    rgba: Map, body: Body, scale: int, corner: tuple[int, int], shape: tuple[int, int]
) -> Map:
    """From the body's own frame, with its axis along x, into the photo."""
    cos, sin = math.cos(body.angle), math.sin(body.angle)
    rows, columns = rgba.shape[:2]
    # Pixel centres lie at +0.5.
    from_x = corner[0] + 0.5 - body.x * scale
    from_y = corner[1] + 0.5 - body.y * scale
    to_body = np.array(
        [
            [cos, sin, columns / 2 - 0.5 + cos * from_x + sin * from_y],
            [-sin, cos, rows / 2 - 0.5 - sin * from_x + cos * from_y],
        ]
    )
    return cv2.warpAffine(rgba, to_body, shape, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)


def _along_axis(body: Body, light: Light, scale: int) -> Map:
    """Colour and coverage in the body's own frame.

    Args:
        body: what is drawn.
        light: what falls on it.
        scale: samples per side of the photo.

    Returns:
        (rows, columns, 4), the body's axis along x.
    """
    half_length, half_width = body.length * scale / 2, body.diameter * scale / 2
    columns, rows = 2 * math.ceil(half_length + 2), 2 * math.ceil(half_width + 2)
    u = (np.arange(columns, dtype=np.float32) + 0.5 - columns / 2) / (2 * half_length) + 0.5
    v = (np.arange(rows, dtype=np.float32) + 0.5 - rows / 2)[:, None]
    reach = radius(body, u) * half_width
    cover = (np.clip(reach - np.abs(v) + 0.5, 0, 1) * (reach > 0)).astype(np.float32)
    across = np.clip(v / np.maximum(reach, 1), -1, 1)
    up = np.sqrt(1 - across * across)
    slope = np.clip(np.gradient(reach), -2, 2)[None, :]
    length = 1 / np.sqrt(1 + slope * slope)
    normal = (-slope * length, across * length, up * length)
    diffuse, mirror, sheen = shading(normal, body.angle, body.gloss, light)

    rng = np.random.default_rng(body.seed)
    mottled = (1 + body.mottle * 0.5 * _blotches(rng, columns, rows)) * diffuse
    planes = [mottled * np.float32(level) for level in body.colour]
    # Seen from the side, bands bend: what lies on top of the body is shifted along the axis.
    band_u = u[None, :] - body.bulge * up * reach / (2 * half_length)
    raggedness = partial(_raggedness, rng, v / half_width)
    _paint_bands(planes, body, (u, band_u), raggedness, (diffuse, sheen), scale=scale)
    planes = [(p + mirror * np.float32(m)) * cover for p, m in zip(planes, WINDOW, strict=True)]
    return cv2.merge([*planes, cover])


def _paint_bands(
    planes: list[Map],
    body: Body,
    positions: tuple[Map, Map],
    raggedness: Callable[[], Map],
    lights: tuple[Map, Map],
    *,
    scale: int,
) -> None:
    """Paints the bands over the coating.

    Args:
        planes: red, green and blue of the body in its own frame; changed in place.
        body: with its bands.
        positions: along the axis, 0 to 1: of each column, and of each sample once bands bend.
        raggedness: the next band's deviation of the edge, in units of `body.smear`.
        lights: diffuse light and sheen of each sample.
        scale: samples per side of the photo.
    """
    (u, band_u), (diffuse, sheen) = positions, lights
    length = body.length * scale
    bend = abs(body.bulge) * (body.diameter * scale / 2) / length
    soft = 1 / length  # one sample: bands end as sharply as the samples allow
    for band, centre, width, paint in zip(
        body.bands, body.centres, body.widths, body.paint, strict=True
    ):
        ragged = body.smear * raggedness()
        # Only the columns that the band can reach: three times the smear holds nearly all of it.
        first, last = np.searchsorted(
            u,
            (
                centre - width / 2 - bend - 3 * body.smear,
                centre + width / 2 + bend + 3 * body.smear,
            ),
        )
        part = np.s_[:, first:last]
        opacity = np.clip((width / 2 - np.abs(band_u[part] - centre + ragged)) / soft + 0.5, 0, 1)
        lit = diffuse[part]
        if band in METALLIC:
            lit = 0.55 * lit + 0.75 * sheen[part]
        for plane, level in zip(planes, paint, strict=True):
            plane[part] += opacity * (np.float32(level) * lit - plane[part])


# Light of the sky through the window, relative to the reflectance of white paper.
WINDOW: Rgb = (0.85, 1.0, 1.12)


def shading(
    normal: tuple[Map, Map, Map], angle: float, gloss: float, light: Light
) -> tuple[Map, Map, Map]:
    """Computes how a surface reflects light to a camera above it.

    Args:
        normal: of the surface in the object's frame: along its axis, across it, up to the camera.
        angle: of the axis in the photo, radians.
        gloss: intensity of the mirror highlight, 0 matt to 1 lacquered.
        light: what falls on it.

    Returns:
        Diffuse light, the window's mirror image, and the broad sheen of metal flakes.
    """
    azimuth = light.azimuth - angle
    flat, high = math.cos(light.height), math.sin(light.height)
    to_light = (flat * math.cos(azimuth), flat * math.sin(azimuth), high)
    facing = _cosine(normal, to_light)
    diffuse = diffuse_light(normal[2], facing, high, light.ambient)
    # Blinn-Phong: the direction half-way between the light and the camera.
    long = math.hypot(to_light[0], to_light[1], to_light[2] + 1.0)
    half = (to_light[0] / long, to_light[1] / long, (to_light[2] + 1.0) / long)
    toward = np.clip(_cosine(normal, half), 0, 1)
    # Lacquer reflects the window small and bright, a matt coating as a broad faint patch.
    exponent = 10 + 70 * gloss
    # Powers below 1e-12 vanish beside the veil; computing those that underflow is slow.
    mirror = 1.5 * gloss**1.5 * np.maximum(toward, 1e-12 ** (1 / exponent)) ** exponent
    # Lacquer reflects the sky a little everywhere, more at grazing angles (Schlick), and much
    # more where the photo was taken against the window, which glare on the table indicates.
    veil = 0.004 + 0.02 * gloss * (0.1 * light.glare + (1 - normal[2]) ** 3)
    return diffuse, mirror + veil, toward**5


def diffuse_light(up: Map, facing: Map, high: Scalars, ambient: Scalars) -> Map:
    """Computes the light on a matt surface; a horizontal sheet receives 1.

    Args:
        up: cosine between the surface's normal and the direction to the camera.
        facing: cosine between its normal and the direction to the main light.
        high: sine of the main light's height above the table; a number, or (batch, 1, 1).
        ambient: share of light from everywhere, the same.

    Returns:
        In the shape of `up`.
    """
    # Below the horizon the table reflects some.
    sky = 0.62 + 0.38 * up
    key = np.maximum(facing * 0.85 + 0.15, 0) / (high * 0.85 + 0.15)
    # A lamp that is lower still makes nothing brighter.
    return ambient * sky + (1 - ambient) * np.minimum(key, 2.2)


def _cosine(normal: tuple[Map, Map, Map], direction: tuple[float, float, float]) -> Map:
    return normal[0] * direction[0] + normal[1] * direction[1] + normal[2] * direction[2]


def _blotches(rng: np.random.Generator, columns: int, rows: int) -> Map:
    coarse = rng.standard_normal((5, 14)).astype(np.float32)
    return cv2.resize(coarse, (columns, rows), interpolation=cv2.INTER_CUBIC)


def _raggedness(rng: np.random.Generator, across: Map) -> Map:
    """Deviation of a band's edge across the body; about unit size."""
    phases, heights = rng.uniform(0, 2 * np.pi, 3), rng.normal(0, (0.7, 0.4, 0.2))
    waves: list[Map] = [
        height * np.sin(2 * frequency * across + phase)
        for frequency, height, phase in zip((1, 3, 7), heights, phases, strict=True)
    ]
    return (waves[0] + waves[1] + waves[2]).astype(np.float32)
