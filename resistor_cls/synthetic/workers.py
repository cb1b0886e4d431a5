"""Worker processes that end when the process that started them does, however that ends."""

import multiprocessing
import os
import threading
from multiprocessing.connection import wait


def end_with_parent() -> None:
    """Lets this worker process end within a moment of its parent, a killed one too.

    A killed parent cannot stop its workers, and those of a pool wait for more work for ever: each
    holds both ends of the pipe that work comes through, so none sees that it has closed. To be
    called in the worker, as an `initializer` of a pool or a `worker_init_fn` of a loader. It
    works for every way that processes are started in and on every system; in a process that
    `multiprocessing` has not started it does nothing.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    threading.Thread(
        target=_end_after, args=(parent.sentinel,), name="end with parent", daemon=True
    ).start()


def _end_after(sentinel: int) -> None:
    wait([sentinel])  # readable once the parent is gone
    # No clean-up: a lock may be held by a thread that is drawing, and files are only ever moved
    # into place when they are whole.
    os._exit(1)
