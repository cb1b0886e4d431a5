"""The wires: their curves, and how tinned wire reflects light."""

import math
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from resistor_cls.synthetic.layers import Patch
from resistor_cls.synthetic.scene import Body, Lead, Light, Rgb

# Straight segments of a wire; 64 of 5 px look smooth at 700 px.
_SEGMENTS = 64
_ALONG = np.linspace(0, 1, _SEGMENTS + 1)  # their ends, in lengths of the wire
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
    at, turn, over = np.array(lead.bends).reshape(-1, 3).T[:, :, None]
    part = np.clip((_ALONG - at) / over + 0.5, 0, 1)
    turned = turn * part * part * (3 - 2 * part)  # bends begin and end softly
    heading = np.add.reduce(turned, axis=0, initial=body.angle if end > 0 else body.angle + math.pi)
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


def paint_leads(body: Body, leads: tuple[Lead, Lead], light: Light, size: int) -> Patch:
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
    paths: Sequence[NDArray[Any]],
    widths: Sequence[float],
    light: Light,
    size: int,
    metal: Rgb = TIN,
) -> Patch:
    """Paints wires of any shape.

    Args:
        paths: (points, 2) x and y of each in fractions of the photo's side.
        widths: of each, in the same unit.
        light: what falls on the wires.
        size: side of the photo in pixels.
        metal: reflectance of the wires, linear.

    Returns:
        The wires, in one layer.
    """
    fine = size * _OVERSAMPLING
    window = _window(paths, widths, size)
    rows, columns = (part.stop - part.start for part in window)
    if not rows or not columns:
        nothing = np.zeros((0, 0), np.float32)
        return Patch(nothing, (nothing,), (metal,), (0, 0))
    corner = np.array([window[1].start, window[0].start]) * _OVERSAMPLING << _SHIFT
    shade = np.zeros((rows * _OVERSAMPLING, columns * _OVERSAMPLING), np.uint8)
    cover = np.zeros_like(shade)
    to_light = np.array([math.cos(light.azimuth), math.sin(light.azimuth)])
    for path, width in zip(paths, widths, strict=True):
        tangent = np.gradient(path, axis=0)
        tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
        normal = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1)
        # How much the wire's side faces the light: it reflects most when it lies across.
        facing = normal @ to_light
        thick = max(width * fine, 1.0)
        points = _fixed_point(path, fine) - corner
        cv2.polylines(cover, [points], False, 255, round(thick), cv2.LINE_AA, _SHIFT)
        for fraction, shift, low, high in _LAYERS:
            shifted = path + normal * (facing * shift * width)[:, None]
            levels = 255 * (low + (high - low) * np.abs(facing))
            points = _fixed_point(shifted, fine) - corner
            _draw_shades(shade, points, levels, max(1, round(thick * fraction)))
    brightness, coverage = (
        np.multiply(
            cv2.resize(drawn, (columns, rows), interpolation=cv2.INTER_AREA),
            np.float32(1 / 255),
            dtype=np.float32,
        )
        for drawn in (cv2.min(shade, cover), cover)
    )
    return Patch(coverage, (brightness,), (metal,), (window[1].start, window[0].start))


def _window(
    paths: Sequence[NDArray[Any]], widths: Sequence[float], size: int
) -> tuple[slice, slice]:
    """Rows and columns of the photo outside of which no wire is drawn."""
    if not paths:
        return slice(0, 0), slice(0, 0)
    # Half of a wire, of which shades are shifted by a fifth of the width; and smoothed edges.
    aside = [0.7 * width * size + 3 for width in widths]
    low = np.min([path.min(0) * size - far for path, far in zip(paths, aside, strict=True)], 0)
    high = np.max([path.max(0) * size + far for path, far in zip(paths, aside, strict=True)], 0)
    first = np.clip(np.floor(low), 0, size).astype(int)
    last = np.clip(np.ceil(high), first, size).astype(int)
    return slice(first[1], last[1]), slice(first[0], last[0])


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
