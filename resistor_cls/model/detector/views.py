"""Views of photos that train the detector, wide and close, with the body in each known."""

import math
from dataclasses import astuple, dataclass, replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from resistor_cls.categories import Category, parse_name, resistor37
from resistor_cls.data.crops import View, sample_view
from resistor_cls.data.geometry import body_in_box
from resistor_cls.data.images.decode import read_photo
from resistor_cls.data.sources.boxes import read_boxes
from resistor_cls.errors import DataError
from resistor_cls.model.detector.network import Detector
from resistor_cls.model.detector.search import CLOSE, CLOSE_LENGTHS, WIDE
from resistor_cls.synthetic import Drawing, Scene, Window, draw, draw_empty, sample_scene
from resistor_cls.synthetic.body import body_box
from resistor_cls.synthetic.leads import lead_path
from resistor_cls.synthetic.places import PLACES

Batch = dict[str, Tensor]

# Fractions of views that show no body.
_EMPTY_WIDE, _EMPTY_CLOSE = 0.12, 0.2


@dataclass(frozen=True)
class Sample:
    """A view and the body in it.

    Attributes:
        view: (size, size, 3) uint8 RGB.
        body: (6,) float32 as `encode` takes it, in pixels of the view.
    """

    view: np.ndarray
    body: np.ndarray


class SyntheticViews(Dataset[Batch]):
    """Views of synthetic photos, wide and close; an item depends on the seed and its index alone.

    Args:
        length: number of items.
        seed: not negative; another seed, other photos.
    """

    def __init__(self, length: int, seed: int) -> None:
        self.length, self.seed = length, seed

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> Batch:
        """Views (3, size, size) uint8 `wide` and `close`, bodies `wide_body` and `close_body`."""
        rng = np.random.default_rng(np.random.SeedSequence((self.seed, index)))
        kinds = categories_to_draw()
        scene = _across_an_edge(sample_scene(kinds[rng.integers(len(kinds))], rng), rng)
        item = {}
        for name, sample in (("wide", wide_view(scene, rng)), ("close", close_view(scene, rng))):
            item[name] = torch.from_numpy(sample.view).permute(2, 0, 1)
            item[f"{name}_body"] = torch.from_numpy(sample.body)
        return item


class BoxedViews(Dataset[Batch]):
    """Views of photos whose bodies somebody has boxed, as `SyntheticViews` gives them.

    Args:
        root: folder of the photos with their `boxes.csv`.
        detector: distinguishes a body from its mirror image, which a box does not.
        length: number of items.
        seed: not negative.

    Raises:
        DataError: no boxes.
    """

    def __init__(self, root: Path, detector: Detector, length: int, seed: int) -> None:
        self._root, self._detector, self._length, self._seed = root, detector, length, seed
        self._boxes = sorted(read_boxes(root).items())
        if not self._boxes:
            raise DataError(f"{root} has no boxes.csv: docs/data.md says what it holds")

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> Batch:
        """As of `SyntheticViews`."""
        rng = np.random.default_rng(np.random.SeedSequence((self._seed, index)))
        name, box = self._boxes[rng.integers(len(self._boxes))]
        photo = read_photo(self._root / name)
        sides = np.tile(photo.shape[1::-1], 2)
        x, y, width, height = (float(value) for value in np.array(astuple(box)) * sides)
        body = body_in_box((x, y, width, height), self._detector.best(photo).angle)
        item = {}
        for name, size, side in (
            ("wide", WIDE, _wide_side(body.length, float(max(photo.shape)), rng)),
            ("close", CLOSE, _close_side(body.length, body.width, rng)),
        ):
            at_x, at_y = rng.uniform(0.2, 0.8, 2) if name == "wide" else rng.normal(0.5, 0.09, 2)
            view = View(x + (0.5 - at_x) * side, y + (0.5 - at_y) * side, 0.0, side)
            scale = size / side
            body_values = (
                at_x * size, at_y * size, body.angle, body.length * scale, body.width * scale, 1.0
            )  # fmt: skip
            pixels = _disturbed(sample_view(photo, view, (size, size)), rng)
            item[name] = torch.from_numpy(pixels).permute(2, 0, 1)
            item[f"{name}_body"] = torch.tensor(body_values)
        return item


