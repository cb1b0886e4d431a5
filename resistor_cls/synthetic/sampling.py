"""Scenes by lot: which part lies where, in which light, before which camera."""

import math

import numpy as np

from resistor_cls.categories import Category
from resistor_cls.colour_code import encode
from resistor_cls.e_series import e_series
from resistor_cls.synthetic import parts
from resistor_cls.synthetic.leads import covers_body
from resistor_cls.synthetic.places import PLACES
from resistor_cls.synthetic.scene import Background, Body, Camera, Lead, Light, Rgb, Scene

# Typical distance of the camera: 10 px per millimetre in a photo of 700 px.
SIDES_PER_MM = 10 / 700
_WATTS = (0.125, 0.25, 0.5, 1.0, 2.0)
# Tolerances of common parts, of 4 and of 5 rings.
_FOUR, _FIVE = (0.05, 0.05, 0.10, 0.02), (0.01, 0.01, 0.02, 0.005)


def sample_scene(category: Category, rng: np.random.Generator) -> Scene:
    """Draws a scene by lot.

    Only the part itself depends on the category. Place, light, camera, position and the bends of
    the leads do not, so that none of them gives the category away.

    Args:
        category: any category, also one without ohms.
        rng: the only source of chance.

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
    """A part of any value of E24, with 4 or 5 rings, or of E96, with 5, on a body of any make."""
    count = 4 if rng.random() < 0.7 else 5
    series = 24 if count == 4 or rng.random() < 0.3 else 96
    values = e_series(series)
    number = int(values[rng.integers(len(values))]) * (10 if count == 5 and series == 24 else 1)
    ohms = number * 10.0 ** int(rng.integers(-2, 6))  # from 0.1 or 1 Ω to some megohms
    tolerance = (_FOUR if count == 4 else _FIVE)[rng.integers(4)]
    watts = _WATTS[rng.integers(len(_WATTS))]
    return Category("any", ohms, watts, (encode(ohms, tolerance, count),))


def linear(colour: parts.Srgb) -> Rgb:
    """From sRGB to linear light (IEC 61966-2-1)."""
    red, green, blue = (
        level / 255 / 12.92 if level <= 10 else ((level / 255 + 0.055) / 1.055) ** 2.4
        for level in colour
    )
    return red, green, blue


def varied(colour: parts.Srgb, rng: np.random.Generator, spread: float) -> Rgb:
    """One batch of paint is not the next: brightness varies, and each channel a third as much."""
    factors = np.exp(rng.normal(0, spread) + rng.normal(0, spread / 3, 3))
    red, green, blue = np.minimum(np.array(linear(colour)) * factors, 0.9)
    return float(red), float(green), float(blue)


def _mixed(one: Rgb, other: Rgb, share: float) -> Rgb:
    red, green, blue = (a + share * (b - a) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _sample_body(design: parts.Design, rng: np.random.Generator) -> Body:
    kind = parts.KINDS[design.kind]
    angle = rng.uniform(0, 2 * math.pi)
    # The camera looks down at a slant of up to 40 degrees from the photo's lower edge.
    slant = rng.uniform(0.0, 0.7)
    foreshortening = math.hypot(math.cos(angle), math.sin(angle) * math.cos(slant))
    distance = np.clip(rng.normal(0, 0.11), -0.3, 0.3)
    length = design.length * SIDES_PER_MM * math.exp(distance) * rng.uniform(0.97, 1.03)
    length = min(length, 0.45)  # a larger part would not fit into the photo with its leads
    diameter = length * kind.slenderness * rng.uniform(0.93, 1.07)
    centres, widths = _sample_rings(kind, len(design.bands), rng)
    colour = varied(kind.colour, rng, 0.13)
    # Thin paint lets the coating through; the rings of one part come from one machine.
    through = rng.uniform(0, 0.12)
    return Body(
        kind=design.kind,
        bands=design.bands,
        centres=centres,
        widths=widths,
        paint=tuple(
            _mixed(varied(parts.BAND_COLOURS[band], rng, 0.20), colour, through)
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


def _sample_rings(
    kind: parts.BodyKind, count: int, rng: np.random.Generator
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Centres and widths of the rings: the first on a cap, the last apart on the other cap."""
    first, last = 0.20 + rng.normal(0, 0.018), 0.81 + rng.normal(0, 0.018)
    # The gap before the tolerance ring is wider than the others, so that one knows where to begin.
    steps = np.ones(count - 1)
    steps[-1] = 1.5 if count < 5 else 1.4
    centres = first + (last - first) * np.concatenate(([0], np.cumsum(steps))) / steps.sum()
    centres[1:-1] += rng.normal(0, 0.01, count - 2)
    narrow = 0.86 if count == 5 else 1.0
    widths = kind.band * narrow * rng.uniform(0.8, 1.2) * rng.uniform(0.88, 1.12, count)
    return tuple(float(c) for c in centres), tuple(float(w) for w in widths)


def _sample_leads(body: Body, rng: np.random.Generator) -> tuple[Lead, Lead]:
    # Wires of small parts are 0.5 to 0.6 mm thick, those of thick parts 0.8 mm.
    share = rng.uniform(0.15, 0.20) if body.diameter < 0.05 else rng.uniform(0.12, 0.16)
    width = body.diameter * share
    for _ in range(8):
        leads = (_sample_lead(width, rng), _sample_lead(width, rng))
        if not covers_body(body, leads):
            break
    return leads


