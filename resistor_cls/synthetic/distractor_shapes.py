"""Shapes and colours of distractors: small objects on a table that are not resistors.

An object is a relief: its height over the table at every point, and its colour. Sizes are
millimetres of common parts; the object's own frame has u along its axis and v across it.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from resistor_cls.synthetic.leads import TIN
from resistor_cls.synthetic.sampling import varied
from resistor_cls.synthetic.scene import Map, Rgb, Srgb

# Where a wire leaves the object, u and v in mm, and its direction in radians.
Foot = tuple[float, float, float]

# sRGB. Warm, as `TIN` is: cameras compensate for the red of the wood and show grey as bluish.
_STEEL, _BRASS, COPPER, _ZINC = (
    (158, 149, 134), (158, 122, 50), (142, 78, 46), (162, 138, 82)
)  # fmt: skip


@dataclass(frozen=True)
class Relief:
    """An object in its own frame.

    Attributes:
        height: over the table in mm; only its slopes are visible.
        cover: True where the object is, bool.
        colour: (rows, columns, 3), linear.
        gloss: intensity of the mirror highlight, 0 to 1.
        metal: 1 for bare metal, which reflects light by its sheen alone; 0 for a diffuse surface.
        tall: height in mm that casts the shadow.
        feet: where its wires begin.
    """

    height: Map
    cover: Map
    colour: Map
    gloss: float
    metal: float
    tall: float
    feet: tuple[Foot, ...] = ()


def _one_of(colours: tuple[Srgb, ...], rng: np.random.Generator) -> Rgb:
    return varied(colours[rng.integers(len(colours))], rng, 0.15)


def _plain(colour: Rgb, like: Map) -> Map:
    return np.broadcast_to(np.array(colour, np.float32), (*like.shape, 3)).copy()


def _turned(v: Map, radius: Map | float) -> Map:
    """Height over its axis of a solid of revolution."""
    return np.sqrt(np.maximum(radius * radius - v * v, 0))


def _step(distance: Map, over: float) -> Map:
    """Smooth step: from 0 to 1 while the distance grows from 0 to `over`."""
    part = np.clip(distance / over, 0, 1)
    return part * part * (3 - 2 * part)


def _printed(text: str, u: Map, v: Map, tall: float) -> Map:
    """1 on the letters of a text around the origin, written along u; their height in mm."""
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 1, 3)
    page = np.zeros((height + 12, width + 12), np.uint8)
    cv2.putText(page, text, (6, height + 6), cv2.FONT_HERSHEY_SIMPLEX, 1, 255, 3, cv2.LINE_AA)
    per_mm = height / tall
    column, row = u * per_mm + page.shape[1] / 2, v * per_mm + page.shape[0] / 2
    printed = cv2.remap(page, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return printed.astype(np.float32) / 255


def _inked(colour: Map, ink: Rgb, where: Map) -> Map:
    opacity = where[:, :, None].astype(np.float32)
    inked: Map = colour + opacity * (np.array(ink, np.float32) - colour)
    return inked


def _ceramic_capacitor(u: Map, v: Map, rng: np.random.Generator) -> Relief:
    radius, pitch = rng.uniform(2.2, 4.5), 1.27
    lens = 1.3 * np.sqrt(np.maximum(1 - (u * u + v * v) / radius**2, 0))
    # The coating extends along the wires.
    runs = [_turned(v - side, 0.42 * (1 - _step(u - radius, 1.2))) for side in (-pitch, pitch)]
    height = np.maximum(lens, np.maximum(*runs) * (u > 0.5 * radius))
    colour = _plain(_one_of(((168, 92, 36), (176, 112, 50), (36, 80, 112), (150, 116, 56)), rng), u)
    text = ("104", "22", "103", "47", "331")[rng.integers(5)]
    colour = _inked(colour, (0.02, 0.02, 0.02), 0.8 * _printed(text, v, -u, radius * 0.45))
    foot = radius + 0.6
    return Relief(
        height, height > 0, colour, rng.uniform(0.4, 0.8), 0.0, 2.5,
        ((foot, -pitch, 0.0), (foot, pitch, 0.0)),
    )  # fmt: skip


def _electrolytic_capacitor(u: Map, v: Map, rng: np.random.Generator) -> Relief:
    radius, half = rng.uniform(2.2, 3.6), rng.uniform(4.5, 6.5)
    inside = half - np.abs(u)
    groove = 0.14 * np.exp(-(((u - half + 1.8) / 0.5) ** 2))
    profile = radius * (1 - groove) * (1 - 0.16 * (1 - _step(inside, 0.6)))
    height = _turned(v, profile) * (inside > 0)
    colour = _plain(_one_of(((14, 18, 38), (14, 14, 14), (14, 44, 36), (62, 26, 22)), rng), u)
    pale = _one_of(((176, 168, 150), (166, 146, 96)), rng)
    # The stripe that marks the negative wire, with dashes in the sleeve's colour.
    around = np.arcsin(np.clip(v / profile, -1, 1)) - rng.uniform(-0.9, 0.9)
    dash = (np.abs(np.mod(u, 3.0) - 1.5) < 0.7) & (np.abs(around) < 0.09)
    colour = _inked(colour, pale, (np.abs(around) < 0.33) & ~dash)
    # The sleeve is shrunk over the rim; the bare can is visible at the end.
    colour = _inked(colour, (0.4, 0.4, 0.4), u < -half + 0.35)
    return Relief(
        height, height > 0, colour, rng.uniform(0.5, 0.9), 0.0, 2 * radius,
        ((half - 0.1, -0.4 * radius, 0.0), (half - 0.1, 0.4 * radius, 0.0)),
    )  # fmt: skip


def _diode(u: Map, v: Map, rng: np.random.Generator) -> Relief:
    glass = rng.random() < 0.6
    half, radius = (1.9, 0.9) if glass else (2.6, 1.35)
    inside = half - np.abs(u)
    closed = np.sqrt(np.clip(inside / (0.6 if glass else 0.12), 0, 1))
    height = _turned(v, radius * closed)
    colour = _plain(_one_of(((150, 70, 34), (166, 96, 58)) if glass else ((18, 18, 18),), rng), u)
    if glass:  # metal slugs at both ends, visible through the glass
        colour = _inked(colour, (0.35, 0.30, 0.25), 0.7 * _step(np.abs(u) - 0.45 * half, 0.4))
    band = ((0.01, 0.01, 0.012), (0.5, 0.5, 0.48))[0 if glass else 1]
    colour = _inked(colour, band, np.abs(u - 0.62 * half) < 0.14 * half)
    return Relief(
        height, height > 0, colour, 1.0 if glass else 0.4, 0.0, 2 * radius,
        ((half - 0.1, 0.0, 0.0), (0.1 - half, 0.0, math.pi)),
    )  # fmt: skip


def _led(u: Map, v: Map, rng: np.random.Generator) -> Relief:
    radius = 2.5 if rng.random() < 0.6 else 1.5
    base = 1.6 * radius
    dome = np.sqrt(np.maximum(1 - (np.minimum(u, 0) / radius) ** 2, 0))
    profile = np.where(u > base - 1.0, 1.17 * radius, radius * dome) * (u < base)
    height = _turned(v, profile)
    colour = _plain(
        _one_of(
            ((190, 26, 24), (60, 150, 50), (200, 160, 40), (36, 70, 130), (176, 168, 152)), rng
        ),
        u,
    )
    # Light is concentrated in the middle of the clear body, and the metal cup shows through.
    core = np.exp(-((u / (1.1 * radius)) ** 2) - (v / (0.5 * radius)) ** 2)
    colour = np.minimum(colour * (0.55 + 0.9 * core[:, :, None]), 0.9)
    cup = (np.abs(v) < 0.32 * radius) & (np.abs(u - 0.75 * radius) < 0.45 * radius)
    colour = _inked(colour, (0.25, 0.24, 0.22), 0.35 * cup)
    return Relief(
        height, height > 0, colour, 0.95, 0.0, 2 * radius,
        ((base - 0.1, -1.27, 0.0), (base - 0.1, 1.27, 0.0)),
    )  # fmt: skip


def _coin(u: Map, v: Map, rng: np.random.Generator) -> Relief:
    radius = rng.uniform(8.0, 11.5)
    away = radius - np.hypot(u, v)
    worn = rng.uniform(0.4, 1.0)
    text = ("1", "2", "5", "10", "20", "50")[rng.integers(6)]
    raised = _printed(text, u + 0.2 * radius, v, 0.75 * radius)
    stars = np.cos(12 * np.arctan2(v, u)) * np.exp(-(((away - 0.2 * radius) / 0.5) ** 2))
    relief = cv2.GaussianBlur(np.maximum(raised, np.clip(2 * stars - 0.8, 0, 1)), (0, 0), 1.2)
    height = 0.5 * _step(away, 0.4) - 0.2 * _step(away - 0.6, 0.5) + 0.16 * worn * relief
    metals = (COPPER, _BRASS, _STEEL)
    first = int(rng.integers(3))
    colour = _plain(varied(metals[first], rng, 0.15), u)
    if rng.random() < 0.3:  # of two metals
        colour = _inked(colour, varied(metals[1 + first % 2], rng, 0.1), away > 0.3 * radius)
    return Relief(height, away > 0, colour, 0.35, 0.75, 1.8)


def _washer(u: Map, v: Map, rng: np.random.Generator) -> Relief:
    hole = rng.uniform(1.6, 2.7)
    middle, half = 1.6 * hole, 0.6 * hole
    away = half - np.abs(np.hypot(u, v) - middle)
    height = 0.6 * np.sqrt(np.clip(away / 0.35, 0, 1))
    colour = _plain(_one_of((_STEEL, _BRASS, _ZINC, (24, 23, 21)), rng), u)
    return Relief(height, away > 0, colour, 0.4, 0.8, 1.0)


def _screw(u: Map, v: Map, rng: np.random.Generator) -> Relief:
    radius, half = rng.uniform(1.2, 1.9), rng.uniform(4.0, 8.0)
    pitch, slant = 0.42 * radius, 0.16 * np.arcsin(np.clip(v / radius, -1, 1))
    tooth = np.abs(np.mod(u / pitch + slant, 1) - 0.5) * 2
    pointed = rng.random() < 0.4
    taper = np.sqrt(np.clip((half - u) / (2.2 * radius if pointed else 0.25), 0, 1))
    shaft = radius * (1 - 0.2 * tooth) * taper * (u > -half)
    back = -half - u  # into the head
    dome = 1.9 * radius * np.sqrt(np.clip(1 - (np.maximum(back, 0) / (1.3 * radius)) ** 2, 0, 1))
    countersunk = np.clip(radius + 0.8 * (back + 1.4 * radius), radius, 1.9 * radius)
    flat = rng.random() < 0.5
    end = 0.4 * radius if flat else 1.3 * radius
    head = np.where(back < end, countersunk if flat else dome, 0.0)
    profile = np.where(back > (-1.4 * radius if flat else 0.0), np.maximum(head, shaft), shaft)
    height = _turned(v, profile)
    colour = _plain(_one_of((_STEEL, _BRASS, _ZINC, (24, 23, 21)), rng), u)
    return Relief(height, height > 0, colour, 0.5, 0.8, 2.5 * radius)


def _chip(u: Map, v: Map, rng: np.random.Generator) -> Relief:
    pitch, pins = 2.54, int(rng.choice((4, 7, 8)))
    half, across = pins * pitch / 2 - 0.1, 3.2
    away = np.minimum(half - np.abs(u), across - np.abs(v))
    pin = np.abs(np.mod(u + pins * pitch / 2, pitch) - pitch / 2)
    legs = (pin < 0.65) & (np.abs(u) < pins * pitch / 2) & (np.abs(v) < across + 1.0)
    leg = 1.2 - 1.5 * _step(np.abs(v) - across - 0.2, 0.8) + 0.2 * _step(0.65 - pin, 0.2)
    notch = _step(0.9 - np.hypot(u + half, v), 0.25)
    dot = _step(0.45 - np.hypot(u + half - 1.2, v - across + 1.2), 0.2)
    top = 2.4 + 0.9 * _step(away, 0.7) - 0.35 * np.maximum(notch, dot)
    body = away > 0
    dark = _one_of(((15, 15, 14), (23, 22, 20)), rng)
    colour = np.where(body[:, :, None], _plain(dark, u), np.array(TIN, np.float32))
    text = ("NE555", "74HC00", "LM358", "4017", "TL072")[rng.integers(5)]
    ink = body * (0.3 + 0.5 * rng.random()) * _printed(text, u - 0.4, v, 1.4)
    colour = _inked(colour, (0.55, 0.55, 0.52), ink)
    height = np.where(body, top, leg)
    return Relief(height, body | legs, colour, 0.25, 0.0, 3.5)


# The function that makes each, and its radius in mm without wires.
RELIEFS: dict[str, tuple[Callable[[Map, Map, np.random.Generator], Relief], float]] = {
    "ceramic capacitor": (_ceramic_capacitor, 6.0),
    "electrolytic capacitor": (_electrolytic_capacitor, 7.8),
    "diode": (_diode, 3.2),
    "LED": (_led, 5.2),
    "coin": (_coin, 12.0),
    "washer": (_washer, 6.2),
    "screw": (_screw, 11.5),
    "chip": (_chip, 11.5),
}
