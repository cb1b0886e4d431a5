"""Trains the locator on photos that are drawn while it learns; it never sees a real one."""

import copy
import logging
import math
import time
from collections.abc import Iterator
from dataclasses import astuple, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import OneCycleLR
from torch.utils.data import DataLoader, Dataset

from resistor_cls.categories import Category, parse_name, resistor37
from resistor_cls.data.crops import View, look
from resistor_cls.data.geometry import body_in_box
from resistor_cls.data.images.decode import read_photo
from resistor_cls.data.sources.boxes import read_boxes
from resistor_cls.errors import DataError
from resistor_cls.model.detector.network import Detector, encode
from resistor_cls.model.detector.search import CLOSE, CLOSE_LENGTHS, WIDE
from resistor_cls.synthetic import Drawing, Scene, Window, draw, draw_empty, sample_scene
from resistor_cls.synthetic.body import body_box
from resistor_cls.synthetic.leads import lead_path
from resistor_cls.synthetic.places import PLACES

log = logging.getLogger(__name__)

Batch = dict[str, Tensor]

# Shares of views that show no body.
_EMPTY_WIDE, _EMPTY_CLOSE = 0.12, 0.2
# Cells with more heat than this learn the geometry: those round the peak may win it.
_LEARNS_GEOMETRY = 0.3


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
    """Views of drawn photos, wide and close; item `index` depends on the seed and itself alone.

    Args:
        length: number of items.
        seed: not negative; another seed, other photos.
    """

    def __init__(self, length: int, seed: int) -> None:
        self.length, self.seed = length, seed

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> Batch:
        """Views (3, size, size) uint8 under `wide` and `close`, bodies under `wide_body` and so."""
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
        locator: tells a body from its mirror image, which a box does not.
        length: number of items.
        seed: not negative.

    Raises:
        DataError: no boxes.
    """

    def __init__(self, root: Path, locator: Detector, length: int, seed: int) -> None:
        self._root, self._detector, self._length, self._seed = root, locator, length, seed
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
            told = (
                at_x * size, at_y * size, body.angle, body.length * scale, body.width * scale, 1.0
            )  # fmt: skip
            pixels = _disturbed(look(photo, view, (size, size)), rng)
            item[name] = torch.from_numpy(pixels).permute(2, 0, 1)
            item[f"{name}_body"] = torch.tensor(told)
        return item


class _InTurn(Dataset[Batch]):
    """Items of several data sets in turn."""

    def __init__(self, *sets: Dataset[Batch]) -> None:
        self._sets = sets

    def __len__(self) -> int:
        return len(self._sets[0])  # type: ignore[arg-type]

    def __getitem__(self, index: int) -> Batch:
        return self._sets[index % len(self._sets)][index]


@cache
def categories_to_draw() -> tuple[Category, ...]:
    """The 37, and as many others, so that bodies of every make and size are drawn."""
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
    # At least as many pixels as the view has: as real photos do, it shrinks.
    pixels = round(min(max(512 / side, 512), 700))
    if rng.random() < _EMPTY_WIDE:
        return _without(draw_empty(scene, pixels, window), WIDE, rng)
    return _with(scene, draw(scene, pixels, window), window, WIDE, rng)


def close_view(scene: Scene, rng: np.random.Generator) -> Sample:
    """What the second look shows where the first was right, nearly right, or wrong."""
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
    told = (
        (body.x - window.left) * scale,
        (body.y - window.top) * scale,
        body.angle % math.pi,
        body.length * scale,
        body.diameter * scale,
        1.0,
    )
    return Sample(_disturbed(_resized(drawing.photo, size), rng), np.array(told, np.float32))


def _without(photo: np.ndarray, size: int, rng: np.random.Generator) -> Sample:
    nothing = np.array((0, 0, 0, 1, 1, 0), np.float32)
    return Sample(_disturbed(_resized(photo, size), rng), nothing)


def _resized(photo: np.ndarray, size: int) -> np.ndarray:
    side = photo.shape[0]
    return look(photo, View(side / 2, side / 2, 0.0, side), (size, size))


def _disturbed(view: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What cameras, tables and hands do beyond what is drawn.

    Colour is no label here: it may change at will, so that bodies of any colour are found.
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
            turns = np.cumsum(rng.normal(0, rng.choice([0.02, 0.2, 0.5]), 12))
            heading = rng.uniform(0, 2 * math.pi) + turns
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
    share = rng.uniform(0.3, 1.0)
    return cv2.addWeighted(over, share, view, 1 - share, 0)


def detector_loss(net: Detector, views: Tensor, bodies: Tensor) -> dict[str, Tensor]:
    """What is wrong with the net's answers.

    Args:
        net: in training.
        views: (batch, 3, size, size) float32 in [0, 1].
        bodies: (batch, 6) as `encode` takes them.

    Returns:
        `peak`: focal loss of the heatmap (Zhou et al. 2019, equation 1) for each view; `place` in
        cells, `axis` and `shape`: absolute errors of the geometry, weighted by heat.
    """
    logits, told = net(views)
    logits, told = logits.float(), told.float()
    heat, geometry = encode(bodies, views.shape[-1])
    score = logits.sigmoid()
    hit = (1 - score) ** 2 * nn.functional.logsigmoid(logits)
    miss = (1 - heat) ** 4 * score**2 * nn.functional.logsigmoid(-logits)
    peak = -torch.where(heat == 1, hit, miss).sum() / len(views)
    weight = heat * (heat > _LEARNS_GEOMETRY)
    away = ((told - geometry).abs() * weight[:, None]).sum(dim=(0, 2, 3)) / weight.sum().clamp(1)
    return {"peak": peak, "place": away[:2].sum(), "axis": away[2:4].sum(), "shape": away[4:].sum()}


# So that each of the four matters about as much at the end of training.
_WEIGHTS = {"peak": 1.0, "place": 0.7, "axis": 0.7, "shape": 2.0}


def train_detector(
    steps: int,
    *,
    batch_size: int = 32,
    seed: int = 0,
    workers: int = 1,
    learning_rate: float = 3e-3,
    precision: str = "bfloat16",
    start: Detector | None = None,
    photos: str | Path | None = None,
) -> Detector:
    """Trains a locator.

    Args:
        steps: optimizer steps; each draws `batch_size` scenes and looks at them wide and close.
        batch_size: scenes a step.
        seed: of the first weights and of the photos.
        workers: processes that draw; 0 draws in this one.
        learning_rate: largest; one cycle of it.
        precision: `bfloat16` is three times as fast where the processor has it; or `float32`.
        start: goes on from this one, which is changed; by default from nothing. Take another seed
            then, or it sees the same photos again.
        photos: folder of photos with a `boxes.csv`; every other item is then one of them.

    Returns:
        The net, ready to look at photos.

    Raises:
        DataError: photos without boxes, or that cannot be read.
    """
    torch.manual_seed(seed)
    views: Dataset[Batch] = SyntheticViews(steps * batch_size, seed)
    if photos is not None:
        guide = Detector.load() if start is None else copy.deepcopy(start).eval()
        views = _InTurn(views, BoxedViews(Path(photos), guide, steps * batch_size, seed))
    before = start.metadata if start else None
    net = start or Detector()
    net.train()
    optimizer = AdamW(net.parameters(), lr=learning_rate, weight_decay=1e-2)
    schedule = OneCycleLR(optimizer, learning_rate, total_steps=steps, pct_start=0.15)
    begun, sums = time.monotonic(), dict.fromkeys(_WEIGHTS, 0.0)
    for step, batch in enumerate(_batches(views, batch_size, workers), start=1):
        optimizer.zero_grad()
        for name in ("wide", "close"):
            with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
                parts = detector_loss(net, batch[name].float().div(255), batch[f"{name}_body"])
            torch.stack([_WEIGHTS[key] * value for key, value in parts.items()]).sum().backward()
            for key, value in parts.items():
                sums[key] += value.item() / 2
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimizer.step()
        schedule.step()
        if step % 100 == 0 or step == steps:
            means = [f"{key} {value / (step % 100 or 100):.3f}" for key, value in sums.items()]
            spent = time.monotonic() - begun
            log.info("step %d of %d, %.0f s: %s", step, steps, spent, ", ".join(means))
            sums = dict.fromkeys(_WEIGHTS, 0.0)
    net.metadata = {
        "steps": steps, "batch_size": batch_size, "seed": seed, "learning_rate": learning_rate,
        "precision": precision, **({"before": before} if start else {}),
        **({"photos": Path(photos).name} if photos else {}),
    }  # fmt: skip
    return net.eval()


def _batches(views: Dataset[Batch], batch_size: int, workers: int) -> Iterator[Batch]:
    loading: dict[str, Any] = {}
    if workers:
        # "spawn": a fork of a process that has threads, as torch starts them, can hang.
        loading = {"multiprocessing_context": "spawn", "prefetch_factor": 6}
    yield from DataLoader(
        views,
        batch_size,
        num_workers=workers,
        worker_init_fn=_one_core,
        **loading,
    )


def _one_core(_: int) -> None:
    cv2.setNumThreads(1)
