"""Draws the photos of a data set, in this process or in several that end with it."""

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import cv2
from tqdm import tqdm

from resistor_cls.errors import DataError
from resistor_cls.synthetic.dataset.folder import write_whole
from resistor_cls.synthetic.dataset.request import PhotoRequest
from resistor_cls.synthetic.dataset.tables import Lines, lines_of
from resistor_cls.synthetic.drawing import draw
from resistor_cls.synthetic.imaging import encode_jpeg
from resistor_cls.usable_cores import usable_cores

# A worker process takes about a second to start: fewer photos are drawn in this process.
_MIN_PARALLEL = 32
# Photos that a worker draws at a time: enough to hide the cost of sending the request, few enough
# to stop quickly and to keep the progress bar moving.
_CHUNK = 8


def draw_all(
    out: Path, photos: list[PhotoRequest], size: int, workers: int | None, progress: bool
) -> dict[PhotoRequest, Lines]:
    """Draws photos into their folders.

    Args:
        out: folder of the data set.
        photos: what to draw.
        size: side of the photos in pixels.
        workers: processes; None is one per usable core.
        progress: whether to show a progress bar.

    Returns:
        The lines of the photos for the tables.

    Raises:
        DataError: a worker process died.
    """
    workers = workers or usable_cores()
    lines: dict[PhotoRequest, Lines] = {}
    if not photos:
        return lines
    with _progress_bar(out, len(photos), progress) as bar:
        if workers == 1 or len(photos) < _MIN_PARALLEL:
            for photo in photos:
                lines[photo] = _draw_one(out, photo, size)
                bar.update()
        else:
            lines = _draw_in_parallel(out, photos, size, workers, bar)
    return lines


def _draw_in_parallel(
    out: Path, photos: list[PhotoRequest], size: int, workers: int, bar: "tqdm[Any]"
) -> dict[PhotoRequest, Lines]:
    lines: dict[PhotoRequest, Lines] = {}
    chunks = [photos[first : first + _CHUNK] for first in range(0, len(photos), _CHUNK)]
    # "spawn": a fork of a process that has threads, as torch starts them, can hang.
    pool = ProcessPoolExecutor(
        min(workers, len(chunks)),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start_worker,
    )
    try:
        with _ctrl_c_held_back():
            futures: dict[Future[list[Lines]], list[PhotoRequest]] = {
                pool.submit(_draw_chunk, out, chunk, size): chunk for chunk in chunks
            }
        for future in as_completed(futures):
            drawn = dict(zip(futures[future], future.result(), strict=True))
            lines |= drawn
            bar.update(len(drawn))
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
    return lines


@contextlib.contextmanager
def _ctrl_c_held_back() -> Iterator[None]:
    """Delays Ctrl-C for a moment; processes that start meanwhile inherit the block.

    Ctrl-C reaches the whole process group: the parent alone handles it, and the workers finish
    their chunk.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _progress_bar(out: Path, total: int, progress: bool) -> Iterator["tqdm[Any]"]:
    """A bar on a terminal; in a log file, one line at the start and one at the end."""
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
    _end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)  # one core each


def _draw_chunk(out: Path, photos: list[PhotoRequest], size: int) -> list[Lines]:
    return [_draw_one(out, photo, size) for photo in photos]


def _draw_one(out: Path, photo: PhotoRequest, size: int) -> Lines:
    scene = photo.scene()
    drawing = draw(scene, size)
    write_whole(out / photo.file, encode_jpeg(drawing.photo, scene.camera.jpeg_quality))
    return lines_of(photo, scene)


def _end_with_parent() -> None:
    """Makes this worker process end within a moment of its parent, a killed one too.

    A killed parent cannot stop its workers, and those of a pool would wait for more work forever:
    each holds both ends of the pipe that work comes through, so that none sees it close.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    threading.Thread(
        target=_end_after, args=(parent.sentinel,), name="end with parent", daemon=True
    ).start()


def _end_after(sentinel: int) -> None:
    wait([sentinel])  # readable once the parent is gone
    # No clean-up: a thread that is drawing may hold a lock, and files are only ever moved into
    # place when they are whole.
    os._exit(1)
