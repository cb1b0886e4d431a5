"""Renders figures to files, by all cores: Matplotlib draws in Python, one figure at a time."""

import logging
import multiprocessing
import signal
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from resistor_cls.usable_cores import usable_cores

if TYPE_CHECKING:
    from matplotlib.figure import Figure

log = logging.getLogger(__name__)

_MAX_PROCESSES = 8  # a run has two dozen figures, and each process takes some 20 ms to fork
_COMPRESSION = 4  # of zlib: with the usual 6, photos take twice the time for 1 % fewer bytes
_PATIENCE = 120.0  # seconds for a process; a figure takes one


def render(figures: "Mapping[Path, Figure]") -> None:
    """Writes figures as PNG files, of the same pixels as from `savefig`.

    Forked processes share the work, on Linux. What one of them does not finish, for whatever
    reason, this process renders.

    Args:
        figures: path → figure; the folders exist.

    Raises:
        OSError: disk full or no permission.
    """
    paths = list(figures)
    shares = max(1, min(usable_cores(), _MAX_PROCESSES, len(paths))) if _may_fork() else 1
    with _shared(figures, [paths[first::shares] for first in range(1, shares)]) as unfinished:
        _render(figures, paths[::shares])
    for share in unfinished:
        _render(figures, share)


def _may_fork() -> bool:
    # Processes that a pool has started may start none.
    return sys.platform == "linux" and not multiprocessing.current_process().daemon


@contextmanager
def _shared(
    figures: "Mapping[Path, Figure]", shares: Sequence[list[Path]]
) -> Iterator[list[list[Path]]]:
    """Renders shares by a process each, as long as the context lasts.

    Yields:
        A list, which holds the shares that were not finished when the context has ended.
    """
    context = multiprocessing.get_context("fork")
    started = []
    unfinished: list[list[Path]] = []
    for share in shares:
        process = context.Process(target=_render_share, args=(figures, share), daemon=True)
        with warnings.catch_warnings():
            # A lock that another thread holds stays locked in the fork: hence `_PATIENCE`.
            warnings.simplefilter("ignore", DeprecationWarning)
            try:
                process.start()
            except OSError as error:  # no memory, no more processes
                log.debug("figures are rendered by one process less: %s", error)
                unfinished.append(share)
                continue
        started.append((process, share))
    try:
        yield unfinished
    finally:
        for process, share in started:
            process.join(_PATIENCE)
            if process.exitcode is None:
                process.kill()
                process.join()
            if process.exitcode != 0:
                unfinished.append(share)


def _render_share(figures: "Mapping[Path, Figure]", share: Sequence[Path]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is for the process that waits for this one
    try:
        _render(figures, share)
    except Exception:  # the other process renders the share again, and raises what this one did
        sys.exit(1)


def _render(figures: "Mapping[Path, Figure]", paths: Sequence[Path]) -> None:
    for path in paths:
        figures[path].savefig(path, pil_kwargs={"compress_level": _COMPRESSION})
