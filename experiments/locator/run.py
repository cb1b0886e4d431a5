"""Trains a locator on drawn photos, or measures one on real photos with annotated boxes.

`python experiments/locator/run.py train out.safetensors`, `… measure out.safetensors <photos>`,
`… frames out.safetensors <photos>` for bodies that fill the frame, several parts and none;
`… resolution <photos>` for the detector of the package at lower resolutions;
README.md beside this file says what came out.
"""

import argparse
import csv
import json
import logging
import math
import platform
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import frames
import numpy as np
import torch

from resistor_cls.data.crops import CROP_SHAPE, View, crop_view
from resistor_cls.data.geometry import OrientedBox, body_in_box, overlap
from resistor_cls.data.images.decode import read_photo
from resistor_cls.model.detector import search
from resistor_cls.model.detector.detector import BodyDetector
from resistor_cls.model.detector.network import Detector
from resistor_cls.model.detector.training import train_detector
from resistor_cls.model.detector.views import categories_to_draw
from resistor_cls.model.exported.files import RENDERED_ONNX
from resistor_cls.model.exported.network import ExportedNetwork
from resistor_cls.synthetic import draw, draw_empty, sample_scene

# Sides in pixels of the first view and of close-ups; the first pair is that of the package.
RESOLUTIONS = ((256, 160), (224, 160), (192, 160), (224, 128), (192, 128))


@dataclass(frozen=True)
class Answer:
    """What the locator said of one photo, against its annotated box (pixels)."""

    file: str
    box: tuple[float, float, float, float]
    location: OrientedBox

    @property
    def iou(self) -> float:
        """Overlap of the box that the answer implies and the annotated one."""
        return overlap(self.location.box(), self.box)

    @property
    def centre_inside(self) -> bool:
        """Whether the crop holds the middle of the annotated box."""
        return _in_crop(self.location, [self.box[:2]])

    @property
    def body_inside(self) -> bool:
        """Whether the crop holds the body that the annotated box implies."""
        body = body_in_box(self.box, self.location.angle)
        return _in_crop(self.location, _corners(body))


def _corners(body: OrientedBox) -> list[tuple[float, float]]:
    cos, sin = math.cos(body.angle), math.sin(body.angle)
    return [
        (body.x + u * cos - v * sin, body.y + u * sin + v * cos)
        for u in (-body.length / 2, body.length / 2)
        for v in (-body.width / 2, body.width / 2)
    ]


def _in_crop(location: OrientedBox, points: list[tuple[float, float]]) -> bool:
    view = crop_view(location)
    rows, columns = CROP_SHAPE
    cos, sin = math.cos(view.angle), math.sin(view.angle)
    half_width, half_height = view.span / 2, view.span / 2 * rows / columns
    return all(
        abs((x - view.x) * cos + (y - view.y) * sin) <= half_width
        and abs((y - view.y) * cos - (x - view.x) * sin) <= half_height
        for x, y in points
    )


