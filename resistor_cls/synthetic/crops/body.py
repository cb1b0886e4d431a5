"""Paints the bodies of a batch: solids of revolution with bands, under their light."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resistor_cls.synthetic.body import diffuse_light, radius_profile
from resistor_cls.synthetic.crops import ranges
from resistor_cls.synthetic.crops.codes import METALS
from resistor_cls.synthetic.crops.sampling import MAX_LAMPS, MAX_SPOTS, Parts, Views

Array = NDArray[Any]


@dataclass(frozen=True)
class Frame:
    """Pixels of the crops in the frames of their bodies.

    Attributes:
        u: (batch, rows, columns) along the axis, 0 at the left end to 1 at the right one.
        v: (batch, rows, columns) across the axis, pixels.
        radius: (batch, rows, columns) of the body there, pixels; 0 outside.
        cover: (batch, rows, columns) coverage by the body, 0 to 1.
    """

    u: Array
    v: Array
    radius: Array
    cover: Array


def frame_of(parts: Parts, views: Views, shape: tuple[int, int]) -> Frame:
    """Computes where each pixel lies on its body."""
    rows, columns = shape
    x = np.arange(columns, dtype=np.float32)[None, None, :] + np.float32(0.5) - per_crop(views.x)
    y = np.arange(rows, dtype=np.float32)[None, :, None] + np.float32(0.5) - per_crop(views.y)
    cos, sin = per_crop(np.cos(views.angle)), per_crop(np.sin(views.angle))
    u = (x * cos + y * sin) / per_crop(views.length) + np.float32(0.5)
    v = y * cos - x * sin
    radius = _radius(parts, u) * per_crop(views.length * parts.slenderness / 2)
    cover = np.clip(radius - np.abs(v) + np.float32(0.5), 0, 1) * (radius > 0)
    return Frame(u, v, radius, cover.astype(np.float32))


def per_crop(values: Array) -> Array:
    """One value of each crop, for all of its pixels: (batch, 1, 1) float32."""
    values = np.asarray(values, np.float32)
    return values[:, None, None]


_STEPS = 256


def _radius(parts: Parts, u: Array) -> Array:
    """Radius over that of the caps, looked up in a table along the axis."""
    along = np.linspace(0, 1, _STEPS, dtype=np.float32)[None, :]
    waist, cap, round_off, tip = (parts.shape[:, k : k + 1].astype(np.float32) for k in range(4))
    slender = parts.slenderness[:, None].astype(np.float32)
    table = radius_profile(along, waist, cap, round_off * slender, tip)
    index = (u * np.float32(_STEPS)).astype(np.int32)
    outside = (u < 0) | (u >= 1)
    np.clip(index, 0, _STEPS - 1, out=index)
    index += (np.arange(len(u), dtype=np.int32) * _STEPS)[:, None, None]
    radius: Array = table.ravel()[index]
    radius[outside] = 0
    return radius


@dataclass(frozen=True)
class _Surface:
    """The surface of bodies and the light on it, each (batch, rows, columns).

    Attributes:
        across: position across the axis, -1 to 1.
        up: how much it faces the camera, 0 to 1.
        diffuse: light on it.
        sheen: what metal flakes reflect.
        blotches: soft noise of about unit variance.
    """

    across: Array
    up: Array
    diffuse: Array
    sheen: Array
    blotches: Array


def paint_bodies(frame: Frame, parts: Parts, views: Views, rng: np.random.Generator) -> Array:
    """Computes the light that bodies send to the camera.

    Args:
        frame: pixels in the frames of the bodies.
        parts: colours and bands.
        views: light.
        rng: of small irregularities.

    Returns:
        (batch, 3, rows, columns) linear light; a white sheet sends 1.
    """
    across = np.clip(frame.v / np.maximum(frame.radius, 1), -1, 1)
    up = np.sqrt(1 - across * across)
    slope = np.clip(np.gradient(frame.radius, axis=2), -2, 2).astype(np.float32)
    scale = 1 / np.sqrt(1 + slope * slope)
    normal = (-slope * scale, across * scale, up * scale)
    diffuse = _diffuse(normal, views)
    mirror, sheen = _mirror(normal, frame.u, across, views)

    size = len(parts.bands)
    blotches = _blotches(size, frame.u.shape[1:], rng)
    mottle = per_crop(
        rng.uniform(*ranges.MOTTLE, size) * np.where(rng.random(size) < ranges.MOTTLED, 3, 1)
    )
    coat = parts.coating.astype(np.float32)[:, :, None, None]
    light: Array = coat * ((1 + mottle * blotches) * diffuse)[:, None]
    surface = _Surface(across, up, diffuse, sheen, blotches)
    _paint_bands(light, frame, surface, parts, views, rng=rng)
    gloss = per_crop(parts.gloss)
    veil = np.float32(0.004) + np.float32(0.025) * gloss * (1 - normal[2]) ** 3
    tint = np.exp(rng.normal(ranges.MIRROR_BLUE, ranges.MIRROR_TINT, (size, 3)))
    mirrored = (mirror * gloss**1.5 + veil)[:, None]
    light += mirrored * tint.astype(np.float32)[:, :, None, None]
    return light


def _dot(normal: tuple[Array, Array, Array], direction: Array) -> Array:
    x, y, z = (per_crop(direction[:, k]) for k in range(3))
    product: Array = normal[0] * x + normal[1] * y + normal[2] * z
    return product


def _diffuse(normal: tuple[Array, Array, Array], views: Views) -> Array:
    facing, high = _dot(normal, views.key), per_crop(views.key[:, 2])
    return diffuse_light(normal[2], facing, high, per_crop(views.ambient))


def _mirror(
    normal: tuple[Array, Array, Array], u: Array, across: Array, views: Views
) -> tuple[Array, Array]:
    """Mirror images of lamps on lacquer, and the broad sheen of metal flakes."""
    mirror = np.zeros_like(across)
    sheen = np.zeros_like(across)
    for lamp in range(MAX_LAMPS):
        half, sharpness, intensity = (
            views.lamps[:, lamp, :3], views.lamps[:, lamp, 3], views.lamps[:, lamp, 4],
        )  # fmt: skip
        shown = np.flatnonzero(intensity)
        if not len(shown):
            continue
        facing = _dot(tuple(one[shown] for one in normal), half[shown]) - 1  # type: ignore[arg-type]
        # A Gaussian lobe round the mirror direction, close to Blinn-Phong's.
        mirror[shown] += per_crop(intensity[shown]) * np.exp(facing * per_crop(sharpness[shown]))
        if lamp == 0:
            sheen[shown] += np.exp(facing * np.float32(7))
    for spot in range(MAX_SPOTS):
        along, over, long, wide, intensity = views.spots[:, spot].T
        shown = np.flatnonzero(intensity)
        if not len(shown):
            continue
        away = ((u[shown] - per_crop(along[shown])) / per_crop(long[shown])) ** 2
        away += ((across[shown] - per_crop(over[shown])) / per_crop(wide[shown])) ** 2
        mirror[shown] += per_crop(intensity[shown]) * np.exp(-away)
    return mirror, sheen


def _blotches(size: int, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """(batch, rows, columns) soft noise of about unit variance."""
    rows, columns = shape
    coarse = rng.standard_normal((size, 8, 24), np.float32)
    rows_at = np.linspace(0, 6.99, rows, dtype=np.float32)
    columns_at = np.linspace(0, 22.99, columns, dtype=np.float32)
    top, left = rows_at.astype(int), columns_at.astype(int)
    down, right = (rows_at - top)[None, :, None], (columns_at - left)[None, None, :]
    lines = coarse[:, top] * (1 - down) + coarse[:, top + 1] * down
    blotches: Array = lines[:, :, left] * (1 - right) + lines[:, :, left + 1] * right
    return blotches


def _paint_bands(
    light: Array,
    frame: Frame,
    surface: _Surface,
    parts: Parts,
    views: Views,
    *,
    rng: np.random.Generator,
) -> None:
    """Paints the bands over the coating; `light` is changed in place."""
    size = len(parts.bands)
    # Seen from the side, bands bend: what lies on top of the body is shifted along the axis.
    bent = frame.u - per_crop(views.bulge / views.length) * surface.up * frame.radius
    # Edges: sharp, or soft and ragged as those of worn or hand-dipped bands; bands lean a little.
    low, high = np.log(ranges.SOFTNESS)
    soft = per_crop(1 / views.length * np.exp(rng.uniform(low, high, size)))
    ragged = per_crop(
        np.where(rng.random(size) < ranges.RAGGED, rng.uniform(*ranges.RAGGEDNESS, size), 0.0015)
    )
    worn = per_crop(np.where(rng.random(size) < ranges.WORN, rng.uniform(*ranges.WEAR, size), 0.0))
    flakes = per_crop(rng.uniform(*ranges.FLAKES, size))
    sparkle = per_crop(rng.uniform(*ranges.SPARKLE, size))
    columns = frame.u.shape[2]
    for band in range(parts.bands.shape[1]):
        shown = np.flatnonzero(parts.widths[:, band])
        for row in shown:  # only the columns that a band can reach
            centre, width = parts.centres[row, band], parts.widths[row, band]
            reach = width / 2 + 0.05 + abs(views.bulge[row]) * parts.slenderness[row] / 2
            half = (0.5 * frame.u.shape[1]) * abs(np.sin(views.angle[row])) + 1
            middle = views.x[row] + (centre - 0.5) * views.length[row]
            first = max(0, int(middle - reach * views.length[row] - half))
            last = min(columns, int(middle + reach * views.length[row] + half) + 1)
            if first >= last:
                continue
            part = (row, slice(None), slice(first, last))
            phase, lean = rng.uniform(0, 6.3), rng.normal(0, ranges.LEAN)
            across = surface.across[part]
            edge = ragged[row] * np.sin(across * 5 + phase) + np.float32(lean) * across
            offset = np.abs(bent[part] - np.float32(centre) + edge)
            opacity = np.clip((np.float32(width / 2) - offset) / soft[row] + 0.5, 0, 1)
            opacity *= np.float32(parts.opacity[row, band])
            if worn[row, 0, 0]:
                opacity *= 1 - worn[row] * np.clip(surface.blotches[part] * np.cos(phase), 0, 1)
            lit = surface.diffuse[part]
            if parts.bands[row, band] in METALS:
                lit = np.float32(0.67) * lit + np.float32(0.75) * surface.sheen[part]
                lit = lit * np.exp(sparkle[row] * rng.standard_normal(lit.shape, np.float32))
                # Flakes thin out towards the edges of the band, or collect there.
                offset *= np.float32(2 / width)
                opacity *= np.clip(1 + flakes[row] * (offset * offset - 0.5), 0, 1.3)
            paint = parts.paint[row, band].astype(np.float32)[:, None, None]
            target = light[row, :, :, first:last]
            target += opacity * (paint * lit - target)
