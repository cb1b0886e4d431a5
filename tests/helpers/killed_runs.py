"""Runs in other processes, which wait to be killed, and what else needs another process."""

import multiprocessing
import multiprocessing.context
import os
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from tests.helpers.runs import store_uri

# What a run imports when it is opened: two seconds of imports.
PRELOADED = [
    "mlflow", "mlflow.store.tracking.sqlalchemy_store", "alembic.command", "git", "IPython.display",
    "resistor_cls.tracking.run.opening", "resistor_cls.tracking.store.connection",
]  # fmt: skip


def begun(place: Path, folder: str = "out") -> tuple[BaseProcess, str]:
    """A run that has written something, in a process that is killed by `kill`; and its id."""
    context = _context()
    ours, theirs = context.Pipe()
    process = context.Process(target=_run, args=(place, folder, theirs), daemon=True)
    process.start()
    assert ours.poll(60)
    return process, ours.recv()


def in_another_process(function: Callable[[str], None], word: str) -> int | None:
    """The exit status of a process that calls a function of a module."""
    process = _context().Process(target=function, args=(word,))
    process.start()
    process.join()
    return process.exitcode


def _context() -> multiprocessing.context.ForkServerContext:
    """Its processes are forked from one that has imported MLflow once for all of them."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return context


def kill(process: BaseProcess) -> None:
    process.kill()
    process.join()


def _run(place: Path, folder: str, ready: Connection) -> None:
    os.chdir(place)  # that of the server is another
    from resistor_cls.tracking import open_run

    with open_run(folder, uri=store_uri(place), system_metrics=False) as run:
        run.save_text("a.txt", "a")
        run.log_metrics({"a": 1.0})
        place = run.output / "checkpoints"
        place.mkdir()
        (place / "last.ckpt").write_bytes(b"weights")
        (place / ".last.ckpt.part").write_bytes(b"wei")
        (run.output / "train.log").write_text("Epoch 1")
        ready.send(run.run_id)
        time.sleep(60)