@cache
def categories_to_draw() -> tuple[Category, ...]:
    """The 37, and as many others, so that bodies of every design and size are generated."""
    others = [
        f"{ohms}_{watts}W"
        for ohms in ("1R2", "47R", "390R", "3K3", "18K", "120K", "2M2")
        for watts in ("1-8", "1-4", "1-2", "1", "2")
    ]
    return (*resistor37(), *(parse_name(name) for name in others))


def _across_an_edge(scene: Scene, rng: np.random.Generator) -> Scene:
    """Some parts on paper lie across its edge, where the scenes of data sets never put them."""
    body, background = scene.body, scene.background
    if not PLACES[background.place].paper or rng.random() < 0.6:
        return scene
    angle = background.edge_angle
    at_body = (body.x - 0.5) * math.cos(angle) + (body.y - 0.5) * math.sin(angle)
    offset = at_body + float(rng.normal(0, body.length))
    return replace(scene, background=replace(background, edge_offset=offset))


def wide_view(scene: Scene, rng: np.random.Generator) -> Sample:
    """A whole photo, or so much of it that bodies of every size are seen, also cut off."""
    body = scene.body
    side = _wide_side(body.length, 1.0, rng)
    at_x, at_y = rng.uniform(0.03, 0.97, 2)
    window = Window(body.x - at_x * side, body.y - at_y * side, side)
    # At least as many pixels as the view has: it is reduced, as real photos are.
    pixels = round(min(max(512 / side, 512), 700))
    if rng.random() < _EMPTY_WIDE:
        return _without(draw_empty(scene, pixels, window), WIDE, rng)
    return _with(scene, draw(scene, pixels, window), window, WIDE, rng)


def close_view(scene: Scene, rng: np.random.Generator) -> Sample:
    """A close-up of a first detection that was right, nearly right, or wrong."""
    body = scene.body
    side = float(np.clip(_close_side(body.length, body.diameter, rng), 0.06, 1.0))
    pixels = round(max(512, 700 * math.exp(rng.normal(0, 0.25))))
    if rng.random() < _EMPTY_CLOSE:
        window = _beside(scene, side, rng)
        if window is None:
            return _without(draw_empty(scene, pixels, _round(body.x, body.y, side)), CLOSE, rng)
        return _without(draw(scene, pixels, window).photo, CLOSE, rng)
    at_x, at_y = np.clip(rng.normal(0.5, 0.09, 2), 0.15, 0.85)
    window = Window(body.x - at_x * side, body.y - at_y * side, side)
    return _with(scene, draw(scene, pixels, window), window, CLOSE, rng)


def _wide_side(length: float, photo: float, rng: np.random.Generator) -> float:
    """From the smallest body in a whole photo to one that fills a third of the view."""
    pixels = math.exp(rng.uniform(math.log(13), math.log(100)))
    return float(np.clip(length * WIDE / pixels, 0.25 * photo, 1.2 * photo))


def _close_side(length: float, width: float, rng: np.random.Generator) -> float:
    return CLOSE_LENGTHS * max(length, 2 * width) * math.exp(rng.normal(0, 0.25))


def _round(x: float, y: float, side: float) -> Window:
    return Window(x - side / 2, y - side / 2, side)


def _beside(scene: Scene, side: float, rng: np.random.Generator) -> Window | None:
    """A window on a wire or on the table that shows nothing of the body, if there is one."""
    x, y, width, height = body_box(scene.body)
    for _ in range(6):
        if rng.random() < 0.6:
            end = int(rng.integers(2))
            path = lead_path(scene.body, scene.leads[end], 2 * end - 1)
            centre = path[rng.integers(len(path))]
        else:
            centre = rng.random(2)
        far = (side + max(width, height)) / 2
        if max(abs(centre[0] - x), abs(centre[1] - y)) > far:
            return _round(float(centre[0]), float(centre[1]), side)
    return None


