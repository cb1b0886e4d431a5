"""Names the jobs of a sweep that fail in other processes, as soon as they fail."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from resistor_cls.tracking.sweep.sweep import Sweep

PERIOD = 1.0  # seconds between two looks at the file of the sweep


@contextmanager
def failures_elsewhere(sweep: Sweep, show: Callable[[str, str], None]) -> Iterator[None]:
    """Watches the file of a sweep as long as the context lasts.

    Args:
        sweep: whose jobs may run in other processes, whose terminal nobody reads.
        show: gets the name and the error of each job that fails there.
    """
    ended = threading.Event()
    begin = len(sweep.log.lines())

    def watch() -> None:
        known, last = begin, False
        while not last:
            last = ended.wait(PERIOD)
            lines = sweep.log.lines()
            for line in lines[known:]:
                if line.get("error") and line["process"] != os.getpid():
                    show(sweep.job_name(line["overrides"]), line["error"])
            known = len(lines)

    thread = threading.Thread(target=watch, name="failures", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
