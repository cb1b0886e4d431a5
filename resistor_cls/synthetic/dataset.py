"""A folder of drawn photos: the same files for the same request, however often it is interrupted.

Beside the photos lie `boxes.csv`, `scenes.csv` and, written last, `dataset.json`: a folder
without it is not complete.
"""

import contextlib
import json
import multiprocessing
import os
import re
import signal
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil
from tqdm import tqdm

from resistor_cls.categories import Categories, Category
from resistor_cls.csv_tables import csv_line
from resistor_cls.errors import DataError
from resistor_cls.resistor37 import RESISTOR37_COUNTS
from resistor_cls.synthetic import parts
from resistor_cls.synthetic.body import body_box
from resistor_cls.synthetic.camera import encode_jpeg
from resistor_cls.synthetic.drawing import draw
from resistor_cls.synthetic.sampling import sample_scene
from resistor_cls.synthetic.scene import Scene
from resistor_cls.synthetic.workers import end_with_parent

# Part of every request: a change of what is drawn for a seed needs a new number, so that photos
# of two versions are never mixed in one folder.
GENERATOR_VERSION = 2

_COMPLETE, _BEGUN = "dataset.json", "dataset.partial.json"
# What `_write_whole` writes before a file is whole.
_UNFINISHED = re.compile(r"\..+\.(?P<pid>\d+)\.tmp")
_BOXES, _SCENES = "boxes.csv", "scenes.csv"
# Starting workers costs about a second each: fewer photos are drawn at once in this process.
_FEW = 32
# Photos that a worker draws in one go: enough to hide the cost of handing them over, few enough
# to stop quickly and to keep the bar moving.
_CHUNK = 8


def counts_to_draw(categories: Path | None, each: int | None) -> dict[str, int]:
    """How many photos of which category, for what a person asked.

    Args:
        categories: a file with one name per line; None is the 37.
        each: photos of each category; None is the published counts of the 37, and 50 for a file.

    Raises:
        DataError: a file that cannot be read.
    """
    if categories is None:
        return dict(RESISTOR37_COUNTS) if each is None else dict.fromkeys(RESISTOR37_COUNTS, each)
    return dict.fromkeys(Categories.from_file(categories).names, 50 if each is None else each)


@dataclass(frozen=True)
class _Photo:
    """One photo of a request: it depends on nothing else."""

    category: Category
    number: int
    seed: int

    @property
    def file(self) -> str:
        return f"{self.category.name}/{self.category.name}_({self.number}).jpg"

    def scene(self) -> Scene:
        entropy = (self.seed, parts.stable_hash(self.category.name), self.number)
        return sample_scene(self.category, np.random.default_rng(np.random.SeedSequence(entropy)))


def generate_dataset(
    out: Path,
    categories: Categories,
    counts: Mapping[str, int],
    *,
    size: int = 700,
    seed: int = 0,
    workers: int | None = None,
    progress: bool = True,
) -> Path:
    """Draws a data set into a folder, or what is missing of it.

    Writes `<category>/<category>_(<number>).jpg`, numbers from 1; `boxes.csv` with the columns
    file, x_center, y_center, width, height as fractions of the photo; `scenes.csv` with
    everything that was drawn; and `dataset.json` with the request. Each photo depends only on the
    seed, its category's name and its number.

    Args:
        out: the folder; made where it does not exist.
        categories: what to draw.
        counts: photos of each category.
        size: side of the photos in pixels.
        seed: not negative; another seed, other photos.
        workers: processes; None takes as many as there are usable cores.
        progress: whether to show a bar (one line at begin and end where stderr is no terminal).

    Returns:
        `out`.

    Raises:
        DataError: a folder that holds something else or another request; counts that do not
            match the categories; a category that no colour code can show; a folder that cannot
            be written.
    """
    request = _request(categories, counts, size, seed)
    photos = [
        _Photo(category, number, seed)
        for category in categories
        for number in range(1, counts[category.name] + 1)
    ]
    with _explained(out):
        complete = _is_complete(out, request)
        _remove_unfinished(out)
        if complete:
            return out
        _begin(out, request)
        missing = [photo for photo in photos if not (out / photo.file).exists()]
        _draw_all(out, missing, size, workers, progress)
        _write_tables(out, photos)
        _write_whole(out / _COMPLETE, _as_json(request))
        (out / _BEGUN).unlink(missing_ok=True)
    return out