def _with(
    scene: Scene, drawing: Drawing, window: Window, size: int, rng: np.random.Generator
) -> Sample:
    body, scale = scene.body, size / window.side
    body_values = (
        (body.x - window.left) * scale,
        (body.y - window.top) * scale,
        body.angle % math.pi,
        body.length * scale,
        body.diameter * scale,
        1.0,
    )
    return Sample(_disturbed(_resized(drawing.photo, size), rng), np.array(body_values, np.float32))


def _without(photo: np.ndarray, size: int, rng: np.random.Generator) -> Sample:
    nothing = np.array((0, 0, 0, 1, 1, 0), np.float32)
    return Sample(_disturbed(_resized(photo, size), rng), nothing)


def _resized(photo: np.ndarray, size: int) -> np.ndarray:
    side = photo.shape[0]
    return sample_view(photo, View(side / 2, side / 2, 0.0, side), (size, size))


def _disturbed(view: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What cameras, tables and hands do beyond what the generator draws.

    Colour is not the label here: it may change at will, so that bodies of any colour are found.
    """
    if rng.random() < 0.4:
        view = _littered(view, rng)
    if rng.random() < 0.1:
        view = np.ascontiguousarray(view[:, :, rng.permutation(3)])
    if rng.random() < 0.08:
        view = cv2.cvtColor(cv2.cvtColor(view, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    if rng.random() < 0.3:
        view = cv2.GaussianBlur(view, (0, 0), rng.uniform(0.3, 1.6))
    view = cv2.LUT(view, _curves(rng))
    if rng.random() < 0.4:
        grains = rng.normal(0, rng.uniform(1, 9), view.shape).astype(np.float32)
        view = np.clip(view + grains, 0, 255).astype(np.uint8)
    if rng.random() < 0.2:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 90))]
        view = np.asarray(cv2.imdecode(cv2.imencode(".jpg", view, quality)[1], cv2.IMREAD_COLOR))
    return view


def _curves(rng: np.random.Generator) -> np.ndarray:
    """Exposure, contrast and white balance as (256, 1, 3) levels."""
    level = np.linspace(0, 1, 256)[:, None]
    # Brighter than this, white bodies on white paper are gone.
    exposure = min(rng.normal(0, 0.22), 0.3)
    balance = np.exp(rng.normal(0, 0.10, 3) + exposure)
    curved = np.clip(level * balance, 0, None) ** math.exp(rng.normal(0, 0.25))
    return np.clip(curved * 255, 0, 255).astype(np.uint8)[:, None, :]


def _littered(view: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Scratches, creases, dust, stray wires and writing; also across the body."""
    size = view.shape[0]
    over = view.copy()
    for _ in range(rng.integers(1, 6)):
        grey = rng.integers(0, 256)
        colour = tuple(int(c) for c in np.clip(grey + rng.normal(0, 25, 3), 0, 255))
        kind = rng.random()
        start = rng.uniform(0, size, 2)
        if kind < 0.5:
            bends = np.cumsum(rng.normal(0, rng.choice([0.02, 0.2, 0.5]), 12))
            heading = rng.uniform(0, 2 * math.pi) + bends
            step = size * rng.uniform(0.01, 0.08)
            path = start + np.cumsum(np.stack([np.cos(heading), np.sin(heading)], 1), 0) * step
            thick = int(rng.integers(1, 4))
            cv2.polylines(over, [path.astype(np.int32)], False, colour, thick, cv2.LINE_AA)
        elif kind < 0.8:
            spot = (int(start[0]), int(start[1]))
            axes = (int(rng.integers(1, 6)), int(rng.integers(1, 6)))
            cv2.ellipse(over, spot, axes, rng.uniform(0, 180), 0, 360, colour, -1, cv2.LINE_AA)
        else:
            text = "".join(rng.choice(list("0123456789KMRW/Ωxyz"), 5).tolist())
            spot = (int(start[0]), int(start[1]))
            cv2.putText(over, text, spot, 1, rng.uniform(0.5, 1.8), colour, 1, cv2.LINE_AA)
    opacity = rng.uniform(0.3, 1.0)
    return cv2.addWeighted(over, opacity, view, 1 - opacity, 0)
