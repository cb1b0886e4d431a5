"""Samples scenes: which part lies where, in which light, before which camera."""

import math

import numpy as np

from resistor_cls.bands import WATTS
from resistor_cls.categories import Category
from resistor_cls.colour_code import encode
from resistor_cls.e_series import e_series
from resistor_cls.synthetic import parts
from resistor_cls.synthetic.imaging import linear
from resistor_cls.synthetic.leads import covers_body
from resistor_cls.synthetic.places import PLACES
from resistor_cls.synthetic.scene import Background, Body, Camera, Lead, Light, Rgb, Scene, Srgb

# Typical distance of the camera: 10 px per millimetre in a photo of 700 px.
SIDES_PER_MM = 10 / 700
# Tolerances of common parts by the number of bands; one that stands twice is twice as frequent.
_TOLERANCES = {4: (0.05, 0.05, 0.10, 0.02), 5: (0.01, 0.01, 0.02, 0.005)}


def sample_scene(category: Category, rng: np.random.Generator) -> Scene:
    """Samples a scene.

    Only the part itself depends on the category. Place, light, camera, position and the bends of
    the leads do not, so that a model cannot infer the category from them.

    Args:
        category: any category, also one without ohms.
        rng: the only source of randomness.

    Raises:
        DataError: ohms that no colour code can show.
    """
    designs = parts.designs(category)
    design = designs[rng.integers(len(designs))]
    names = tuple(PLACES)
    weights = np.array([place.weight for place in PLACES.values()])
    place = names[rng.choice(len(names), p=weights / weights.sum())]
    body = _sample_body(design, rng)
    return Scene(
        category=category.name,
        body=body,
        leads=_sample_leads(body, rng),
        background=_sample_background(place, body, rng),
        light=_sample_light(place, rng),
        camera=_sample_camera(place, rng),
    )


def any_part(rng: np.random.Generator) -> Category:
    """Samples a part: a value of E24 with 4 or 5 bands, or of E96 with 5, of any wattage."""
    count = 4 if rng.random() < 0.7 else 5
    series = 24 if count == 4 or rng.random() < 0.3 else 96
    values = e_series(series)
    number = int(values[rng.integers(len(values))]) * (10 if count == 5 and series == 24 else 1)
    ohms = number * 10.0 ** int(rng.integers(-2, 6))  # from 0.1 or 1 Ω to some megohms
    tolerance = _TOLERANCES[count][rng.integers(4)]
    watts = WATTS[rng.integers(len(WATTS))]
    return Category("any", ohms, watts, (encode(ohms, tolerance, count),))


def varied(colour: Srgb, rng: np.random.Generator, spread: float) -> Rgb:
    """Varies a colour as batches of paint vary: in brightness, and a third as much per channel.

    Args:
        colour: sRGB.
        rng: the only source of randomness.
        spread: standard deviation of the brightness, natural logarithm.
    """
    factors = np.exp(rng.normal(0, spread) + rng.normal(0, spread / 3, 3))
    red, green, blue = np.minimum(linear(colour) * factors, 0.9)
    return float(red), float(green), float(blue)