def _request(
    categories: Categories, counts: Mapping[str, int], size: int, seed: int
) -> dict[str, Any]:
    without = [name for name in categories.names if name not in counts]
    if without or len(counts) != len(categories):
        odd = without or sorted(set(counts) - set(categories.names))
        raise DataError(
            f"counts and categories differ in {', '.join(odd)}: give each category one count"
        )
    drawn: dict[tuple[str, ...], str] = {}
    for category in categories:
        if Path(category.name).name != category.name or category.name.startswith("."):
            raise DataError(
                f"category {category.name!r} cannot be the name of a folder: write 1-4W for 1/4 W"
            )
        bands = parts.designs(category)[0].bands  # also tells now, not in hours, what cannot be
        if category.ohms is None and not category.markings:
            other = drawn.setdefault(bands, category.name)
            if other != category.name:
                raise DataError(
                    f"categories {other!r} and {category.name!r} say no ohms and would be drawn "
                    f"with the same bands ({' '.join(bands)}): rename one of them"
                )
    return {
        "drawing_version": GENERATOR_VERSION,
        "names": list(categories.names),
        "counts": [int(counts[name]) for name in categories.names],
        "size": size,
        "seed": seed,
    }


def _is_complete(out: Path, request: dict[str, Any]) -> bool:
    """Whether the folder already holds the request; refuses a folder that holds another."""
    for name in (_COMPLETE, _BEGUN):
        if (out / name).exists():
            _require_same(out, out / name, request)
            return name == _COMPLETE
    if out.is_dir() and not all(_UNFINISHED.fullmatch(path.name) for path in out.iterdir()):
        raise DataError(
            f"{out} is not empty and was not begun by this command: "
            "choose a new folder, or empty this one"
        )
    return False


def _remove_unfinished(out: Path) -> None:
    """Removes the half-written files of processes that were killed."""
    for path in [*out.glob(".*.tmp"), *out.glob("*/.*.tmp")]:
        found = _UNFINISHED.fullmatch(path.name)
        if found is None:
            continue
        # A complete folder may be one that can only be read; and a file may be whole by now.
        with contextlib.suppress(OSError):
            if not _still_writes(int(found["pid"]), path.stat().st_mtime):
                path.unlink()


def _still_writes(pid: int, since: float) -> bool:
    """Whether a process that wrote at a time, in seconds since 1970, is there."""
    try:
        # Another process may have got its number; 1 s, since clocks of files are coarse.
        return psutil.Process(pid).create_time() <= since + 1
    except psutil.NoSuchProcess:
        return False


def _require_same(out: Path, path: Path, request: dict[str, Any]) -> None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(
            f"{path} cannot be read ({error}): remove {out}, or choose another folder"
        ) from error
    for key, wanted in request.items():
        if found.get(key) != wanted:
            raise DataError(
                f"{out} was drawn with {key} {_short(found.get(key))}, asked for is "
                f"{_short(wanted)}: choose another folder, or remove this one"
            )


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "…"


