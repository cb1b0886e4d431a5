"""Prediction by the model of the package, against its bare graphs and decoding alone."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from assembled import synthetic_photos
from frame import Measured, Options, in_turns

from resistor_cls.data import read_photo
from resistor_cls.inference import Predictor
from resistor_cls.inference.in_order import mapped_in_order
from resistor_cls.model.exported.files import RENDERED_ONNX
from resistor_cls.model.exported.network import ExportedNetwork

# A session of ONNX Runtime, and the values that it was called with.
Call = tuple[Any, Any, Any]


@contextmanager
def recorded() -> Iterator[list[Call]]:
    """Notes every run of a graph as long as the context lasts."""
    calls: list[Call] = []
    run = onnxruntime.InferenceSession.run

    def noted(session: Any, outputs: Any, inputs: Any, *more: Any) -> Any:
        calls.append((session, outputs, {name: value.copy() for name, value in inputs.items()}))
        return run(session, outputs, inputs, *more)

    onnxruntime.InferenceSession.run = noted
    try:
        yield calls
    finally:
        onnxruntime.InferenceSession.run = run


def replay(calls: Sequence[Call]) -> None:
    """Runs the graphs once more, by all cores."""
    run: Callable[[Call], Any] = lambda call: call[0].run(call[1], call[2])  # noqa: E731
    for _ in mapped_in_order(run, calls, 8):
        pass


def _files(options: Options, count: int) -> list[Path]:
    return sorted(synthetic_photos(options.scratch, -(-count // 37)).rglob("*.jpg"))[:count]


def folder(options: Options) -> Measured:
    """`predict` on a folder as a process, over the slower of decoding and bare graphs."""
    # Some 400 different photos, read several times.
    files = _files(options, options.count(400, 74))
    times = options.count(5, 1)
    place = options.scratch / "folder"
    place.mkdir(exist_ok=True)
    for number in range(times):
        for index, file in enumerate(files):
            link = place / f"{number}_{index}.jpg"
            link.unlink(missing_ok=True)
            link.symlink_to(file)
    count = times * len(files)
    with recorded() as calls:
        for _ in Predictor().predict(files):
            pass
    bare: dict[str, list[float]] = {"decoding alone": [], "bare graphs": []}

    def package() -> float:
        began = time.perf_counter()
        with (options.scratch / "predictions.csv").open("w") as out:
            words = ["-m", "resistor_cls.predict", str(place), "--format", "csv"]
            subprocess.run([sys.executable, *words], stdout=out, check=True)
        return count / (time.perf_counter() - began)

    def reference() -> float:
        jobs = {
            "decoding alone": lambda: list(_each(mapped_in_order(read_photo, files, 8))),
            "bare graphs": lambda: replay(calls),
        }
        for name, job in jobs.items():
            began = time.perf_counter()
            job()
            bare[name].append(len(files) / (time.perf_counter() - began))
        return min(rates[-1] for rates in bare.values())

    found = in_turns("photos/s", package, reference, options.repeats)
    parts = {f"{name}, photos/s": float(np.median(rates)) for name, rates in bare.items()}
    parts["runs of a graph per photo"] = len(calls) / len(files)
    return Measured(found.unit, found.values, found.references, parts)


def _each(items: Any) -> Iterator[None]:
    for _ in items:
        yield None


def one_photo(options: Options) -> Measured:
    """A warm prediction of one file, over decoding and the same runs of bare graphs."""
    files = _files(options, options.count(37, 8))
    predictor = Predictor()
    predictor.predict(files[0])
    calls = []
    for file in files:
        with recorded() as of_file:
            predictor.predict(file)
        calls.append(of_file)

    def package() -> float:
        return _median([lambda file=file: predictor.predict(file) for file in files])

    def reference() -> float:
        def bare(file: Path, of_file: Sequence[Call]) -> None:
            read_photo(file)
            for session, outputs, inputs in of_file:
                session.run(outputs, inputs)

        return _median(
            [lambda file=file, of=of: bare(file, of) for file, of in zip(files, calls, strict=True)]
        )

    return in_turns("ms", package, reference, options.repeats)


def detector(options: Options) -> Measured:
    """The search for the body in a decoded photo of 700 px, on one core."""
    photos = [read_photo(file) for file in _files(options, options.count(37, 8))]
    found = ExportedNetwork.load(RENDERED_ONNX).detector
    assert found is not None
    found.best(photos[0])
    return in_turns(
        "ms",
        lambda: _median([lambda photo=photo: found.best(photo) for photo in photos]),
        None,
        options.repeats,
    )


def _median(jobs: Sequence[Callable[[], Any]]) -> float:
    """Milliseconds of a job, the median of several."""
    taken = []
    for job in jobs:
        began = time.perf_counter()
        job()
        taken.append(time.perf_counter() - began)
    return float(1000 * np.median(taken))