def _sample_lead(width: float, rng: np.random.Generator) -> Lead:
    """One of the bends that hands give to wires, with the waviness that every wire has."""
    # New parts have leads of about 28 mm; some were cut.
    length = rng.uniform(18, 30) if rng.random() < 0.85 else rng.uniform(4, 15)
    way = -1.0 if rng.random() < 0.5 else 1.0
    start = rng.uniform(0.06, 0.22)
    style = rng.choice(7, p=(0.26, 0.28, 0.14, 0.16, 0.06, 0.04, 0.06))
    bends: list[tuple[float, float, float]] = []
    if style == 1:  # one sharp bend, near the body or anywhere
        at = start if rng.random() < 0.6 else rng.uniform(0.2, 0.8)
        bends.append((at, way * rng.uniform(0.5, 1.9), rng.uniform(0.04, 0.12)))
    elif style == 2:  # back along the body, as for upright mounting
        bends.append((start, way * rng.uniform(1.2, 1.9), rng.uniform(0.06, 0.2)))
        bends.append((start + rng.uniform(0.15, 0.4), way * rng.uniform(0.6, 1.7), 0.15))
    elif style == 3:  # a wide arc
        bends.append((rng.uniform(0.3, 0.6), way * rng.uniform(0.8, 2.8), rng.uniform(0.4, 0.8)))
    elif style == 4:  # a loop or a hook
        bends.append((rng.uniform(0.35, 0.7), way * rng.uniform(2.4, 5.5), rng.uniform(0.35, 0.7)))
    elif style == 5:  # a wave
        at = start
        while at < 0.9:
            bends.append((at, way * rng.uniform(0.5, 1.4), rng.uniform(0.05, 0.12)))
            at, way = at + rng.uniform(0.1, 0.25), -way
    elif style == 6:  # kinks
        for at in np.sort(rng.uniform(0.1, 0.95, rng.integers(2, 5))):
            bends.append((at, rng.normal(0, 0.9), rng.uniform(0.03, 0.08)))
    bends += [(at, rng.normal(0, 0.16), rng.uniform(0.08, 0.3)) for at in rng.uniform(0.1, 0.95, 5)]
    return Lead(
        length=length * SIDES_PER_MM,
        width=width,
        bends=tuple((float(at), float(turn), float(over)) for at, turn, over in bends),
    )


def _sample_background(place: str, body: Body, rng: np.random.Generator) -> Background:
    # Parts were laid down near the paper's edge: the edge passes at any distance from the body.
    edge_angle = rng.uniform(0, 2 * math.pi)
    ends = rng.random() < PLACES[place].edge
    beyond_body = (body.x - 0.5) * math.cos(edge_angle) + (body.y - 0.5) * math.sin(edge_angle)
    return Background(
        place=place,
        angle=rng.uniform(0, 2 * math.pi),
        scale=math.exp(rng.normal(0.05, 0.18)),
        shift_x=rng.random(),
        shift_y=rng.random(),
        grain=rng.uniform(0.6, 1.4),
        edge_angle=edge_angle,
        edge_offset=beyond_body + rng.uniform(0.0, 0.32) if ends else 2.0,
    )


def _sample_light(place: str, rng: np.random.Generator) -> Light:
    found = PLACES[place]
    azimuth = rng.uniform(0, 2 * math.pi)
    reach = rng.uniform(0.3, 0.7)
    return Light(
        azimuth=azimuth,
        height=rng.uniform(0.55, 1.2),
        ambient=rng.uniform(0.3, 0.65),
        falloff=rng.uniform(0.0, found.falloff),
        glare=rng.uniform(0.1, 1.0) * found.glare if rng.random() < 0.8 else 0.0,
        # The window's reflection lies on the side that the light comes from.
        glare_x=0.5 + reach * math.cos(azimuth),
        glare_y=0.5 + reach * math.sin(azimuth),
        glare_size=rng.uniform(0.15, 0.6),
        shadow=rng.uniform(0.4, 0.95),
        shadow_reach=rng.uniform(0.35, 1.0),
        shadow_blur=rng.uniform(0.15, 0.5),
    )


def _sample_camera(place: str, rng: np.random.Generator) -> Camera:
    found = PLACES[place]
    brightness = math.exp(np.clip(rng.normal(0, found.brightness_spread), -0.7, 0.7))
    # White balance errs along the colours of daylight, far less towards green or purple.
    warm = rng.normal(0, found.warmth_spread)
    tint = np.exp(np.array([warm, 0.0, -warm]) + rng.normal(0, 0.2 * found.warmth_spread, 3))
    red, green, blue = np.array(found.exposure) * brightness * tint
    shaken = rng.random() < 0.06
    return Camera(
        exposure=(float(red), float(green), float(blue)),
        saturation=rng.uniform(0.9, 1.2),
        lift=found.lift * math.exp(rng.normal(0, 0.08)) if found.lift < 1 else 1.0,
        contrast=rng.uniform(0.1, 0.6),
        # Half a pixel to 1.1 of 700: most photos are sharp, some miss the focus.
        blur=(rng.uniform(0.35, 0.8) if rng.random() < 0.9 else rng.uniform(0.8, 1.4)) / 700,
        motion=rng.uniform(2, 5) / 700 if shaken else 0.0,
        motion_angle=rng.uniform(0, math.pi),
        sharpening=rng.uniform(0.2, 1.5),
        noise=rng.uniform(0.6, 3.0),
        noise_seed=int(rng.integers(2**31)),
        vignette=rng.uniform(0.0, 0.18),
        jpeg_quality=int(rng.integers(75, 96)),
    )
