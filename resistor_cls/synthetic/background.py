"""Paints the background: paper, wood with its grain, the paper's edge, light that falls off."""

import math
from dataclasses import replace
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from resistor_cls.synthetic.layers import Factor, Layer, Texture
from resistor_cls.synthetic.places import PLACES
from resistor_cls.synthetic.scene import Background, Light, Map, Rgb

# Side of the precomputed textures, in texels, and texels that a photo spans at a scale of 1.
_TILE, _SPAN = 2048, 700
# Up to this scale, a photo's diagonal stays inside the texture at any angle.
_MAX_SCALE = 1.4
# Texels by which a photo can be shifted and stay inside; 1.42 is the diagonal of a square.
_MAX_SHIFT = _TILE - _SPAN * _MAX_SCALE * 1.42
# What the levels of a tile stand for, (1, 256).
_LEVELS = np.arange(256, dtype=np.float32)[None, :] * np.float32(1 / 255)
_COARSE = 24  # cells a side of the grid that soft light is computed on
# Reflectance of white paper.
_PAPER: Rgb = (0.78, 0.78, 0.78)
# What varnish reflects of a bright window, in the same unit; bluish like the sky.
_GLARE: Rgb = (0.26, 0.145, 0.07)


def paint_table(
    background: Background, light: Light, vignette: float, size: int
) -> tuple[Map, tuple[Layer, ...]]:
    """Paints the empty table.

    Args:
        background: its surface.
        light: what falls on it.
        vignette: how much darker the corners are.
        size: side of the photo in pixels.

    Returns:
        The light that falls on the table, (size, size), and the table's layers, three at most.
    """
    place = PLACES[background.place]
    incident = _incident_light(light, vignette, size)
    if not place.paper:
        return incident, _wood(background, (incident,), size, light)
    paper = incident, _paper(background, size)
    if background.edge_offset > 0.71:  # the edge lies beyond the corners
        return incident, (Layer(_PAPER, paper),)
    coverage = _paper_coverage(background, size)
    wood = _wood(background, (incident, 1.0 - coverage), size)
    return incident, (*wood, Layer(_PAPER, (*paper, coverage)))


def _wood(
    background: Background, bare: tuple[Factor, ...], size: int, light: Light | None = None
) -> tuple[Layer, ...]:
    """Layers of wood.

    Args:
        background: with its grain.
        bare: factors of the light that falls on the wood.
        size: side of the photo in pixels.
        light: with the window that the wood reflects; None reflects nothing.
    """
    place = PLACES[background.place]
    texture = _texture(_wood_tile(place.texture), background, size)
    grain = _grain_levels(background)
    red, green, blue = (pore - base for pore, base in zip(place.pore, place.base, strict=True))
    wood = (
        Layer(place.base, bare),
        Layer((red, green, blue), (*bare, Texture(texture, grain))),
    )
    if light is None or light.glare <= 0:
        return wood
    return (*wood, Layer(_GLARE, _glare(light, texture, grain)))


def shifted(background: Background, side: float, x: float, y: float) -> Background:
    """Returns the same surface as a window of the photo shows it.

    Args:
        background: of the whole photo.
        side: of the window, fraction of the photo's.
        x: of the window's centre, relative to the photo's centre.
        y: of the window's centre, relative to the photo's centre.

    Returns:
        The background; the edge of its paper is left as it was.
    """
    scale = min(background.scale, _MAX_SCALE)
    cos, sin = math.cos(background.angle), math.sin(background.angle)
    return replace(
        background,
        scale=scale * side,
        shift_x=background.shift_x + (cos * x + sin * y) * _SPAN * scale / _MAX_SHIFT,
        shift_y=background.shift_y + (cos * y - sin * x) * _SPAN * scale / _MAX_SHIFT,
    )


def _upscaled(coarse: Map, size: int) -> Map:
    return cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)


def _coarse_grid() -> tuple[Map, Map]:
    """X and y of the cells of a coarse grid, fractions of the photo's side."""
    centres = (np.arange(_COARSE, dtype=np.float32) + 0.5) / _COARSE
    return centres[None, :], centres[:, None]


def _incident_light(light: Light, vignette: float, size: int) -> Map:
    x, y = _coarse_grid()
    towards = (x - 0.5) * math.cos(light.azimuth) + (y - 0.5) * math.sin(light.azimuth)
    # Corners are 0.71 sides from the centre; a lens loses light with the square of the distance.
    corner = ((x - 0.5) ** 2 + (y - 0.5) ** 2) / 0.5
    incident = (1 - light.falloff * (0.5 - towards)) * (1 - vignette * corner)
    return _upscaled(np.clip(incident, 0.1, None).astype(np.float32), size)


def _glare(light: Light, texture: NDArray[Any], grain_levels: Map) -> tuple[Map, Texture]:
    """The window's reflection on the varnish; pores do not reflect."""
    x, y = _coarse_grid()
    away = ((x - light.glare_x) ** 2 + (y - light.glare_y) ** 2) / light.glare_size**2
    patch = _upscaled((light.glare * np.exp(-away)).astype(np.float32), len(texture))
    # Only a level surface reflects the window to the camera: grain breaks the patch into specks.
    level = np.clip(1.1 - 1.6 * grain_levels, 0.0, 1.0)
    return patch, Texture(texture, level * level)


