"""What lies behind a part: paper, wood, cloth, mats with lines, print, boards."""

from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
TILE = 512  # side of a tile in pixels
_EACH = 4  # tiles of each kind
# Relative frequency: most people take a sheet of paper or a table.
_WEIGHTS = {
    "paper": 0.40, "wood": 0.20, "lines": 0.10, "print": 0.10, "cloth": 0.08, "clouds": 0.08,
    "holes": 0.04,
}  # fmt: skip


def sample_surfaces(size: int, shape: tuple[int, int], rng: np.random.Generator) -> Array:
    """Cuts random parts out of random tiles, in random colours.

    Args:
        size: of the batch.
        shape: rows and columns.
        rng: the only source of randomness.

    Returns:
        (size, 3, *shape) float32, linear reflectance.
    """
    names = tuple(_WEIGHTS)
    kinds = rng.choice(len(names), size, p=np.array(list(_WEIGHTS.values())))
    rows, columns = shape
    surfaces = np.empty((size, 3, rows, columns), np.float32)
    for place, kind in enumerate(kinds):
        tile = _tiles(names[kind])[rng.integers(_EACH)]
        scale, angle = np.exp(rng.uniform(-1.0, 0.5)), rng.uniform(0, 2 * np.pi)
        cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
        x, y = rng.uniform(0, TILE, 2)
        to_tile = np.array([[cos, -sin, x], [sin, cos, y]])
        cut = cv2.warpAffine(
            tile, to_tile, (columns, rows), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REFLECT_101,
        )  # fmt: skip
        surfaces[place] = cut.transpose(2, 0, 1)
    surfaces *= np.float32(1 / 255)
    return surfaces * _tones(names, kinds, rng)[:, :, None, None]


def _tones(names: tuple[str, ...], kinds: Array, rng: np.random.Generator) -> Array:
    """(size, 3): the colour that a grey tile is multiplied by."""
    size = len(kinds)
    brightness = np.exp(rng.uniform(np.log(0.05), np.log(0.9), size))
    # Paper is mostly white, the sheet that exposure refers to.
    white = (kinds == names.index("paper")) & (rng.random(size) < 0.75)
    brightness = np.where(white, rng.uniform(0.55, 0.9, size), brightness)
    wooden = kinds == names.index("wood")
    tone = np.exp(rng.normal(0, np.where(white, 0.04, 0.35)[:, None], (size, 3)))
    tone = np.where(wooden[:, None], np.exp(rng.normal((0.45, -0.1, -0.6), 0.25, (size, 3))), tone)
    tone *= (brightness / tone.mean(axis=1))[:, None]
    return np.minimum(tone, 1.0).astype(np.float32)


@cache
def _tiles(kind: str) -> tuple[Array, ...]:
    """Tiles of a kind, (TILE, TILE, 3) uint8; the same in every process."""
    rng = np.random.default_rng((41, tuple(_WEIGHTS).index(kind)))
    return tuple(_as_tile(_MAKERS[kind](rng)) for _ in range(_EACH))


def _as_tile(texture: Array) -> Array:
    if texture.ndim == 2:
        texture = np.repeat(texture[:, :, None], 3, axis=2)
    tile: Array = np.clip(texture * 255, 0, 255).astype(np.uint8)
    return tile


def _noise(rng: np.random.Generator, along: float, across: float) -> Array:
    """(TILE, TILE) noise of unit variance with grains of `along` by `across` pixels."""
    noise = rng.standard_normal((TILE, TILE)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), max(along, 0.3), sigmaY=max(across, 0.3))
    deviation: Array = soft / soft.std()
    return deviation


def _paper(rng: np.random.Generator) -> Array:
    roughness = rng.uniform(0.005, 0.05)
    sheet: Array = 0.85 + roughness * _noise(rng, 1.2, 1.2) + 0.05 * _noise(rng, 60, 60)
    return sheet


def _wood(rng: np.random.Generator) -> Array:
    pores = np.clip(_noise(rng, rng.uniform(6, 20), 0.7) - rng.uniform(0.2, 1.2), 0, 1)
    grain = 0.6 + 0.14 * _noise(rng, 70, 2) + 0.08 * _noise(rng, 60, 9) + 0.05 * _noise(rng, 3, 0.6)
    return np.clip(grain - 0.4 * pores, 0.05, 1)


