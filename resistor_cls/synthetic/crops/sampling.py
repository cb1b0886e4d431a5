"""Samples what the crops of a batch show: part, position, light, leads."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resistor_cls.bands import BANDS, MAX_BANDS
from resistor_cls.synthetic.crops import ranges
from resistor_cls.synthetic.crops.codes import COLOURS, METALS, Codes
from resistor_cls.synthetic.crops.ranges import COATINGS, Coating, Range
from resistor_cls.synthetic.imaging import linear
from resistor_cls.synthetic.parts import BAND_COLOURS
from resistor_cls.synthetic.scene import Srgb

Array = NDArray[Any]
# Length of a body in a crop, as a fraction of its columns: `data.crops` leaves 0.35 of the body's
# length free at either end.
BODY_LENGTH = 1 / (1 + 2 * 0.35)
MAX_LAMPS = 3  # lamps with a mirror image on the body
MAX_SPOTS = 5  # small bright spots, as of a ring of lights


@dataclass(frozen=True)
class Parts:
    """Parts of a batch; lengths in fractions of the body's length, colours linear.

    Attributes:
        centres: (batch, MAX_BANDS) of the bands, from the left end.
        widths: (batch, MAX_BANDS) of the bands; 0 behind the last.
        bands: (batch, MAX_BANDS) positions in `COLOURS` from the left; `NONE` behind the last.
        backward: (batch,) bool, whether the first digit is the last band from the left.
        paint: (batch, MAX_BANDS, 3) colour of the bands.
        opacity: (batch, MAX_BANDS) of the paint.
        coating: (batch, 3) colour of the body.
        slenderness: (batch,) diameter over length.
        shape: (batch, 4) waist, cap, round_off, tip: see `ranges.Coating`.
        gloss: (batch,).
        lead: (batch,) diameter of the wire over that of the body.
    """

    centres: Array
    widths: Array
    bands: Array
    backward: Array
    paint: Array
    opacity: Array
    coating: Array
    slenderness: Array
    shape: Array
    gloss: Array
    lead: Array


def sample_parts(codes: Codes, rng: np.random.Generator, measured: bool = True) -> Parts:
    """Samples how parts with some codes look.

    Args:
        codes: of the parts.
        rng: the only source of randomness.
        measured: whether colours of bands lie between those of paint and those that were measured
            on photos of the 37 categories; False takes the paints alone.
    """
    size = len(codes.counts)
    coatings = [
        _coating(count, watts, rng) for count, watts in zip(codes.counts, codes.watts, strict=True)
    ]
    centres, widths = _sample_bands(coatings, codes.counts, rng)
    backward = rng.random(size) < 0.5
    bands, centres, widths = _from_left(codes, centres, widths, backward)
    coating = _sample_coatings(coatings, rng)
    paint = _sample_paint(bands, rng, measured)
    thin = rng.random((size, 1)) < ranges.THIN
    paint_opacity = np.where(
        thin,
        rng.uniform(*ranges.THIN_OPACITY, (size, 1)),
        rng.uniform(*ranges.OPACITY, (size, 1)),
    )
    metal_opacity = rng.uniform(*ranges.METAL_OPACITY, (size, 1))
    opacity = np.where(_metallic(bands), metal_opacity, paint_opacity)
    lead = _uniform(ranges.LEAD_FACTOR, size, rng) * np.array(ranges.LEADS)[codes.watts]
    return Parts(
        centres=centres,
        widths=widths,
        bands=bands,
        backward=backward,
        paint=paint,
        opacity=opacity,
        coating=coating,
        slenderness=_of(coatings, "slenderness", rng),
        shape=np.stack(
            [_of(coatings, name, rng) for name in ("waist", "cap", "round_off", "tip")], axis=1
        ),
        gloss=_of(coatings, "gloss", rng),
        lead=lead,
    )


def _uniform(limits: Range, size: int, rng: np.random.Generator) -> Array:
    return rng.uniform(*limits, size)


def _of(coatings: list[Coating], name: str, rng: np.random.Generator) -> Array:
    limits = np.array([getattr(coating, name) for coating in coatings])
    return rng.uniform(limits[:, 0], limits[:, 1])


def _coating(count: int, watts: int, rng: np.random.Generator) -> Coating:
    fitting = [one for one in COATINGS.values() if watts in one.watts and count in one.counts]
    weights = np.array([one.weight for one in fitting])
    return fitting[rng.choice(len(fitting), p=weights / weights.sum())]


def _sample_bands(
    coatings: list[Coating], counts: Array, rng: np.random.Generator
) -> tuple[Array, Array]:
    """(batch, MAX_BANDS) centres and widths in the order of reading."""
    size = len(counts)
    place = np.arange(MAX_BANDS - 1)[None, :]
    gaps = np.where(place < counts[:, None] - 1, 1.0, 0.0)
    gaps *= np.exp(rng.normal(0, ranges.GAP_SPREAD, gaps.shape))
    wider = np.where(rng.random(size) < ranges.EVEN, 1.0, _uniform(ranges.GAP, size, rng))
    # Of six bands, the gap stands before the tolerance or before the coefficient.
    last = counts - 2 - ((counts == 6) & (rng.random(size) < 0.5))
    gaps[np.arange(size), last] *= wider
    first, end = _uniform(ranges.FIRST, size, rng), _uniform(ranges.LAST, size, rng)
    of_three = first + (end - first) * _uniform(ranges.LAST_OF_THREE, size, rng)
    end = np.where(counts == 3, of_three, end)
    pitch = (end - first) / gaps.sum(axis=1)
    centres = (
        first[:, None]
        + np.concatenate([np.zeros((size, 1)), np.cumsum(gaps, axis=1)], axis=1) * pitch[:, None]
    )
    widest = ranges.WIDEST * pitch * np.where(gaps > 0, gaps, 9).min(axis=1)
    widths = np.minimum(_of(coatings, "band", rng), widest)[:, None] * np.exp(
        rng.normal(0, ranges.WIDTH_SPREAD, (size, MAX_BANDS))
    )
    last_band = np.arange(size), counts - 1
    widths[last_band] *= _uniform(ranges.LAST_WIDTH, size, rng)
    return centres, np.where(np.arange(MAX_BANDS) < counts[:, None], widths, 0.0)


def _from_left(
    codes: Codes, centres: Array, widths: Array, backward: Array
) -> tuple[Array, Array, Array]:
    """Bands, centres and widths in their order from the left of the crop."""
    place = np.arange(MAX_BANDS)[None, :]
    counts = codes.counts[:, None]
    reverse = np.where(place < counts, counts - 1 - place, place)
    order = np.where(backward[:, None], reverse, place)
    bands, centres, widths = (
        np.take_along_axis(one, order, axis=1) for one in (codes.bands, centres, widths)
    )
    return bands, np.where(backward[:, None], 1 - centres, centres), widths


def _table(colours: dict[str, Srgb]) -> Array:
    return linear(np.array([*(colours[name] for name in COLOURS), (0, 0, 0)]))


# By position in `BANDS`; "none" is never painted.
_PAINTS, _MEASURED = _table(ranges.PAINTS), _table(BAND_COLOURS)
_HUE_SHIFTS = np.array([ranges.HUE_SHIFTS.get(name, (0.0, 0.0, 0.0)) for name in BANDS])
_BRIGHTNESS = np.full(len(BANDS), ranges.PAINT_BRIGHTNESS)
_BRIGHTNESS[list(METALS)] = ranges.METAL_BRIGHTNESS
_BRIGHTNESS[COLOURS.index("brown")] = ranges.BROWN_BRIGHTNESS


def _metallic(bands: Array) -> Array:
    metallic: Array = np.isin(bands, METALS)
    return metallic


def _sample_paint(bands: Array, rng: np.random.Generator, measured: bool) -> Array:
    size = len(bands)
    paints, seen = _PAINTS[bands], _MEASURED[bands]
    share = rng.uniform(0, 1, (size, 1, 1)) * float(measured)
    colour = np.exp((1 - share) * np.log(paints + 1e-3) + share * np.log(seen + 1e-3))
    factors = (
        rng.normal(0, ranges.PAINT_SHARED, (size, 1, 1))
        + rng.normal(0, 1, (size, MAX_BANDS, 1)) * _BRIGHTNESS[bands][:, :, None]
        + rng.normal(0, ranges.PAINT_CHANNEL, (size, 1, 3)) * 0.5
        + rng.normal(0, ranges.PAINT_CHANNEL, (size, MAX_BANDS, 3))
    )
    moved = rng.random((size, 1)) < ranges.MOVED
    moves = np.where(moved, rng.uniform(0, 1, (size, len(BANDS))), 0.0)
    factors = factors + np.take_along_axis(moves, bands, axis=1)[:, :, None] * _HUE_SHIFTS[bands]
    scatter = rng.uniform(*ranges.SCATTER, (size, 1, 1))
    paint: Array = np.minimum(colour * np.exp(factors) + scatter, ranges.MAX_REFLECTANCE)
    return paint


def _sample_coatings(coatings: list[Coating], rng: np.random.Generator) -> Array:
    base = linear(np.array([one.colours[rng.integers(len(one.colours))] for one in coatings]))
    size = len(coatings)
    anything = rng.uniform(0.02, 0.8, (size, 3))
    base = np.where(rng.random((size, 1)) < ranges.ANY_COATING, anything, base)
    factors = rng.normal(0, ranges.COATING_BRIGHTNESS, (size, 1))
    factors = factors + rng.normal(0, ranges.COATING_CHANNEL, (size, 3))
    coating: Array = np.minimum(base * np.exp(factors), ranges.MAX_REFLECTANCE)
    return coating


@dataclass(frozen=True)
class Views:
    """How the parts of a batch lie in their crops, and in which light; lengths in pixels.

    Attributes:
        x: (batch,) of the body's centre.
        y: (batch,).
        angle: (batch,) of its axis, radians.
        length: (batch,) of the body.
        bulge: (batch,) how far bands bend along the axis, in radii.
        ambient: (batch,) share of light from everywhere.
        key: (batch, 3) direction of the main light in the body's frame, unit.
        lamps: (batch, MAX_LAMPS, 5) half-way direction, sharpness and intensity of mirror images.
        spots: (batch, MAX_SPOTS, 5) u, across, both sizes and intensity of small reflections.
    """

    x: Array
    y: Array
    angle: Array
    length: Array
    bulge: Array
    ambient: Array
    key: Array
    lamps: Array
    spots: Array


def sample_views(size: int, shape: tuple[int, int], rng: np.random.Generator) -> Views:
    """Samples positions, as a detector leaves them, and light.

    Args:
        size: of the batch.
        shape: rows and columns of the crops.
        rng: the only source of randomness.
    """
    rows, columns = shape
    usual = BODY_LENGTH * columns
    off = np.where(rng.random(size) < ranges.FAR_OFF, ranges.FAR_FACTOR, 1.0)
    length = usual * np.exp(rng.normal(0, ranges.LENGTH_ERROR, size) * off)
    azimuth, height = rng.uniform(0, 2 * np.pi, size), _uniform(ranges.LAMP_HEIGHT, size, rng)
    key = _direction(azimuth, height)
    return Views(
        x=columns / 2 + rng.normal(0, ranges.ALONG_ERROR, size) * off * usual,
        y=rows / 2 + rng.normal(0, ranges.ACROSS_ERROR, size) * off * usual,
        angle=rng.normal(0, ranges.ANGLE_ERROR, size) * off,
        length=length,
        bulge=rng.normal(0, ranges.BULGE, size),
        ambient=_uniform(ranges.AMBIENT, size, rng),
        key=key,
        lamps=_sample_lamps(size, key, rng),
        spots=_sample_spots(size, rng),
    )


def _direction(azimuth: Array, height: Array) -> Array:
    flat = np.cos(height)
    return np.stack([flat * np.cos(azimuth), flat * np.sin(azimuth), np.sin(height)], axis=-1)


def _sample_lamps(size: int, key: Array, rng: np.random.Generator) -> Array:
    """The main light, and up to two more; sharp lamps or broad windows and light boxes."""
    azimuth = rng.uniform(0, 2 * np.pi, (size, MAX_LAMPS))
    directions = _direction(azimuth, rng.uniform(0.3, 1.5, (size, MAX_LAMPS)))
    directions[:, 0] = key
    half = directions + np.array([0.0, 0.0, 1.0])
    half /= np.linalg.norm(half, axis=-1, keepdims=True)
    low, high = np.log(ranges.SHARPNESS)
    sharpness = np.exp(rng.uniform(low, high, (size, MAX_LAMPS)))
    intensity = np.exp(rng.normal(*ranges.LAMP_INTENSITY, (size, MAX_LAMPS)))
    intensity *= rng.random((size, MAX_LAMPS)) < ranges.LAMPS
    return np.concatenate([half, sharpness[..., None], intensity[..., None]], axis=-1)


def _sample_spots(size: int, rng: np.random.Generator) -> Array:
    """Reflections of a ring of lights: a row of spots along the body."""
    across = rng.uniform(-0.5, 0.5, (size, 1)) + rng.normal(0, 0.06, (size, MAX_SPOTS))
    along = rng.uniform(0.1, 0.9, (size, MAX_SPOTS))
    limits = np.log([ranges.SPOT_ALONG, ranges.SPOT_ACROSS])
    sizes = np.exp(rng.uniform(limits[:, 0], limits[:, 1], (size, MAX_SPOTS, 2)))
    intensity = np.exp(rng.normal(*ranges.SPOT_INTENSITY, (size, MAX_SPOTS)))
    intensity *= rng.random((size, MAX_SPOTS)) < 0.75
    intensity *= rng.random((size, 1)) < ranges.RING
    return np.concatenate(
        [along[..., None], across[..., None], sizes, intensity[..., None]], axis=-1
    )