def _begin(out: Path, request: dict[str, Any]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    _write_whole(out / _BEGUN, _as_json(request))
    for name in request["names"]:
        (out / name).mkdir(exist_ok=True)


def _draw_all(
    out: Path, photos: list[_Photo], size: int, workers: int | None, progress: bool
) -> None:
    workers = workers or _usable_cores()
    if not photos:
        return
    with _shown(out, len(photos), progress) as bar:
        if workers == 1 or len(photos) < _FEW:
            for photo in photos:
                _draw_one(out, photo, size)
                bar.update()
            return
        chunks = [photos[at : at + _CHUNK] for at in range(0, len(photos), _CHUNK)]
        # "spawn": a fork of a process that has threads, as torch starts them, can hang.
        pool = ProcessPoolExecutor(
            min(workers, len(chunks)),
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_start_worker,
        )
        try:
            with _ctrl_c_held():
                futures: list[Future[int]] = [
                    pool.submit(_draw_chunk, out, chunk, size) for chunk in chunks
                ]
            for future in as_completed(futures):
                bar.update(future.result())
        except BrokenProcessPool as error:
            raise DataError(
                f"a process that drew into {out} died: too little memory, or a script that does "
                'not begin its work under `if __name__ == "__main__":`; run it again with one '
                "worker, it goes on where it stopped"
            ) from error
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
        pool.shutdown()


@contextlib.contextmanager
def _ctrl_c_held() -> Iterator[None]:
    """Holds Ctrl-C back for a moment; processes started meanwhile never see it.

    It reaches the whole group: the parent alone answers it, the workers end their chunk.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # Linux: a container or a job may use fewer than there are
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextlib.contextmanager
def _shown(out: Path, total: int, progress: bool) -> Iterator["tqdm[Any]"]:
    """A bar on a terminal; in a log file a line at the begin and one at the end."""
    terminal = sys.stderr.isatty()
    if progress and not terminal:
        print(f"drawing {total} photos into {out}", file=sys.stderr)
    with tqdm(
        total=total, desc="drawing", unit="photo", disable=not (progress and terminal)
    ) as bar:
        yield bar
    if progress and not terminal:
        print(f"drew {total} photos into {out}", file=sys.stderr)


def _start_worker() -> None:
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)  # one core each


def _draw_chunk(out: Path, photos: list[_Photo], size: int) -> int:
    for photo in photos:
        _draw_one(out, photo, size)
    return len(photos)


def _draw_one(out: Path, photo: _Photo, size: int) -> None:
    scene = photo.scene()
    drawing = draw(scene, size)
    _write_whole(out / photo.file, encode_jpeg(drawing.photo, scene.camera.jpeg_quality))


def _write_tables(out: Path, photos: list[_Photo]) -> None:
    """Scenes depend on the request alone: they are made again rather than carried about."""
    boxes = [csv_line(("file", "x_center", "y_center", "width", "height"))]
    scenes = []
    for position, photo in enumerate(photos):
        scene = photo.scene()
        boxes.append(csv_line((photo.file, *(f"{value:.5f}" for value in body_box(scene.body)))))
        row = {"file": photo.file} | _flat(scene)
        if position == 0:
            scenes.append(csv_line(row))
        scenes.append(csv_line(row.values()))
    _write_whole(out / _BOXES, "".join(boxes).encode())
    _write_whole(out / _SCENES, "".join(scenes).encode())


def _flat(scene: Scene) -> dict[str, object]:
    """One table row: numbers and names as they are, bands joined by blanks, the rest as JSON."""
    row: dict[str, object] = {}
    for part, value in asdict(scene).items():
        if not isinstance(value, dict):
            row[part] = value if isinstance(value, str) else _compact(value)
            continue
        row |= {f"{part}_{key}": _cell(key, entry) for key, entry in value.items()}
    return row


def _cell(key: str, value: object) -> object:
    if key == "bands" and isinstance(value, tuple):
        return " ".join(value)
    if isinstance(value, float):
        return round(value, 6)
    return _compact(value) if isinstance(value, tuple) else value


def _compact(value: object) -> str:
    rounded = json.loads(json.dumps(value), parse_float=lambda digits: round(float(digits), 5))
    return json.dumps(rounded, separators=(",", ":"))


def _as_json(request: dict[str, Any]) -> bytes:
    return (json.dumps(request, indent=2, ensure_ascii=False) + "\n").encode()


def _write_whole(path: Path, content: bytes) -> None:
    """The file appears with all of its content or not at all."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def _explained(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataError(
            f"{error.filename or out}: {error.strerror or error}; "
            "choose a folder that can be written, with enough space (about 0.2 MB a photo)"
        ) from error