def _lines(rng: np.random.Generator) -> Array:
    """Drawings, cutting mats, ruled paper: lines and curves, dark on light or the reverse."""
    sheet = np.full((TILE, TILE), 0.8, np.float32)
    if rng.random() < 0.5:
        step = int(rng.integers(24, 80))
        for at in range(0, TILE, step):
            cv2.line(sheet, (at, 0), (at, TILE), 0.25, int(rng.integers(1, 4)), cv2.LINE_AA)
            if rng.random() < 0.8:
                cv2.line(sheet, (0, at), (TILE, at), 0.25, int(rng.integers(1, 4)), cv2.LINE_AA)
    for _ in range(int(rng.integers(8, 30))):
        ends = [int(one) for one in rng.integers(0, TILE, 4)]
        wide = int(rng.integers(1, 7))
        if rng.random() < 0.6:
            cv2.line(sheet, (ends[0], ends[1]), (ends[2], ends[3]), 0.05, wide, cv2.LINE_AA)
        else:
            cv2.circle(sheet, (ends[0], ends[1]), 10 + ends[2] // 5, 0.05, wide, cv2.LINE_AA)
    sheet = sheet if rng.random() < 0.75 else 0.9 - sheet
    return sheet + 0.02 * _noise(rng, 1, 1)


def _print(rng: np.random.Generator) -> Array:
    """Glossy print: fields of strong colour, letters, and reflections of lamps."""
    levels = np.empty((TILE, TILE, 3), np.uint8)  # OpenCV writes letters into 8 bits only
    levels[:] = rng.uniform(5, 230, 3)
    for _ in range(int(rng.integers(4, 14))):
        x, y, width, height = (int(one) for one in rng.integers(10, TILE, 4))
        colour = tuple(float(one) for one in rng.uniform(2, 240, 3))
        cv2.rectangle(levels, (x, y), (x + width // 2, y + height // 2), colour, -1, cv2.LINE_AA)
    for _ in range(int(rng.integers(4, 16))):
        x, y = (int(one) for one in rng.integers(0, TILE, 2))
        word = "".join(chr(int(one)) for one in rng.integers(48, 122, 6))
        colour = tuple(float(one) for one in rng.uniform(0, 255, 3))
        cv2.putText(
            levels, word, (x, y), cv2.FONT_HERSHEY_SIMPLEX, float(rng.uniform(0.6, 4)), colour,
            int(rng.integers(1, 9)), cv2.LINE_AA,
        )  # fmt: skip
    sheet = levels.astype(np.float32) / 255
    for _ in range(int(rng.integers(0, 4))):
        lamp: Array = np.zeros((TILE, TILE), np.float32)
        centre = tuple(int(one) for one in rng.integers(0, TILE, 2))
        cv2.circle(lamp, centre, int(rng.integers(10, 70)), 1.0, -1)
        lamp = cv2.GaussianBlur(lamp, (0, 0), float(rng.uniform(3, 25)))
        lamp = lamp * (1 + 0.3 * _noise(rng, 1, 1))
        sheet += np.clip(lamp, 0, 1)[:, :, None] * rng.uniform(0.4, 1.0)
    return sheet


def _cloth(rng: np.random.Generator) -> Array:
    y, x = np.mgrid[:TILE, :TILE].astype(np.float32)
    pitch = rng.uniform(4, 14)
    weave = np.sin(2 * np.pi * x / pitch) * np.sin(2 * np.pi * y / pitch)
    cloth: Array = 0.6 + rng.uniform(0.05, 0.25) * weave + 0.06 * _noise(rng, 2, 2)
    return cloth


def _clouds(rng: np.random.Generator) -> Array:
    """Anything out of focus: soft blobs of colour."""
    layers = [
        sum(weight * _noise(rng, grain, grain) for grain, weight in ((60, 1), (20, 0.5), (6, 0.3)))
        for _ in range(3)
    ]
    return 0.5 + rng.uniform(0.08, 0.25) * np.stack(layers, axis=2)


def _holes(rng: np.random.Generator) -> Array:
    """Breadboards and perforated boards."""
    sheet = np.full((TILE, TILE), 0.8, np.float32)
    pitch = int(rng.integers(20, 44))
    for x in range(0, TILE, pitch):
        for y in range(0, TILE, pitch):
            half = pitch // 5
            cv2.rectangle(sheet, (x - half, y - half), (x + half, y + half), 0.12, -1)
    return sheet + 0.02 * _noise(rng, 1, 1)


_MAKERS = {
    "paper": _paper, "wood": _wood, "lines": _lines, "print": _print, "cloth": _cloth,
    "clouds": _clouds, "holes": _holes,
}  # fmt: skip
