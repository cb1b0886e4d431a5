"""The wires: from bends to curves, and how tinned wire shines."""

import math
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from resistor_cls.synthetic.scene import Body, Lead, Light, Rgb

# float32; OpenCV's own types do not say which numbers its results hold.
Map = NDArray[Any]

# Pieces of a wire; 64 pieces of 5 px look smooth at 700 px.
_PIECES = 64
# cv2 draws at fractions of a pixel: 4 bits of them.
_SHIFT = 4
# Wires are drawn at twice the photo's resolution, then averaged.
_FINE = 2
# Tinned copper, linear; slightly warm.
TIN: Rgb = (0.50, 0.43, 0.35)


def lead_path(body: Body, lead: Lead, end: int) -> NDArray[Any]:
    """The wire as points.

    Args:
        body: where the wire begins.
        lead: its bends.
        end: -1 for the wire before the first ring, +1 for the one after the last.

    Returns:
        (pieces + 1, 2) x and y in fractions of the photo's side, beginning inside the body.
    """
    along = np.linspace(0, 1, _PIECES + 1)
    heading = np.full(_PIECES + 1, body.angle if end > 0 else body.angle + math.pi)
    for at, turn, over in lead.bends:
        part = np.clip((along - at) / over + 0.5, 0, 1)
        heading += turn * part * part * (3 - 2 * part)  # bends begin and end softly
    step = lead.length / _PIECES
    steps = np.stack([np.cos(heading), np.sin(heading)], axis=1) * step
    start = np.array([body.x, body.y]) + end * 0.47 * body.length * np.array(
        [math.cos(body.angle), math.sin(body.angle)]
    )
    return start + np.concatenate([np.zeros((1, 2)), np.cumsum(steps[:-1], axis=0)])


def covers_body(body: Body, leads: tuple[Lead, Lead]) -> bool:
    """Whether a wire comes back over the body."""
    axis = np.array([math.cos(body.angle), math.sin(body.angle)])
    for lead, end in zip(leads, (-1, 1), strict=True):
        path = lead_path(body, lead, end) - (body.x, body.y)
        along, across = path @ axis, path @ np.array([-axis[1], axis[0]])
        away = np.arange(len(path)) * lead.length / _PIECES > 0.12 * body.length
        near = (np.abs(along) < 0.5 * body.length) & (np.abs(across) < 0.62 * body.diameter)
        if (near & away).any():
            return True
    return False


def paint_leads(body: Body, leads: tuple[Lead, Lead], light: Light, size: int) -> tuple[Map, Map]:
    """Both wires of a part.

    Args:
        body: where they begin.
        leads: their bends.
        light: what falls on them.
        size: side of the photo in pixels.

    Returns:
        As `paint_wires`.
    """
    paths = [lead_path(body, lead, end) for lead, end in zip(leads, (-1, 1), strict=True)]
    return paint_wires(paths, [lead.width for lead in leads], light, size)


def paint_wires(
    paths: Sequence[NDArray[Any]], widths: Sequence[float], light: Light, size: int
) -> tuple[Map, Map]:
    """Wires of any shape.

    Args:
        paths: (points, 2) x and y of each in fractions of the photo's side.
        widths: of each, in the same unit.
        light: what falls on them.
        size: side of the photo in pixels.

    Returns:
        Shade of the wire and how much it covers, both (size, size) from 0 to 1; the shade is
        already multiplied by the cover.
    """
    fine = size * _FINE
    shade = np.zeros((fine, fine), np.uint8)
    cover = np.zeros((fine, fine), np.uint8)
    to_light = np.array([math.cos(light.azimuth), math.sin(light.azimuth)])
    for path, width in zip(paths, widths, strict=True):
        tangent = np.gradient(path, axis=0)
        tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
        normal = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1)
        # How far the wire's flank faces the light: it mirrors most when it lies across.
        facing = normal @ to_light
        thick = max(width * fine, 1.0)
        cv2.polylines(cover, [_fixed(path, fine)], False, 255, round(thick), cv2.LINE_AA, _SHIFT)
        for share, shift, low, high in _LAYERS:
            shifted = path + normal * (facing * shift * width)[:, None]
            levels = 255 * (low + (high - low) * np.abs(facing))
            _draw_shades(shade, _fixed(shifted, fine), levels, max(1, round(thick * share)))
    half = (size, size)
    shade_map = cv2.resize(cv2.min(shade, cover), half, interpolation=cv2.INTER_AREA)
    cover_map = cv2.resize(cover, half, interpolation=cv2.INTER_AREA)
    scale = np.float32(1 / 255)
    return shade_map.astype(np.float32) * scale, cover_map.astype(np.float32) * scale


# From the dark rim to the highlight: width as a share of the wire's, shift towards the light in
# wire widths, and brightness where the wire lies along the light and across it.
_LAYERS = (
    (1.00, 0.00, 0.07, 0.05),
    (0.80, 0.05, 0.17, 0.16),
    (0.58, 0.12, 0.33, 0.42),
    (0.34, 0.18, 0.55, 0.95),
)


def _fixed(path: NDArray[Any], size: int) -> NDArray[Any]:
    return np.round(path * size * 2**_SHIFT).astype(np.int32)


def _draw_shades(
    canvas: NDArray[Any], path: NDArray[Any], levels: NDArray[Any], thick: int
) -> None:
    """One polyline whose brightness changes along the way, in runs of equal brightness."""
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
