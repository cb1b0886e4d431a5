"""Growth: time and memory with the number of photos and of categories."""

import json
import math
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from frame import Measured, Options

HERE = Path(__file__).parent
SIDE = 32
CATEGORIES = 37
PHOTOS_OF_CATEGORIES = 3000


def with_photos(options: Options) -> Measured:
    """Listing, decoding, splitting, and a pass over the training batches."""
    from data_rows import small_photos

    counts = (3000, 30_000) if options.quick else (3000, 30_000, 300_000)
    places = {
        count: small_photos(options.scratch / f"grown_{count}", count, SIDE, CATEGORIES)
        for count in counts
    }
    stages = [_child("photos", str(places[count]), str(options.scratch)) for count in counts]
    return _growth(counts, stages, options, "photos")


def with_categories(options: Options) -> Measured:
    """The numbers, figures and page of a report on 3,000 photos."""
    counts = (37, 100, 300) if options.quick else (37, 100, 300, 1000)
    stages = [_child("categories", str(count), str(options.scratch)) for count in counts]
    return _growth(counts, stages, options, "categories")


def _child(what: str, *words: str) -> dict[str, float]:
    """Seconds by stage and the highest memory of a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, what, *words], check=True, capture_output=True, text=True
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _growth(
    counts: Sequence[int], stages: Sequence[dict[str, float]], options: Options, what: str
) -> Measured:
    """The steepest of time and memory between the last two sizes, and a plot.

    Between the last two: the first holds what does not grow, such as imports.
    """
    parts = {
        f"{stage}, {count:,} {what}": value
        for count, of in zip(counts, stages, strict=True)
        for stage, value in of.items()
    }
    ratio = math.log(counts[-1] / counts[-2])
    slopes = {
        name: math.log(stages[-1][name] / stages[-2][name]) / ratio
        for name in ("all, s", "memory, MB")
    }
    if not options.quick:
        _plot(counts, stages, what)
    steepest = max(slopes, key=lambda name: slopes[name])
    return Measured("exponent", [slopes[steepest]], parts={**parts, **slopes_named(slopes)})


def slopes_named(slopes: dict[str, float]) -> dict[str, float]:
    """Exponents under names for the table of parts."""
    return {f"exponent of {name.partition(',')[0]}": value for name, value in slopes.items()}


def _plot(counts: Sequence[int], stages: Sequence[dict[str, float]], what: str) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.4), dpi=110, layout="constrained")
    for axes, units in zip(figure.subplots(1, 2), ("s", "MB"), strict=True):
        for name in stages[0]:
            if name.endswith(f", {units}"):
                axes.plot(counts, [one[name] for one in stages], "o-", label=name.split(",")[0])
        top = stages[0]["all, s" if units == "s" else "memory, MB"]
        line = [top * count / counts[0] for count in counts]
        axes.plot(counts, line, ":", color="#94a3b8", label="linear from the first")
        axes.set(xscale="log", yscale="log", xlabel=what, ylabel=units)
        axes.grid(color="#e4e7eb", linewidth=0.7)
        axes.legend(
            loc="upper center", bbox_to_anchor=(0.5, -0.17), ncols=2, fontsize=7, frameon=False
        )
    figure.savefig(HERE / f"growth_{what}.png")


class _Stages:
    """Seconds of stages that follow one another."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._before = time.perf_counter()

    def end(self, name: str) -> None:
        now = time.perf_counter()
        self.seconds[f"{name}, s"] = now - self._before
        self._before = now

    def as_json(self) -> str:
        """With their sum, and the highest memory of the process."""
        own, of_children = (
            resource.getrusage(who).ru_maxrss / 1024
            for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        )
        whole = {"all, s": sum(self.seconds.values()), "memory, MB": max(own, of_children)}
        return json.dumps({**self.seconds, **whole})


def _photos(folder: str, scratch: str) -> None:
    from resistor_cls.data import FolderSource, PhotoDataModule, Resize, SplitConfig

    cache = Path(scratch) / f"cache_{time.monotonic_ns()}"
    stages = _Stages()
    FolderSource(folder).read()
    stages.end("listing")
    data = PhotoDataModule(
        FolderSource(folder), SplitConfig(), preprocess=Resize(SIDE), workers=1, cache=cache
    )
    data.setup()
    stages.end("setup with a cold cache")
    for _ in data.train_dataloader():
        pass
    stages.end("a pass over the training batches")
    data.trained_on(), data.split_table(), data.overlap_table()
    stages.end("tables of photos")
    print(stages.as_json())


def _categories(count: str, scratch: str) -> None:
    from resistor_cls.evaluation.figures import (
        confusion_figure,
        precision_recall_figure,
        roc_figure,
    )
    from resistor_cls.evaluation.pages.report import MAX_ROWS, report_page
    from resistor_cls.evaluation.report import report_of, rows_of
    from resistor_cls.evaluation.tables import confusion_counts

    predictions = _made_up(int(count))
    stages = _Stages()
    report = report_of(predictions)
    stages.end("numbers")
    folder = Path(scratch)
    confusion_figure(confusion_counts(predictions), predictions.categories).savefig(
        folder / "confusion.png"
    )
    for draw in (roc_figure, precision_recall_figure):
        figure = draw(predictions.probabilities, predictions.targets, predictions.categories)
        figure.savefig(folder / "curves.png")
    stages.end("figures")
    predictions.write(folder / "predictions.csv")
    stages.end("tables")
    about: dict[str, Any] = {
        "title": "made up", "model": "none", "unknown": None, "stress": None, "values": None,
        "data": {"name": "none", "subset": "none", "fingerprint": "", "seen": ""},
        "made": "2026-01-01T00:00:00",
    }  # fmt: skip
    rows = rows_of(predictions, MAX_ROWS)
    blank = np.zeros((64, 64, 3), np.uint8)
    report_page({**report, **about, "predictions": rows}, {}, lambda name: blank)
    stages.end("page")
    print(stages.as_json())


def _made_up(count: int) -> Any:
    """Predictions of 3,000 photos of so many categories, nine of ten right."""
    from resistor_cls.categories import Categories
    from resistor_cls.evaluation import Predictions

    rng = np.random.default_rng(0)
    targets = np.arange(PHOTOS_OF_CATEGORIES) % count
    logits = rng.normal(size=(len(targets), count))
    shown = np.where(rng.random(len(targets)) < 0.9, targets, rng.integers(0, count, len(targets)))
    logits[np.arange(len(targets)), shown] += 8
    likely = np.exp(logits)
    likely /= likely.sum(axis=1, keepdims=True)
    likely = likely.astype(np.float32)
    return Predictions(
        names=tuple(f"{number}.jpg" for number in range(len(targets))),
        indices=np.arange(len(targets)),
        targets=targets,
        probabilities=likely,
        losses=-np.log(likely[np.arange(len(targets)), targets]),
        categories=Categories([f"part {number}" for number in range(count)]),
    )


if __name__ == "__main__":
    {"photos": _photos, "categories": _categories}[sys.argv[1]](*sys.argv[2:])