def annotated(photos: Path, every: int) -> Iterator[tuple[str, np.ndarray, frames.Box]]:
    """File, pixels and box in pixels of every n-th annotated photo."""
    with (photos / "boxes.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))[::every]
    for row in rows:
        photo = read_photo(photos / row["file"])
        height, width = photo.shape[:2]
        sides = (width, height, width, height)
        shares = [float(row[key]) for key in ("x_center", "y_center", "width", "height")]
        x, y, wide, high = (share * side for share, side in zip(shares, sides, strict=True))
        yield row["file"], photo, (x, y, wide, high)


def measure(net: Detector, photos: Path, every: int, looks: int) -> list[Answer]:
    """The locator's answers to annotated photos."""
    return [
        Answer(file, box, net.best(photo, views=looks))
        for file, photo, box in annotated(photos, every)
    ]


def shown_right(net: Detector, frame: frames.Frame, looks: int) -> bool:
    """Whether the body is found, is whole in the crop and fills it."""
    found = net.best(frame.photo, views=looks)
    body = frame.body(found.angle)
    near = overlap(found.box(), body.box()) > 0.5
    return found.score >= net.threshold and near and _in_crop(found, _corners(body))


def by_fill(net: Detector, some: Iterable[frames.Frame]) -> dict[float, list[float]]:
    """Share of frames that are shown right: without and with the look from further away."""
    right = defaultdict(list)
    for frame in some:
        right[frame.fill].append([shown_right(net, frame, looks) for looks in (2, 3)])
    return {
        fill: [len(right[fill]), *np.mean(right[fill], axis=0).round(3).tolist()]
        for fill in sorted(right)
    }


def found_without(net: Detector, some: Iterable[frames.Frame]) -> list[float]:
    """Of photos without a part: how many, the shares with a find without and with that look."""
    found = [
        [net.best(frame.photo, views=looks).score >= net.threshold for looks in (2, 3)]
        for frame in some
    ]
    return [len(found), *np.mean(found, axis=0).round(4).tolist()]


def every_part(net: Detector, some: Iterable[frames.Frame]) -> dict[str, float]:
    """Share of the parts of photos that are found, and finds a photo that are no part."""
    parts, found, others, photos, seconds = 0, 0, 0, 0, 0.0
    for frame in some:
        begun = time.process_time()
        boxes = [location.box() for location in net.detect_all(frame.photo)]
        seconds += time.process_time() - begun
        photos, parts = photos + 1, parts + len(frame.boxes)
        found += sum(any(overlap(box, one) > 0.5 for one in boxes) for box in frame.boxes)
        others += sum(all(overlap(box, one) <= 0.3 for box in frame.boxes) for one in boxes)
    return {
        "photos": photos,
        "parts": parts,
        "found": round(found / max(parts, 1), 3),
        "others_a_photo": round(others / photos, 3),
        "seconds": round(seconds / photos, 2),
    }


def measure_frames(net: Detector, photos: Path, every: int, drawn: int) -> dict[str, object]:
    """Bodies that fill the frame, photos without a part, and photos of several."""
    seed = 2**29
    cut = (
        frames.frame_of(photo, box, n, seed)
        for n, (_, photo, box) in enumerate(annotated(photos, every))
    )
    grids = {(1, 700): 24, (2, 350): 12, (4, 240): 6, (6, 240): 3, (8, 240): 2}
    return {
        "drawn": by_fill(net, frames.drawn_frames(drawn, seed)),
        "cut_outs": by_fill(net, frames.cut_outs(drawn // 4, seed)),
        "real": by_fill(net, (frame for frame in cut if frame is not None)),
        "tables": found_without(net, frames.tables(drawn, seed)),
        "near_tables": found_without(net, frames.tables(drawn, seed, near=True)),
        "beside_real": found_without(
            net, (frames.beside(photo, box) for _, photo, box in annotated(photos, every))
        ),
        "several": {
            f"{rows}x{rows} of {cell}": every_part(
                net, (frames.several(rows, cell, seed + n) for n in range(count))
            )
            for (rows, cell), count in grids.items()
        },
        "every_of_one_real": every_part(
            net,
            (frames.Frame(photo, boxes=(box,)) for _, photo, box in annotated(photos, 8 * every)),
        ),
        "milliseconds_on_one_core": [latency(net, looks) for looks in (2, 3)],
    }


def summary(answers: list[Answer], threshold: float) -> dict[str, object]:
    """Shares and means over all photos, and of the worst categories."""
    by_category = defaultdict(list)
    for answer in answers:
        by_category[answer.file.split("/")[0]].append(answer)

    def mean(name: str, some: list[Answer]) -> float:
        return round(float(np.mean([getattr(answer, name) for answer in some])), 4)

    names = ("iou", "centre_inside", "body_inside")
    worst = sorted(by_category, key=lambda name: mean("iou", by_category[name]))[:8]
    found = [answer.location.score >= threshold for answer in answers]
    scores = np.array([answer.location.score for answer in answers])
    return {
        "photos": len(answers),
        **{name: mean(name, answers) for name in names},
        "iou_at_least_half": round(float(np.mean([answer.iou >= 0.5 for answer in answers])), 4),
        "area_over_annotated_median": round(float(np.median(_areas(answers))), 3),
        "found": round(float(np.mean(found)), 4),
        "score_quantiles_1_5_50": np.quantile(scores, (0.01, 0.05, 0.5)).round(3).tolist(),
        "worst": {
            name: [mean(key, by_category[name]) for key in names] + [len(by_category[name])]
            for name in worst
        },
    }


def _areas(answers: list[Answer]) -> list[float]:
    boxes = [(answer.location.box(), answer.box) for answer in answers]
    return [one[2] * one[3] / (other[2] * other[3]) for one, other in boxes]


def at_resolution(
    net: BodyDetector, photo: np.ndarray, wide: int, close: int
) -> tuple[OrientedBox, bool]:
    """The best detection, and whether it took a view from further away.

    Args:
        net: the detector.
        photo: (height, width, 3) uint8 RGB.
        wide: side in pixels of the first view.
        close: of the close-ups.
    """
    sides, used = {search.WIDE: wide, search.CLOSE: close}, set()

    def find(photo: np.ndarray, view: View, side: int, count: int) -> list[OrientedBox]:
        used.add(side)
        return net._detect_in_view(photo, view, sides.get(side, side), count)

    return search.find_best(find, photo), search.FAR in used


def measure_resolutions(net: BodyDetector, photos: Path, every: int) -> dict[str, object]:
    """Scores, milliseconds of processor time, and views from further away, at each resolution."""
    answers, spent, far = defaultdict(list), defaultdict(float), defaultdict(int)
    for file, photo, box in annotated(photos, every):
        for sides in RESOLUTIONS:
            begun = time.process_time()
            found, from_away = at_resolution(net, photo, *sides)
            spent[sides] += time.process_time() - begun
            far[sides] += from_away
            answers[sides].append(Answer(file, box, found))
    return {
        f"{wide}, {close}": {
            "milliseconds": round(1e3 * spent[wide, close] / len(found), 1),
            "from_further_away": round(far[wide, close] / len(found), 3),
            **summary(found, net.threshold),
        }
        for (wide, close), found in answers.items()
    }


def drawn_scores(net: Detector, count: int, seed: int, *, empty: bool) -> np.ndarray:
    """Scores of drawn photos, or of their tables without a part."""
    kinds = categories_to_draw()
    scores = []
    for number in range(count):
        rng = np.random.default_rng(np.random.SeedSequence((seed, number)))
        scene = sample_scene(kinds[rng.integers(len(kinds))], rng)
        photo = draw_empty(scene) if empty else draw(scene).photo
        scores.append(net.best(photo).score)
    return np.array(scores)


def table_threshold(net: Detector) -> float:
    """The score that one drawn table without a part in a hundred reaches."""
    tables = drawn_scores(net, 300, seed=2**30, empty=True)
    return round(float(np.quantile(tables, 0.99)), 3)


def latency(net: Detector, looks: int) -> float:
    """Median milliseconds of processor time for a decoded photo on one core."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    photo = draw(sample_scene(categories_to_draw()[0], np.random.default_rng(0))).photo
    times = []
    for _ in range(40):
        begun = time.process_time()
        net.best(photo, views=looks)
        times.append(time.process_time() - begun)
    torch.set_num_threads(threads)
    return round(float(np.median(times)) * 1000, 1)


def command_line() -> argparse.ArgumentParser:
    """The commands and their options."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    training = commands.add_parser("train")
    training.add_argument("weights", type=Path)
    training.add_argument("--steps", type=int, default=1600)
    training.add_argument("--batch-size", type=int, default=32)
    training.add_argument("--seed", type=int, default=0)
    training.add_argument("--start", type=Path, help="goes on from these weights")
    training.add_argument("--photos", type=Path, help="learns from these and their boxes.csv too")
    training.add_argument("--learning-rate", type=float, default=3e-3)
    training.add_argument("--workers", type=int, default=2, help="processes that draw")
    training.add_argument("--threads", type=int, default=1, help="of the one that trains")
    measuring = commands.add_parser("measure")
    measuring.add_argument("weights", type=Path)
    measuring.add_argument("photos", type=Path)
    measuring.add_argument("--every", type=int, default=1, help="measure every n-th photo")
    measuring.add_argument("--looks", type=int, default=3)
    measuring.add_argument("--drawn", type=int, default=300, help="drawn photos and tables")
    framing = commands.add_parser("frames")
    framing.add_argument("weights", type=Path)
    framing.add_argument("photos", type=Path)
    framing.add_argument("--every", type=int, default=1, help="measure every n-th photo")
    framing.add_argument("--drawn", type=int, default=440, help="drawn photos of each kind")
    resolving = commands.add_parser("resolution")
    resolving.add_argument("photos", type=Path)
    resolving.add_argument("--every", type=int, default=1, help="measure every n-th photo")
    return parser


def main() -> None:
    """Runs a command."""
    chosen = command_line().parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if chosen.command == "train":
        torch.set_num_threads(chosen.threads)
        begun = time.monotonic()
        net = train_detector(
            chosen.steps,
            batch_size=chosen.batch_size,
            seed=chosen.seed,
            workers=chosen.workers,
            learning_rate=chosen.learning_rate,
            start=Detector.load(chosen.start) if chosen.start else None,
            photos=chosen.photos,
        )
        net.metadata |= {
            "seconds": round(time.monotonic() - begun),
            "machine": platform.machine(),
            "torch": torch.__version__,
        }
        net.threshold = table_threshold(net)
        net.save(chosen.weights)
        return
    if chosen.command == "resolution":
        exported = ExportedNetwork.load(RENDERED_ONNX).detector
        assert exported is not None
        resolutions = measure_resolutions(exported, chosen.photos, chosen.every)
        print(json.dumps(resolutions, indent=1).replace("\n   ", ""))
        return
    net = Detector.load(chosen.weights)
    if chosen.command == "frames":
        torch.set_num_threads(1)  # as in a preparation
        found = measure_frames(net, chosen.photos, chosen.every, chosen.drawn)
        print(json.dumps(found, indent=1).replace("\n   ", ""))
        return
    begun = time.monotonic()
    answers = measure(net, chosen.photos, chosen.every, chosen.looks)
    spent = time.monotonic() - begun
    result = summary(answers, net.threshold)
    result["photos_a_second_with_decoding"] = round(len(answers) / spent, 1)
    result["milliseconds_on_one_core"] = latency(net, chosen.looks)
    parts, tables = (
        drawn_scores(net, chosen.drawn, seed=2**31, empty=empty) for empty in (False, True)
    )
    result["drawn"] = {
        "parts_found": float(np.mean(parts >= net.threshold)),
        "tables_found": float(np.mean(tables >= net.threshold)),
        "parts_1_5_50": np.quantile(parts, (0.01, 0.05, 0.5)).round(3).tolist(),
        "tables_50_95_99": np.quantile(tables, (0.5, 0.95, 0.99)).round(3).tolist(),
    }
    print(json.dumps(result, indent=1).replace("\n   ", ""))


if __name__ == "__main__":
    main()
