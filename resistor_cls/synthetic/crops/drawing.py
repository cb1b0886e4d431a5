"""Draws a batch of crops: surface, shadow, leads, body, camera."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resistor_cls.synthetic.crops import ranges
from resistor_cls.synthetic.crops.body import Frame, frame_of, paint_bodies, per_crop
from resistor_cls.synthetic.crops.camera import develop
from resistor_cls.synthetic.crops.codes import NONE, Codes, sample_codes
from resistor_cls.synthetic.crops.sampling import Parts, Views, sample_parts, sample_views
from resistor_cls.synthetic.crops.surfaces import sample_surfaces
from resistor_cls.synthetic.crops.wires import draw_wires

Array = NDArray[Any]
# Classes of a column of a crop: the band over it, the coating between bands, or no body.
COATING, OUTSIDE = NONE, NONE + 1


@dataclass(frozen=True)
class Crops:
    """Crops of a batch and what they show.

    Attributes:
        photos: (batch, rows, columns, 3) uint8, RGB.
        bands: (batch, MAX_BANDS) int64, positions in `codes.COLOURS` from the left, `codes.NONE`
            behind the last.
        backward: (batch,) bool, whether the first digit is the last band from the left.
        watts: (batch,) int64, positions in `codes.WATTS`.
        columns: (batch, columns / 4) int64, what covers the axis of every fourth column: a position
            in `codes.COLOURS`, `COATING` or `OUTSIDE`.
    """

    photos: Array
    bands: Array
    backward: Array
    watts: Array
    columns: Array


def draw_crops(
    size: int,
    shape: tuple[int, int],
    rng: np.random.Generator,
    *,
    codes: Codes | None = None,
    measured: bool = True,
) -> Crops:
    """Draws random parts, cut out as a detector would.

    Args:
        size: of the batch.
        shape: rows and columns of the crops.
        rng: the only source of randomness.
        codes: of the parts; by default any.
        measured: see `sample_parts`.
    """
    codes = sample_codes(size, rng) if codes is None else codes
    parts, views = sample_parts(codes, rng, measured), sample_views(size, shape, rng)
    frame = frame_of(parts, views, shape)
    light = paint_bodies(frame, parts, views, rng)
    scene = sample_surfaces(size, shape, rng)
    scene *= _falling_light(size, shape, rng)[:, None]
    scene *= _shadow(frame, parts, views, rng)[:, None]
    draw_wires(scene, frame, parts, views, rng)
    cover = frame.cover[:, None]
    scene += cover * (light - scene)
    _draw_glare(scene, shape, rng)
    photos = develop(scene, rng)
    photos = _cut_by_frame(photos, rng)
    return Crops(photos, parts.bands, parts.backward, codes.watts, _columns(parts, views, shape[1]))


def _grid(shape: tuple[int, int]) -> tuple[Array, Array]:
    """X and y of pixels in fractions of the columns, from the centre."""
    rows, columns = shape
    x = ((np.arange(columns) + 0.5) / columns - 0.5).astype(np.float32)
    y = ((np.arange(rows) + 0.5 - rows / 2) / columns).astype(np.float32)
    return x[None, None, :], y[None, :, None]


def _falling_light(size: int, shape: tuple[int, int], rng: np.random.Generator) -> Array:
    x, y = _grid(shape)
    angle, fall = rng.uniform(0, 2 * np.pi, size), np.abs(rng.normal(0, ranges.FALLING_LIGHT, size))
    light = 1 + per_crop(fall * np.cos(angle)) * x + per_crop(fall * np.sin(angle)) * y
    kept: Array = np.maximum(light, 0.1)
    return kept


def _shadow(frame: Frame, parts: Parts, views: Views, rng: np.random.Generator) -> Array:
    """Share of light that the surface keeps: the shadow is a soft capsule, away from the light."""
    size = len(views.x)
    thick = views.length * parts.slenderness / 2
    reach = thick * rng.uniform(*ranges.SHADOW_REACH, size)
    away = views.key[:, :2] / np.maximum(np.linalg.norm(views.key[:, :2], axis=1), 1e-3)[:, None]
    dark = rng.uniform(*ranges.SHADOW_DARKNESS, size)
    keep = np.ones_like(frame.u)
    # A wide soft shadow, and the narrow dark one where the body touches the surface.
    for far, blur, depth in ((reach, 0.5, dark), (reach * 0.15, 0.2, 0.6 * dark)):
        along = np.abs((frame.u - 0.5) * per_crop(views.length) + per_crop(far * away[:, 0]))
        across = np.abs(frame.v + per_crop(far * away[:, 1]))
        beyond = np.maximum(along - per_crop(views.length * 0.44 - thick * 0.5), 0)
        distance = np.sqrt(beyond * beyond + across * across) - per_crop(thick)
        soft = np.clip(0.5 - distance / per_crop(2 * blur * thick + 1), 0, 1)
        keep *= 1 - per_crop(depth) * soft * soft * (3 - 2 * soft)
    return keep


def _draw_glare(scene: Array, shape: tuple[int, int], rng: np.random.Generator) -> None:
    """A bright soft patch on surface and body alike: a lamp that the lens or lacquer scatters."""
    rows = np.flatnonzero(rng.random(len(scene)) < ranges.GLARE)
    if not len(rows):
        return
    size = len(rows)
    # Centre and radii, in fractions of the columns.
    centre_x, centre_y = rng.uniform(-0.6, 0.6, size), rng.uniform(-0.3, 0.3, size)
    radius_x, radius_y = rng.uniform(0.05, 0.4, (2, size))
    x, y = _grid(shape)
    away = ((x - per_crop(centre_x)) / per_crop(radius_x)) ** 2
    away = away + ((y - per_crop(centre_y)) / per_crop(radius_y)) ** 2
    scene[rows] += (per_crop(np.exp(rng.uniform(*ranges.GLARE_LIGHT, size))) * np.exp(-away))[
        :, None
    ]


def _cut_by_frame(photos: Array, rng: np.random.Generator) -> Array:
    """Repeats an edge of some photos inwards: the photo ends there, and crops repeat its edge."""
    columns = photos.shape[2]
    for place in np.flatnonzero(rng.random(len(photos)) < ranges.CUT):
        cut = int(columns * rng.uniform(*ranges.CUT_SHARE))
        if rng.random() < 0.5:
            photos[place, :, :cut] = photos[place, :, cut : cut + 1]
        else:
            photos[place, :, -cut:] = photos[place, :, -cut - 1 : -cut]
    return photos


def _columns(parts: Parts, views: Views, columns: int) -> Array:
    """(batch, columns / 4): see `Crops.columns`."""
    x = (np.arange(columns // 4) * 4 + 2)[None, :]
    u = (x - views.x[:, None]) / views.length[:, None] + 0.5
    classes = np.where((u < 0) | (u > 1), OUTSIDE, COATING)
    pixel = 2 / views.length[:, None]  # half a column: thin bands cover the one that they lie in
    # On the axis, bands that bend are farthest from where they begin at the sides.
    bent = (views.bulge * parts.slenderness * parts.shape[:, 0] / 2)[:, None]
    for band in range(parts.bands.shape[1]):
        width = parts.widths[:, band, None]
        away = np.abs(u - parts.centres[:, band, None] - bent)
        inside = (away < np.maximum(width / 2, pixel)) & (width > 0)
        classes = np.where(inside, parts.bands[:, band, None], classes)
    return classes
