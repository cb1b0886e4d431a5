"""Draws a batch of crops: surface, shadow, leads, body, camera."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resistor_cls.synthetic.crops.body import Frame, frame_of, paint_bodies
from resistor_cls.synthetic.crops.camera import develop
from resistor_cls.synthetic.crops.codes import NONE, Codes, sample_codes
from resistor_cls.synthetic.crops.sampling import Parts, Views, sample_parts, sample_views
from resistor_cls.synthetic.crops.surfaces import sample_surfaces

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
    light, _ = paint_bodies(frame, parts, views, rng)
    scene = sample_surfaces(size, shape, rng)
    scene *= _falling_light(size, shape, rng)[:, None]
    scene *= _shadow(frame, parts, views, rng)[:, None]
    _draw_leads(scene, frame, parts, views, rng)
    cover = frame.cover[:, None]
    scene += cover * (light - scene)
    _draw_glare(scene, shape, rng)
    photos = develop(scene, rng)
    photos = _cut_by_frame(photos, rng)
    return Crops(photos, parts.bands, parts.backward, codes.watts, _columns(parts, views, shape[1]))


def _map(values: Array) -> Array:
    return np.asarray(values, np.float32)[:, None, None]


def _grid(shape: tuple[int, int]) -> tuple[Array, Array]:
    """X and y of pixels in fractions of the columns, from the centre."""
    rows, columns = shape
    x = ((np.arange(columns) + 0.5) / columns - 0.5).astype(np.float32)
    y = ((np.arange(rows) + 0.5 - rows / 2) / columns).astype(np.float32)
    return x[None, None, :], y[None, :, None]


def _falling_light(size: int, shape: tuple[int, int], rng: np.random.Generator) -> Array:
    x, y = _grid(shape)
    angle, fall = rng.uniform(0, 2 * np.pi, size), np.abs(rng.normal(0, 0.3, size))
    light = 1 + _map(fall * np.cos(angle)) * x + _map(fall * np.sin(angle)) * y
    return np.maximum(light, 0.1)


def _shadow(frame: Frame, parts: Parts, views: Views, rng: np.random.Generator) -> Array:
    """Share of light that the surface keeps beside the body: a soft capsule, away from the light."""
    size = len(views.x)
    thick = views.length * parts.slenderness / 2
    reach = thick * rng.uniform(0.0, 1.4, size)
    away = views.key[:, :2] / np.maximum(np.linalg.norm(views.key[:, :2], axis=1), 1e-3)[:, None]
    dark = rng.uniform(0.0, 0.85, size)
    keep = np.ones_like(frame.u)
    # A wide soft shadow, and the narrow dark one where the body touches the surface.
    for far, blur, depth in ((reach, 0.5, dark), (reach * 0.15, 0.2, 0.6 * dark)):
        along = np.abs((frame.u - 0.5) * _map(views.length) + _map(far * away[:, 0]))
        across = np.abs(frame.v + _map(far * away[:, 1]))
        beyond = np.maximum(along - _map(views.length * 0.44 - thick * 0.5), 0)
        distance = np.sqrt(beyond * beyond + across * across) - _map(thick)
        soft = np.clip(0.5 - distance / _map(2 * blur * thick + 1), 0, 1)
        keep *= 1 - _map(depth) * soft * soft * (3 - 2 * soft)
    return keep


def _draw_leads(
    scene: Array, frame: Frame, parts: Parts, views: Views, rng: np.random.Generator
) -> None:
    """Draws the wires, each straight and then bent, and now and then another line."""
    size = len(views.x)
    half = views.length * parts.slenderness * parts.lead / 2
    tone = np.exp(
        rng.normal((-0.80, -0.85, -0.95), 0.06, (size, 3)) + rng.normal(0, 0.3, (size, 1))
    )
    along = (frame.u - 0.5) * _map(views.length)
    columns = scene.shape[3]
    for end in (-1, 1):
        # A wire leaves on its own side of the crop.
        side = slice(0, 6 * columns // 10) if end < 0 else slice(4 * columns // 10, columns)
        start_x, start_y = end * 0.46 * views.length, np.zeros(size)
        heading = rng.normal(0, 0.12, size) + (np.pi if end < 0 else 0)
        straight = views.length * np.where(
            rng.random(size) < 0.45, rng.uniform(0.06, 0.35, size), 3.0
        )
        bend_x, bend_y = start_x + straight * np.cos(heading), straight * np.sin(heading)
        turned = heading + rng.choice((-1, 1), size) * rng.uniform(0.4, 2.3, size)
        far = 3 * views.length
        shown, along_there, v = scene[..., side], along[..., side], frame.v[..., side]
        _draw_wire(shown, along_there, v, (start_x, start_y, bend_x, bend_y), half, tone, views)
        _draw_wire(
            shown, along_there, v,
            (bend_x, bend_y, bend_x + far * np.cos(turned), bend_y + far * np.sin(turned)),
            np.where(straight < views.length, half, 0.0), tone, views,
        )  # fmt: skip
    clutter = np.where(rng.random(size) < 0.15, half * rng.uniform(0.3, 1.5, size), 0.0)
    if clutter.any():
        angle, far = rng.uniform(0, 2 * np.pi, size), 4 * views.length
        side = (
            rng.choice((-1, 1), size) * views.length * parts.slenderness * rng.uniform(0.6, 1, size)
        )
        x, y = np.zeros(size), side
        _draw_wire(
            scene, along, frame.v,
            (x - far * np.cos(angle), y - far * np.sin(angle),
             x + far * np.cos(angle), y + far * np.sin(angle)),
            clutter, np.exp(rng.uniform(-3, 0, (size, 1))) * np.ones(3), views,
        )  # fmt: skip


def _draw_wire(
    scene: Array,
    along: Array,
    across: Array,
    ends: tuple[Array, Array, Array, Array],
    half: Array,
    tone: Array,
    views: Views,
) -> None:
    """Draws a straight piece of wire with its highlight; `half` 0 draws none."""
    rows = np.flatnonzero(half)
    if not len(rows):
        return
    x, y, to_x, to_y = (one[rows] for one in ends)
    length = np.maximum(np.hypot(to_x - x, to_y - y), 1e-3)
    cos, sin = (to_x - x) / length, (to_y - y) / length
    dx, dy = along[rows] - _map(x), across[rows] - _map(y)
    forward = dx * _map(cos) + dy * _map(sin)
    side = dy * _map(cos) - dx * _map(sin)
    beyond = np.maximum(np.maximum(-forward, forward - _map(length)), 0)
    thick = np.maximum(half[rows], 0.4)
    distance = np.sqrt(beyond * beyond + side * side)
    cover = np.clip(_map(thick) - distance + 0.5, 0, 1) * np.minimum(_map(half[rows]) / 0.5, 1)
    # How much the wire's side faces the light decides on the highlight and on where it lies.
    facing = views.key[rows, 1] * cos - views.key[rows, 0] * sin
    place = side / _map(thick) - _map(0.45 * facing)
    shade = 0.12 + _map(0.35 + 0.75 * np.abs(facing)) * np.exp(-4 * place * place)
    colour = tone[rows].astype(np.float32)[:, :, None, None] * shade[:, None] * 1.6
    scene[rows] += cover[:, None] * (colour - scene[rows])


def _draw_glare(scene: Array, shape: tuple[int, int], rng: np.random.Generator) -> None:
    """A bright soft patch on surface and body alike: a lamp that the lens or lacquer scatters."""
    rows = np.flatnonzero(rng.random(len(scene)) < 0.12)
    if not len(rows):
        return
    x, y = _grid(shape)
    size = len(rows)
    away = ((x - _map(rng.uniform(-0.6, 0.6, size))) / _map(rng.uniform(0.05, 0.4, size))) ** 2
    away = (
        away + ((y - _map(rng.uniform(-0.3, 0.3, size))) / _map(rng.uniform(0.05, 0.4, size))) ** 2
    )
    scene[rows] += (_map(np.exp(rng.uniform(-3, 0.2, size))) * np.exp(-away))[:, None]


def _cut_by_frame(photos: Array, rng: np.random.Generator) -> Array:
    """Repeats an edge of some photos inwards: the photo ends there, and crops repeat its edge."""
    columns = photos.shape[2]
    for place in np.flatnonzero(rng.random(len(photos)) < 0.06):
        cut = int(columns * rng.uniform(0.02, 0.24))
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
    pixel = 1.5 / views.length[:, None]  # thin bands still cover the column that they lie in
    for band in range(parts.bands.shape[1]):
        width = parts.widths[:, band, None]
        inside = (np.abs(u - parts.centres[:, band, None]) < np.maximum(width / 2, pixel)) & (
            width > 0
        )
        classes = np.where(inside, parts.bands[:, band, None], classes)
    return classes