def _mixed(one: Rgb, other: Rgb, fraction: float) -> Rgb:
    red, green, blue = (a + fraction * (b - a) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _sample_body(design: parts.Design, rng: np.random.Generator) -> Body:
    kind = parts.KINDS[design.kind]
    angle = rng.uniform(0, 2 * math.pi)
    # The camera is tilted by up to 40 degrees, towards the photo's lower edge.
    slant = rng.uniform(0.0, 0.7)
    foreshortening = math.hypot(math.cos(angle), math.sin(angle) * math.cos(slant))
    distance = np.clip(rng.normal(0, 0.11), -0.3, 0.3)
    length = design.length * SIDES_PER_MM * math.exp(distance) * rng.uniform(0.97, 1.03)
    length = min(length, 0.45)  # a larger part and its leads would not fit into the photo
    diameter = length * kind.slenderness * rng.uniform(0.93, 1.07)
    centres, widths = _sample_bands(kind, len(design.bands), rng)
    colour = varied(kind.colour, rng, 0.13)
    # Thin paint lets the coating show through, alike for all bands of a part.
    show_through = rng.uniform(0, 0.12)
    return Body(
        kind=design.kind,
        bands=design.bands,
        centres=centres,
        widths=widths,
        paint=tuple(
            _mixed(varied(parts.BAND_COLOURS[band], rng, 0.20), colour, show_through)
            for band in design.bands
        ),
        colour=colour,
        x=float(np.clip(rng.normal(0.49, 0.09), 0.25, 0.75)),
        y=float(np.clip(rng.normal(0.50, 0.10), 0.25, 0.75)),
        angle=angle,
        length=length * foreshortening,
        diameter=diameter,
        waist=float(np.clip(kind.waist * rng.uniform(0.96, 1.04), 0.7, 1.0)),
        cap=kind.cap * rng.uniform(0.92, 1.08),
        round_off=kind.round_off * rng.uniform(0.85, 1.15),
        tip=kind.tip * rng.uniform(0.6, 1.4),
        bulge=math.sin(slant) * math.sin(angle),
        gloss=kind.gloss * rng.uniform(0.6, 1.3),
        mottle=kind.mottle * rng.uniform(0.6, 1.4),
        smear=kind.smear * rng.uniform(0.5, 1.6),
        seed=int(rng.integers(2**31)),
    )


def _sample_bands(
    kind: parts.BodyKind, count: int, rng: np.random.Generator
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Centres and widths of the bands: the first on one cap, the last on the other."""
    first, last = 0.20 + rng.normal(0, 0.018), 0.81 + rng.normal(0, 0.018)
    # The gap before the tolerance band is wider, which shows the direction of reading.
    gaps = np.ones(count - 1)
    gaps[-1] = 1.5 if count < 5 else 1.4
    centres = first + (last - first) * np.concatenate(([0], np.cumsum(gaps))) / gaps.sum()
    centres[1:-1] += rng.normal(0, 0.01, count - 2)
    narrow = 0.86 if count == 5 else 1.0
    widths = kind.band * narrow * rng.uniform(0.8, 1.2) * rng.uniform(0.88, 1.12, count)
    return tuple(float(c) for c in centres), tuple(float(w) for w in widths)


def _sample_leads(body: Body, rng: np.random.Generator) -> tuple[Lead, Lead]:
    # Wires of small parts are 0.5 to 0.6 mm thick, those of thick parts 0.8 mm.
    thin = rng.uniform(0.15, 0.20) if body.diameter < 0.05 else rng.uniform(0.12, 0.16)
    width = body.diameter * thin
    for _ in range(8):
        leads = (_sample_lead(width, rng), _sample_lead(width, rng))
        if not covers_body(body, leads):
            break
    return leads


def _sample_lead(width: float, rng: np.random.Generator) -> Lead:
    """A lead with the bends of handling and mounting, and the slight waviness of every wire."""
    # New parts have leads of about 28 mm; some were shortened.
    length = rng.uniform(18, 30) if rng.random() < 0.85 else rng.uniform(4, 15)
    bends = _sample_bends(rng)
    bends += [(at, rng.normal(0, 0.16), rng.uniform(0.08, 0.3)) for at in rng.uniform(0.1, 0.95, 5)]
    return Lead(
        length=length * SIDES_PER_MM,
        width=width,
        bends=tuple((float(at), float(turn), float(over)) for at, turn, over in bends),
    )


# Styles with one wide bend: limits of its position, turn and extent along the wire.
_ARCS = {
    3: ((0.3, 0.6), (0.8, 2.8), (0.4, 0.8)),  # an arc
    4: ((0.35, 0.7), (2.4, 5.5), (0.35, 0.7)),  # a loop or a hook
}


def _sample_bends(rng: np.random.Generator) -> list[tuple[float, float, float]]:
    """Bends of one of seven styles; see `Lead.bends`."""
    direction = -1.0 if rng.random() < 0.5 else 1.0
    start = rng.uniform(0.06, 0.22)
    style = rng.choice(7, p=(0.26, 0.28, 0.14, 0.16, 0.06, 0.04, 0.06))
    if style == 1:  # one sharp bend, near the body or anywhere
        at = start if rng.random() < 0.6 else rng.uniform(0.2, 0.8)
        return [(at, direction * rng.uniform(0.5, 1.9), rng.uniform(0.04, 0.12))]
    if style == 2:  # back along the body, as for upright mounting
        first = (start, direction * rng.uniform(1.2, 1.9), rng.uniform(0.06, 0.2))
        at = start + rng.uniform(0.15, 0.4)
        return [first, (at, direction * rng.uniform(0.6, 1.7), 0.15)]
    if style in _ARCS:
        at, turn, over = (rng.uniform(*limits) for limits in _ARCS[style])
        return [(at, direction * turn, over)]
    if style == 5:  # a wave
        return _sample_wave(start, direction, rng)
    if style == 6:  # kinks
        places = np.sort(rng.uniform(0.1, 0.95, rng.integers(2, 5)))
        return [(at, rng.normal(0, 0.9), rng.uniform(0.03, 0.08)) for at in places]
    return []  # straight


def _sample_wave(
    at: float, direction: float, rng: np.random.Generator
) -> list[tuple[float, float, float]]:
    bends = []
    while at < 0.9:
        bends.append((at, direction * rng.uniform(0.5, 1.4), rng.uniform(0.05, 0.12)))
        at, direction = at + rng.uniform(0.1, 0.25), -direction
    return bends


def _sample_background(place: str, body: Body, rng: np.random.Generator) -> Background:
    # Parts lie near the paper's edge, which passes at any distance from the body.
    edge_angle = rng.uniform(0, 2 * math.pi)
    has_edge = rng.random() < PLACES[place].edge
    past_body = (body.x - 0.5) * math.cos(edge_angle) + (body.y - 0.5) * math.sin(edge_angle)
    return Background(
        place=place,
        angle=rng.uniform(0, 2 * math.pi),
        scale=math.exp(rng.normal(0.05, 0.18)),
        shift_x=rng.random(),
        shift_y=rng.random(),
        grain=rng.uniform(0.6, 1.4),
        edge_angle=edge_angle,
        edge_offset=past_body + rng.uniform(0.0, 0.32) if has_edge else 2.0,
    )


def _sample_light(place: str, rng: np.random.Generator) -> Light:
    limits = PLACES[place]
    azimuth = rng.uniform(0, 2 * math.pi)
    reach = rng.uniform(0.3, 0.7)
    return Light(
        azimuth=azimuth,
        height=rng.uniform(0.55, 1.2),
        ambient=rng.uniform(0.3, 0.65),
        falloff=rng.uniform(0.0, limits.falloff),
        glare=rng.uniform(0.1, 1.0) * limits.glare if rng.random() < 0.8 else 0.0,
        # The window's reflection lies on the side where the light comes from.
        glare_x=0.5 + reach * math.cos(azimuth),
        glare_y=0.5 + reach * math.sin(azimuth),
        glare_size=rng.uniform(0.15, 0.6),
        shadow=rng.uniform(0.4, 0.95),
        shadow_reach=rng.uniform(0.35, 1.0),
        shadow_blur=rng.uniform(0.15, 0.5),
    )


def _sample_camera(place: str, rng: np.random.Generator) -> Camera:
    usual = PLACES[place]
    brightness = math.exp(np.clip(rng.normal(0, usual.brightness_spread), -0.7, 0.7))
    # Errors of the white balance follow the colours of daylight, far less green or purple.
    warm = rng.normal(0, usual.warmth_spread)
    tint = np.exp(np.array([warm, 0.0, -warm]) + rng.normal(0, 0.2 * usual.warmth_spread, 3))
    red, green, blue = np.array(usual.exposure) * brightness * tint
    shaken = rng.random() < 0.06
    return Camera(
        exposure=(float(red), float(green), float(blue)),
        saturation=rng.uniform(0.9, 1.2),
        lift=usual.lift * math.exp(rng.normal(0, 0.08)) if usual.lift < 1 else 1.0,
        contrast=rng.uniform(0.1, 0.6),
        # Most photos are sharp, some are out of focus; in pixels of a 700 px photo.
        blur=(rng.uniform(0.35, 0.8) if rng.random() < 0.9 else rng.uniform(0.8, 1.4)) / 700,
        motion=rng.uniform(2, 5) / 700 if shaken else 0.0,
        motion_angle=rng.uniform(0, math.pi),
        sharpening=rng.uniform(0.2, 1.5),
        noise=rng.uniform(0.6, 3.0),
        noise_seed=int(rng.integers(2**31)),
        vignette=rng.uniform(0.0, 0.18),
        jpeg_quality=int(rng.integers(75, 96)),
    )
