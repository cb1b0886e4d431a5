"""Random faults: kill, full disk, flipped bit, race. The next command finds things in order.

Every round starts from a seed, so that a failing one can be repeated:

    RESISTOR_CLS_ABUSE_MINUTES=30 RESISTOR_CLS_ABUSE_SEED=7 pytest -m slow tests/jobs/test_abuse.py
"""

import json
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import mlflow
import pandas as pd
import psutil
import pytest

from resistor_cls.model import ResistorNetwork
from resistor_cls.tracking.run.dead_runs import close_dead_runs
from resistor_cls.tracking.store.connection import connect
from tests.helpers.tiny import TINY

MINUTES = float(os.environ.get("RESISTOR_CLS_ABUSE_MINUTES", "3"))
SEED = int(os.environ.get("RESISTOR_CLS_ABUSE_SEED", "0"))
# Seconds that processes have to end after their parent has.
ENDING = 15.0


class Victim:
    """A folder in which commands are abused.

    Args:
        place: the folder, with a `mlflow.db`.
        photos: that are trained on.
        dice: whose seed repeats a round.
    """

    def __init__(self, place: Path, photos: Path, dice: random.Random) -> None:
        self.place, self.photos, self.dice = place, photos, dice
        self.temporary = place / "tmp"
        self.temporary.mkdir()
        self.database = place / "mlflow.db"

    @property
    def uri(self) -> str:
        """The address of the store."""
        return f"sqlite:///{self.database}"

    def start(self, *words: str, command: str = "train") -> "subprocess.Popen[str]":
        """A command in a new process."""
        environment = {
            **os.environ,
            "MLFLOW_TRACKING_URI": self.uri,
            "RESISTOR_CLS_CACHE": str(self.place / "cache"),
            "TMPDIR": str(self.temporary),
        }
        return subprocess.Popen(
            [sys.executable, "-m", f"resistor_cls.{command}", *words],
            cwd=self.place,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def train(self) -> "subprocess.Popen[str]":
        """A tiny training, with some workers."""
        words = [
            *(word for word in TINY if not word.startswith(("data.workers", "unknown"))),
            "data=folder",
            f"data.root={self.photos}",
            f"data.workers={self.dice.choice([0, 0, 1, 2])}",
            "unknown=0",
        ]
        return self.start(*words)


def ended(process: "subprocess.Popen[str]", statuses: set[int]) -> str:
    """Waits for a command; what it printed."""
    out, error = process.communicate(timeout=300)
    assert "Traceback" not in error, error
    assert process.returncode in statuses, (process.returncode, error)
    return out + error


def kill(victim: Victim) -> None:
    """SIGKILL at any moment."""
    process = victim.train()
    time.sleep(victim.dice.uniform(0, 25))
    process.kill()
    ended(process, {-signal.SIGKILL, 0})
    shutil.rmtree(victim.temporary)  # of a process that could not tidy up
    victim.temporary.mkdir()


def stop(victim: Victim) -> None:
    """The signals by which people, schedulers and terminals end a command."""
    asked = victim.dice.choice([signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    process = victim.train()
    time.sleep(victim.dice.uniform(3, 25))
    process.send_signal(asked)
    # The signal itself where Python is starting or has all but ended.
    ended(process, {130, 0, -asked})


def fill(victim: Victim) -> None:
    """No file may grow beyond a limit, as on a disk that is full."""
    limit = int(10 ** victim.dice.uniform(3, 6.5))
    process = victim.train()
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (limit, limit))
    ended(process, {0, 2})


def lock(victim: Victim) -> None:
    """Another program holds the database for a while."""
    seconds = victim.dice.uniform(1, 20)
    process = victim.train()
    time.sleep(victim.dice.uniform(0, 12))

    def hold() -> None:
        with closing(sqlite3.connect(victim.database, timeout=30)) as database:
            database.execute("BEGIN EXCLUSIVE")
            time.sleep(seconds)
            database.rollback()

    holder = threading.Thread(target=hold)
    holder.start()
    ended(process, {0, 2})
    holder.join()


def race(victim: Victim) -> None:
    """Two trainings begin at once, sometimes without any store yet."""
    if victim.dice.random() < 0.3:
        # Of another name: this process keeps the connection to a file that is removed.
        victim.database = victim.place / f"{victim.dice.randrange(10**9)}.db"
    processes = [victim.train() for _ in range(2)]
    for process in processes:
        ended(process, {0})


def flip(victim: Victim) -> None:
    """One bit of a saved model is another: refused, or the predictions are the same."""
    models = sorted((victim.place / "mlartifacts").rglob("best.ckpt"))
    if not models:
        ended(victim.train(), {0})
        models = sorted((victim.place / "mlartifacts").rglob("best.ckpt"))
    model = victim.place / "flipped.ckpt"
    shutil.copy(victim.dice.choice(models), model)
    photo = str(victim.dice.choice(sorted(victim.photos.rglob("*.jpg"))))

    def predicted() -> tuple[int, str]:
        process = victim.start(photo, "--model", str(model), "--format", "json", command="predict")
        out, error = process.communicate(timeout=300)
        assert "Traceback" not in error, error
        return process.returncode, out

    wanted = predicted()
    assert wanted[0] == 0
    content = bytearray(model.read_bytes())
    content[victim.dice.randrange(len(content))] ^= 1 << victim.dice.randrange(8)
    model.write_bytes(content)
    assert predicted() in ((2, ""), wanted)
    model.unlink()


def spoil(victim: Victim) -> None:
    """Some bytes of a photo are others: predicted all the same, or named."""
    photo = victim.place / "spoilt.jpg"
    shutil.copy(victim.dice.choice(sorted(victim.photos.rglob("*.jpg"))), photo)
    content = bytearray(photo.read_bytes())
    for _ in range(victim.dice.randrange(1, 40)):
        content[victim.dice.randrange(len(content))] = victim.dice.randrange(256)
    photo.write_bytes(content[: victim.dice.randrange(1, len(content) + 1)])
    shown = ended(victim.start(str(photo), command="predict"), {0, 2})
    assert "spoilt.jpg" in shown
    photo.unlink()


ABUSES = (kill, kill, stop, fill, lock, race, flip, spoil)


def check(victim: Victim) -> None:
    """What must hold after the next command, whatever came before."""
    deadline = time.monotonic() + ENDING
    while left := processes_in(victim.place):
        assert time.monotonic() < deadline, [process.cmdline() for process in left]
        time.sleep(0.2)
    client = connect(victim.uri)
    close_dead_runs(client, victim.uri)
    found = client.get_experiment_by_name("resistor_cls")
    runs = client.search_runs([found.experiment_id]) if found else []
    assert {run.info.status for run in runs} <= {"FINISHED", "FAILED", "KILLED"}
    left_over = [
        path
        for path in victim.place.rglob(".*")
        if path.name.startswith((".room", ".outbox", ".building")) or path.suffix == ".part"
    ]
    assert left_over == []
    assert list(victim.temporary.iterdir()) == []
    for run in runs:
        if run.info.status == "FINISHED":
            check_figures(run, Path(run.info.artifact_uri.removeprefix("file://")))


def check_figures(run: mlflow.entities.Run, root: Path) -> None:
    """Every figure of the kept epoch is the same wherever it stands."""
    table = pd.read_csv(root / "tables" / "predictions.csv")
    right = float((table["prediction"] == table["label"]).mean())
    assert run.data.metrics["best/val/accuracy"] == pytest.approx(right)
    report = json.loads((root / "report.json").read_text())
    scores = {score["name"]: score["value"] for score in report["metrics"]}
    assert scores["accuracy"] == pytest.approx(right)
    ResistorNetwork.load(root / "checkpoints" / "best.ckpt")


def processes_in(place: Path) -> list[psutil.Process]:
    """The processes that work in a folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()).is_relative_to(place) and process.pid != os.getpid():
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


@pytest.mark.slow
def test_abuse(workplace: Path, photos: Path) -> None:
    deadline = time.monotonic() + 60 * MINUTES
    victim = Victim(workplace, photos, random.Random(SEED))
    number = 0
    while time.monotonic() < deadline:
        victim.dice.seed(f"{SEED} {number}")
        abuse = victim.dice.choice(ABUSES)
        print(f"round {number}: {abuse.__name__}", flush=True)
        abuse(victim)
        check(victim)
        number += 1
