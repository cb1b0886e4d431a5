"""Draws the wires of a batch of crops, and now and then another line behind the part."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resistor_cls.synthetic.crops import ranges
from resistor_cls.synthetic.crops.body import Frame, per_crop
from resistor_cls.synthetic.crops.sampling import Parts, Views

Array = NDArray[Any]
# Tinned copper, natural logarithm of linear light; slightly warm.
_TIN = (-0.80, -0.85, -0.95)
_FAR = 4.0  # body lengths: beyond any crop


@dataclass(frozen=True)
class _Wires:
    """Straight pieces of wire, one of each crop, in pixels of the bodies' frames.

    Attributes:
        x: (batch,) of the beginning, from the body's centre along its axis.
        y: (batch,) of the beginning, across the axis.
        heading: (batch,) radians.
        length: (batch,).
        half: (batch,) half of the thickness; 0 draws nothing.
        tone: (batch, 3) linear.
    """

    x: Array
    y: Array
    heading: Array
    length: Array
    half: Array
    tone: Array


def draw_wires(
    scene: Array, frame: Frame, parts: Parts, views: Views, rng: np.random.Generator
) -> None:
    """Draws two wires, each straight and then bent, behind the body.

    Args:
        scene: (batch, 3, rows, columns) linear light; changed in place.
        frame: pixels in the frames of the bodies.
        parts: thickness of the wires.
        views: light, and where bodies lie.
        rng: the only source of randomness.
    """
    size, columns = len(views.x), scene.shape[3]
    half = views.length * parts.slenderness * parts.lead / 2
    tone = np.exp(rng.normal(_TIN, 0.06, (size, 3)) + rng.normal(0, 0.3, (size, 1)))
    for end in (-1, 1):
        # A wire stays on its own side of the crop, and only that is computed.
        side = slice(0, 6 * columns // 10) if end < 0 else slice(4 * columns // 10, columns)
        heading = rng.normal(0, ranges.WIRE_ANGLE, size) + (np.pi if end < 0 else 0)
        bent = rng.random(size) < ranges.BENT
        straight = views.length * np.where(bent, rng.uniform(*ranges.BEND, size), _FAR)
        start = end * 0.46 * views.length
        first = _Wires(start, np.zeros(size), heading, straight, half, tone)
        second = _Wires(
            x=start + straight * np.cos(heading),
            y=straight * np.sin(heading),
            heading=heading + rng.choice((-1, 1), size) * rng.uniform(0.4, 2.3, size),
            length=_FAR * views.length,
            half=np.where(bent, half, 0.0),
            tone=tone,
        )
        for wires in (first, second):
            _draw(scene, frame, wires, views, side)
    _draw(scene, frame, _sample_clutter(parts, views, half, rng), views, slice(0, columns))


def _sample_clutter(parts: Parts, views: Views, half: Array, rng: np.random.Generator) -> _Wires:
    """Another wire or a drawn line close to the body."""
    size = len(half)
    heading, far = rng.uniform(0, 2 * np.pi, size), _FAR * views.length
    beside = views.length * parts.slenderness * rng.uniform(0.6, 1, size)
    return _Wires(
        x=-far * np.cos(heading),
        y=rng.choice((-1, 1), size) * beside - far * np.sin(heading),
        heading=heading,
        length=2 * far,
        half=np.where(rng.random(size) < ranges.CLUTTER, half * rng.uniform(0.3, 1.5, size), 0.0),
        tone=np.exp(rng.uniform(-3, 0, (size, 1))) * np.ones(3),
    )


def _draw(scene: Array, frame: Frame, wires: _Wires, views: Views, side: slice) -> None:
    """Draws pieces of wire with their highlights into some columns of the crops."""
    rows = np.flatnonzero(wires.half)
    if not len(rows):
        return
    cos, sin = np.cos(wires.heading[rows]), np.sin(wires.heading[rows])
    along = (frame.u[rows, :, side] - 0.5) * per_crop(views.length[rows])
    dx, dy = along - per_crop(wires.x[rows]), frame.v[rows, :, side] - per_crop(wires.y[rows])
    forward = dx * per_crop(cos) + dy * per_crop(sin)
    across = dy * per_crop(cos) - dx * per_crop(sin)
    beyond = np.maximum(np.maximum(-forward, forward - per_crop(wires.length[rows])), 0)
    half = wires.half[rows]
    thick = per_crop(np.maximum(half, 0.4))
    cover = np.clip(thick - np.sqrt(beyond * beyond + across * across) + 0.5, 0, 1)
    cover *= np.minimum(per_crop(half) / 0.5, 1)  # thinner than a pixel
    # How much the wire's side faces the light decides on the highlight and on where it lies.
    facing = views.key[rows, 1] * cos - views.key[rows, 0] * sin
    place = across / thick - per_crop(0.45 * facing)
    shade = 0.19 + per_crop(0.56 + 1.2 * np.abs(facing)) * np.exp(-4 * place * place)
    colour = wires.tone[rows].astype(np.float32)[:, :, None, None] * shade[:, None]
    shown = scene[rows, :, :, side]
    scene[rows, :, :, side] = shown + cover[:, None] * (colour - shown)
