"""Draws photos of distractors: small objects that are not resistors, on the same tables."""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import cv2
import numpy as np

from resistor_cls.categories import Category
from resistor_cls.synthetic.body import WINDOW, shading
from resistor_cls.synthetic.distractor_shapes import COPPER, RELIEFS, Foot, Relief
from resistor_cls.synthetic.drawing import lit_objects, photograph
from resistor_cls.synthetic.layers import RGB, LitScene, Patch
from resistor_cls.synthetic.leads import lead_path, paint_wires
from resistor_cls.synthetic.sampling import SIDES_PER_MM, sample_scene, varied
from resistor_cls.synthetic.scene import Map, Photo, Scene, Srgb

_TIN: Srgb = (186, 175, 159)
_PLASTICS: tuple[Srgb, ...] = (
    (150, 24, 22), (24, 62, 130), (190, 150, 22), (22, 96, 52), (188, 180, 164), (14, 14, 14),
)  # fmt: skip


def draw_distractor(rng: np.random.Generator, size: int = 700) -> tuple[Photo, str]:
    """Draws a photo of a distractor, as `draw` draws a resistor.

    Args:
        rng: the only source of randomness.
        size: side of the photo in pixels; the scene is the same at any size.

    Returns:
        The photo, (size, size, 3) uint8, RGB, and the one of `DISTRACTORS` that it shows.
    """
    kind = DISTRACTORS[rng.integers(len(DISTRACTORS))]
    # Table, light, camera and position as for resistors; the category has no effect on them.
    scene = sample_scene(Category("other"), rng)
    lit = _lit_wire if kind in _WIRES else _lit_relief
    seed = int(rng.integers(2**31))
    return photograph(scene, size, None, partial(lit, kind, seed)), kind


def _lit_relief(kind: str, seed: int, scene: Scene, size: int) -> LitScene:
    rng = np.random.default_rng(seed)
    make, reach = RELIEFS[kind]
    body, pixel = scene.body, 1 / (SIDES_PER_MM * size)  # mm
    pixels = 2 * math.ceil(reach / pixel) + 2
    oversampling = 3 if reach < 7 else 2  # large objects are smooth with two samples per side
    left, top = (round(middle * size - pixels / 2) for middle in (body.x, body.y))
    centres = (np.arange(pixels * oversampling, dtype=np.float32) + 0.5) / oversampling
    x = (centres + left - body.x * size)[None, :] * np.float32(pixel)
    y = (centres + top - body.y * size)[:, None] * np.float32(pixel)
    cos, sin = math.cos(body.angle), math.sin(body.angle)
    relief = make(cos * x + sin * y, cos * y - sin * x, rng)
    cover: Map = relief.cover.astype(np.float32)
    colour, cover = (
        cv2.resize(part, (pixels, pixels), interpolation=cv2.INTER_AREA)
        for part in (_lit(relief, scene, pixel / oversampling) * cover[:, :, None], cover)
    )
    paths = _legs(relief.feet, scene)
    widths = [rng.uniform(0.45, 0.6) * SIDES_PER_MM] * len(paths)
    wires = paint_wires(paths, widths, scene.light, size)
    high = replace(scene, body=replace(body, diameter=relief.tall * SIDES_PER_MM))
    return lit_objects(high, size, wires, Patch(cover, tuple(cv2.split(colour)), RGB, (left, top)))


def _lit(relief: Relief, scene: Scene, step: float) -> Map:
    """The object's colour in the scene's light; a sample is `step` mm wide."""
    down, right = np.gradient(relief.height, step)
    up = 1 / np.sqrt(1 + right * right + down * down)
    diffuse, mirror, sheen = shading((-right * up, -down * up, up), 0.0, relief.gloss, scene.light)
    # Bare metal is dark except where it reflects the window or the sky.
    shade = diffuse * (1 - 0.55 * relief.metal) + relief.metal * (0.9 * sheen + 0.15 * up**4)
    lit: Map = relief.colour * shade[:, :, None] + mirror[:, :, None] * np.array(WINDOW, np.float32)
    lit = lit.astype(np.float32)
    return lit


def _legs(feet: tuple[Foot, ...], scene: Scene) -> list[Map]:
    """Wires of an object, bent like a resistor's; those of the same side are bent alike."""
    body, cos, sin = scene.body, math.cos(scene.body.angle), math.sin(scene.body.angle)
    together = len({heading for _, _, heading in feet}) < len(feet)
    paths = []
    for (u, v, heading), lead in zip(feet, scene.leads, strict=False):
        foot = replace(
            body,
            x=body.x + (cos * u - sin * v) * SIDES_PER_MM,
            y=body.y + (sin * u + cos * v) * SIDES_PER_MM,
            angle=body.angle + heading,
            length=0.0,
        )
        paths.append(lead_path(foot, scene.leads[0] if together else lead, 1))
    return paths


def _lit_wire(kind: str, seed: int, scene: Scene, size: int) -> LitScene:
    rng = np.random.default_rng(seed)
    path, width = _WIRES[kind](scene, rng)
    colours = (_TIN, _TIN, COPPER) if rng.random() < 0.6 else _PLASTICS
    colour = varied(colours[rng.integers(len(colours))], rng, 0.1)
    wires = paint_wires([path], [width * SIDES_PER_MM], scene.light, size, colour)
    flat = replace(scene, body=replace(scene.body, diameter=1.5 * width * SIDES_PER_MM))
    return lit_objects(flat, size, wires)


def _paper_clip(scene: Scene, rng: np.random.Generator) -> tuple[Map, float]:
    """The path of the wire in fractions of the photo, and its width in mm."""

    def bow(x: float, y: float, radius: float, first: float) -> Map:
        turn = np.radians(np.linspace(first, first - 180, 24))
        return np.stack([x + radius * np.cos(turn), y + radius * np.sin(turn)], axis=1)

    bows = bow(9.5, 0.0, 3.3, 90), bow(-11.0, -0.4, 2.9, -90), bow(6.0, 0.15, 2.2, 90)
    corners = np.concatenate([[(-6.0, 3.3)], *bows, [(-5.0, -2.05)]])
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(corners, axis=0), axis=1))])
    even = np.linspace(0, along[-1], 160)
    path = np.stack([np.interp(even, along, axis) for axis in corners.T], axis=1)
    body, cos, sin = scene.body, math.cos(scene.body.angle), math.sin(scene.body.angle)
    turned = path @ np.array([[cos, sin], [-sin, cos]]) * rng.uniform(0.85, 1.15)
    return turned * SIDES_PER_MM + (body.x, body.y), rng.uniform(0.8, 1.0)


def _wire(scene: Scene, rng: np.random.Generator) -> tuple[Map, float]:
    lead = replace(scene.leads[0], length=rng.uniform(12, 40) * SIDES_PER_MM)
    path = lead_path(scene.body, lead, 1)
    centre = (path.min(axis=0) + path.max(axis=0)) / 2
    return path - centre + (scene.body.x, scene.body.y), rng.uniform(0.5, 1.6)


# Distractors that consist of wire alone.
_WIRES: dict[str, Callable[[Scene, np.random.Generator], tuple[Map, float]]] = {
    "paper clip": _paper_clip,
    "wire": _wire,
}
DISTRACTORS = (*RELIEFS, *_WIRES)
