"""Commands as processes: `--help`, `train` around its loop, and the tests."""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from frame import Measured, Options

ROOT = Path(__file__).parents[2]
TINY = (
    "model.backbone=test_resnet.r160_in1k", "model.pretrained=false", "data.image_size=32",
    "data.batch_size=8", "data.folds=4", "trainer=cpu", "trainer.max_epochs=2", "unknown=2",
    "gallery=6",
)  # fmt: skip


def seconds_of(words: Sequence[str], **how: object) -> float:
    """Of a Python process from its start to its end."""
    began = time.perf_counter()
    subprocess.run([sys.executable, *words], check=True, capture_output=True, **how)  # type: ignore[call-overload]
    return time.perf_counter() - began


def slowest_help(options: Options) -> Measured:
    """Seconds of `--help` of the slowest command beyond those of `python -c pass`."""
    from resistor_cls.__main__ import SUBCOMMANDS

    beyond: dict[str, list[float]] = {name: [] for name in SUBCOMMANDS}
    for _ in range(options.repeats + 1):
        for name, values in beyond.items():
            nothing = seconds_of(["-c", "pass"])
            values.append(seconds_of(["-m", f"resistor_cls.{name}", "--help"]) - nothing)
    parts = {name: statistics.median(values[1:]) for name, values in beyond.items()}  # 1st: warm-up
    slowest = max(parts, key=lambda name: parts[name])
    return Measured("s", beyond[slowest][1:], parts=parts, note=slowest)


def around_the_loop(options: Options) -> Measured:
    """Seconds of `train` on two tiny epochs beyond its training loop, by stage."""
    from assembled import synthetic_photos

    photos = synthetic_photos(options.scratch, 8, 96)
    parts: list[dict[str, float]] = []
    for number in range(options.repeats):
        place = options.scratch / f"train_{number}_{time.monotonic_ns()}"
        place.mkdir()
        out = place / "seconds.json"
        words = ["data=folder", f"data.root={photos}", f"paths.cache={place / 'cache'}", *TINY]
        started = time.time()
        with (place / "log.txt").open("w") as log:
            subprocess.run(
                [sys.executable, str(Path(__file__).with_name("accounted.py")), str(out), *words],
                check=True, cwd=place, stdout=log, stderr=log,
                env={**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{place / 'mlflow.db'}"},
            )  # fmt: skip
        whole = time.time() - started
        found = json.loads(out.read_text(encoding="utf-8"))
        began, ended = found.pop("began"), found.pop("ended")
        found["start of the interpreter"] = began - started
        found["end of the interpreter"] = started + whole - ended
        found["not accounted for"] = whole - sum(found.values())
        parts.append(found)
    stages = {stage: statistics.median([one[stage] for one in parts]) for stage in parts[0]}
    outside = [sum(one.values()) - one["training loop"] for one in parts]
    return Measured("s", outside, parts=stages)


def tests(options: Options) -> Measured:
    """Seconds of the tests that CI runs, as `make test` runs them."""
    if options.quick:
        raise NotImplementedError("tests are not run by --quick")
    words = ["-m", "slipcover", "--source", "resistor_cls", "--out", os.devnull, "-m", "pytest"]
    return Measured("s", [seconds_of([*words, "-q"], cwd=ROOT)])