def _paper_coverage(background: Background, size: int) -> Map:
    """1 on the sheet of paper, 0 beside it."""
    x = (np.arange(size, dtype=np.float32) + 0.5) / size - 0.5
    along_x = x * math.cos(background.edge_angle)
    along_y = x * math.sin(background.edge_angle)
    inside: Map = along_x[None, :] + along_y[:, None]
    np.subtract(background.edge_offset, inside, out=inside)
    inside *= size
    inside += 0.5
    return np.clip(inside, 0.0, 1.0, out=inside)


def _paper(background: Background, size: int) -> Texture:
    """Fibres and soft waves of a sheet, around 1."""
    fibres = cv2.addWeighted(
        _LEVELS, 0.05 * background.grain, _LEVELS, 0.0, 1 - 0.025 * background.grain
    )
    return Texture(_texture(_paper_tile(), background, size), fibres)


def _grain_levels(background: Background) -> Map:
    """(1, 256), of each level of a texture: 0 on the plain surface of the wood, 1 in its pores."""
    levels: Map = np.minimum(_LEVELS * np.float32(background.grain), 1.0)
    return levels


def _texture(tile: NDArray[Any], background: Background, size: int) -> NDArray[Any]:
    """The part of a tile that the photo shows: rotated, scaled and shifted; uint8.

    What follows of a level is computed once for each of the 256 and looked up for each pixel.
    """
    texels = _SPAN * min(background.scale, _MAX_SCALE) / size
    cos, sin = math.cos(background.angle) * texels, math.sin(background.angle) * texels
    centre_x = _TILE / 2 + (background.shift_x - 0.5) * _MAX_SHIFT
    centre_y = _TILE / 2 + (background.shift_y - 0.5) * _MAX_SHIFT
    half = size / 2
    to_tile = np.array(
        [[cos, sin, centre_x - half * (cos + sin)], [-sin, cos, centre_y - half * (cos - sin)]]
    )
    return cv2.warpAffine(
        tile,
        to_tile,
        (size, size),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT_101,
    )


def _streaks(rng: np.random.Generator, along: float, across: float) -> Map:
    """Noise of unit variance with grains of `along` by `across` texels."""
    # Coarse noise is computed small and enlarged: a wide blur would take seconds.
    coarser = [max(1, int(grain // 3)) for grain in (along, across)]
    noise = rng.standard_normal((-(-_TILE // coarser[1]), -(-_TILE // coarser[0])), np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), sigmaX=along / coarser[0], sigmaY=across / coarser[1])
    whole = cv2.resize(soft, (_TILE, _TILE), interpolation=cv2.INTER_LINEAR)
    np.divide(whole, np.float32(whole.std()), out=whole)
    return whole


@cache
def _wood_tile(texture: str) -> NDArray[Any]:
    """Grain along x; the same in every process, as its seed is fixed."""
    rng = np.random.default_rng(37)
    density = 0.35 * _streaks(rng, 90, 25)
    if texture == "pores":
        # Dense short dark dashes, as in mahogany laminate.
        pores = np.clip((_streaks(rng, 5, 0.5) + density - 0.7) * 0.75, 0, 1)
        tone = 0.08 * _streaks(rng, 60, 2.5) + 0.07 * _streaks(rng, 12, 0.7)
    else:
        # Fine pores in broad zones, and a seam where two boards meet, as in oak or walnut.
        pores = np.clip((_streaks(rng, 8, 0.5) + density - 0.85) * 0.6, 0, 1)
        tone = 0.07 * _streaks(rng, 250, 9) + 0.07 * _streaks(rng, 90, 1.2)
        tone += 0.08 * _streaks(rng, 300, 45) + 0.05 * _streaks(rng, 12, 0.7)
        for seam in rng.uniform(0, _TILE, 6):
            away = np.abs(np.arange(_TILE) - seam)[:, None] / 3.0
            tone += 0.35 * np.exp(-(away**2)) + 0.10 * np.exp(-away / 6)
    grain = np.clip(0.22 + tone + pores, 0, 1).astype(np.float32)
    # Real grain is never quite straight.
    x = np.arange(_TILE, dtype=np.float32)
    wave = sum(
        height * np.sin(x / _TILE * 2 * np.pi * periods + phase)
        for height, periods, phase in ((7, 1.0, 0.3), (3, 3.0, 1.7), (0.8, 9.0, 4.0))
    )
    map_x = np.broadcast_to(x, (_TILE, _TILE)).copy()
    map_y = (x[:, None] + np.asarray(wave, np.float32)[None, :]).astype(np.float32)
    bent = cv2.remap(grain, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    return (np.clip(bent, 0, 1) * 255).astype(np.uint8)


@cache
def _paper_tile() -> NDArray[Any]:
    """Fibres of a pixel or two and waves of a few centimetres, around 0.5."""
    rng = np.random.default_rng(38)
    sheet = 0.5 + 0.10 * _streaks(rng, 1.2, 1.2) + 0.10 * _streaks(rng, 4, 4)
    sheet += 0.12 * _streaks(rng, 60, 60)
    return (np.clip(sheet, 0, 1) * 255).astype(np.uint8)
