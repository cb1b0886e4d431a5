"""The wires: their curves, and how tinned wire reflects light."""

import math
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from resistor_cls.synthetic.scene import Body, Lead, Light, Map, Rgb

# Straight segments of a wire; 64 of 5 px look smooth at 700 px.
_SEGMENTS = 64
# OpenCV draws at fractions of a pixel: the number of bits of the fraction.
_SHIFT = 4
# Wires are drawn at twice the photo's resolution, then averaged.
_OVERSAMPLING = 2
# Tinned copper, linear; slightly warm.
TIN: Rgb = (0.50, 0.43, 0.35)


def lead_path(body: Body, lead: Lead, end: int) -> NDArray[Any]:
    """Returns a wire as points.

    Args:
        body: where the wire begins.
        lead: its bends.
        end: -1 for the wire before the first band, +1 for the one after the last.

    Returns:
        (segments + 1, 2) x and y in fractions of the photo's side, beginning inside the body.
    """
    along = np.linspace(0, 1, _SEGMENTS + 1)
    heading = np.full(_SEGMENTS + 1, body.angle if end > 0 else body.angle + math.pi)
    for at, turn, over in lead.bends:
        part = np.clip((along - at) / over + 0.5, 0, 1)
        heading += turn * part * part * (3 - 2 * part)  # bends begin and end softly
    step = lead.length / _SEGMENTS
    steps = np.stack([np.cos(heading), np.sin(heading)], axis=1) * step
    start: NDArray[Any] = np.array([body.x, body.y]) + end * 0.47 * body.length * np.array(
        [math.cos(body.angle), math.sin(body.angle)]
    )
    path: NDArray[Any] = start + np.concatenate([np.zeros((1, 2)), np.cumsum(steps[:-1], axis=0)])
    return path


def covers_body(body: Body, leads: tuple[Lead, Lead]) -> bool:
    """Tells whether a wire crosses the body."""
    axis = np.array([math.cos(body.angle), math.sin(body.angle)])
    for lead, end in zip(leads, (-1, 1), strict=True):
        path = lead_path(body, lead, end) - (body.x, body.y)
        along, across = path @ axis, path @ np.array([-axis[1], axis[0]])
        away = np.arange(len(path)) * lead.length / _SEGMENTS > 0.12 * body.length
        near = (np.abs(along) < 0.5 * body.length) & (np.abs(across) < 0.62 * body.diameter)
        if (near & away).any():
            return True
    return False


def paint_leads(body: Body, leads: tuple[Lead, Lead], light: Light, size: int) -> tuple[Map, Map]:
    """Paints both wires of a part.

    Args:
        body: where the wires begin.
        leads: the wires.
        light: what falls on the wires.
        size: side of the photo in pixels.

    Returns:
        See `paint_wires`.
    """
    paths = [lead_path(body, lead, end) for lead, end in zip(leads, (-1, 1), strict=True)]
    return paint_wires(paths, [lead.width for lead in leads], light, size)


def paint_wires(
    paths: Sequence[NDArray[Any]], widths: Sequence[float], light: Light, size: int
) -> tuple[Map, Map]:
    """Paints wires of any shape.

    Args:
        paths: (points, 2) x and y of each in fractions of the photo's side.
        widths: of each, in the same unit.
        light: what falls on the wires.
        size: side of the photo in pixels.

    Returns:
        Brightness and coverage of the wires, both (size, size) from 0 to 1; the brightness is
        already multiplied by the coverage.
    """
    fine = size * _OVERSAMPLING
    shade = np.zeros((fine, fine), np.uint8)
    cover = np.zeros((fine, fine), np.uint8)
    to_light = np.array([math.cos(light.azimuth), math.sin(light.azimuth)])
    for path, width in zip(paths, widths, strict=True):
        tangent = np.gradient(path, axis=0)
        tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
        normal = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1)
        # How much the wire's side faces the light: it reflects most when it lies across.
        facing = normal @ to_light
        thick = max(width * fine, 1.0)
        cv2.polylines(
            cover, [_fixed_point(path, fine)], False, 255, round(thick), cv2.LINE_AA, _SHIFT
        )
        for fraction, shift, low, high in _LAYERS:
            shifted = path + normal * (facing * shift * width)[:, None]
            levels = 255 * (low + (high - low) * np.abs(facing))
            _draw_shades(
                shade, _fixed_point(shifted, fine), levels, max(1, round(thick * fraction))
            )
    half = (size, size)
    shade_map = cv2.resize(cv2.min(shade, cover), half, interpolation=cv2.INTER_AREA)
    cover_map = cv2.resize(cover, half, interpolation=cv2.INTER_AREA)
    scale = np.float32(1 / 255)
    return shade_map.astype(np.float32) * scale, cover_map.astype(np.float32) * scale


# From the dark rim to the highlight: width as a fraction of the wire's, shift towards the light in
# wire widths, and brightness where the wire lies along the light and across it.
_LAYERS = (
    (1.00, 0.00, 0.07, 0.05),
    (0.80, 0.05, 0.17, 0.16),
    (0.58, 0.12, 0.33, 0.42),
    (0.34, 0.18, 0.55, 0.95),
)


def _fixed_point(path: NDArray[Any], size: int) -> NDArray[Any]:
    points: NDArray[Any] = np.round(path * size * 2**_SHIFT).astype(np.int32)
    return points


def _draw_shades(
    canvas: NDArray[Any], path: NDArray[Any], levels: NDArray[Any], thick: int
) -> None:
    """Draws a polyline whose brightness changes along the path, in runs of equal brightness."""
    run = 4
    for begin in range(0, len(path) - 1, run):
        cv2.polylines(
            canvas,
            [path[begin : begin + run + 1]],
            False,
            float(levels[begin]),
            thick,
            cv2.LINE_AA,
            _SHIFT,
        )
