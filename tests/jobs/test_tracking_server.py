"""Runs that are tracked by a real MLflow server on PostgreSQL, which goes away meanwhile.

Needs the programs of PostgreSQL (Debian: `postgresql`) and the extra `postgresql`; without them the
tests are skipped.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import mlflow
import pytest

from resistor_cls.sync import main as sync
from tests.helpers import ROOT
from tests.helpers.registered import check_registry
from tests.helpers.tracking_server import Postgres, TrackingServer, postgres_programs

Process = subprocess.Popen[str]
Begin = Callable[[str], Process]
PROGRAMS = postgres_programs()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PROGRAMS is None, reason="PostgreSQL or its driver is not installed"),
]
AWAY = 60.0  # seconds
PATIENCE = 600  # seconds, of a busy machine
# A run that logs what a training logs, without computing anything, until it has logged enough.
RUN = """
import itertools, sys, time
from pathlib import Path
import numpy as np
from resistor_cls.evaluation.results import DataSet
from resistor_cls.tracking import open_run
_, output, uri = sys.argv
photos = DataSet("folder photos", "0123456789abcdef", "/photos", photos=8, categories=2)
with open_run(output, uri=uri, system_metrics=False, register=True) as run:
    run.log_data(photos, "validation")
    for step in itertools.count():
        run.log_metrics({"train/loss": 1 / (step + 1), "lr": 0.1}, step)
        if step % 10 == 0:
            run.save_text(f"tables/{step:03d}.txt", str(step))
        time.sleep(0.25)
        if step > 40 and Path("enough").exists():
            break
    checkpoint = run.output / "checkpoints" / "best.ckpt"
    checkpoint.parent.mkdir()
    checkpoint.write_bytes(bytes(5_000_000))
    run.save_model(checkpoint, {"seed": 0}, example=np.zeros((1, 8, 8, 3), np.uint8), step=7)
    run.log_scores({"best/val/accuracy": 0.5}, photos, 7)
    print(run.run_id, step + 1)
"""


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    assert PROGRAMS is not None
    made = Postgres(PROGRAMS)
    with made.running():
        yield made


@pytest.fixture(scope="module")
def server(
    database: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TrackingServer]:
    made = TrackingServer(database.address, tmp_path_factory.mktemp("server"))
    made.start()
    try:
        yield made
    finally:
        made.stop()


@pytest.fixture
def begin(tmp_path: Path, server: TrackingServer) -> Iterator[Begin]:
    """Begins a run in a folder of this name; no run outlives its test."""
    made: list[Process] = []

    def begin(name: str) -> Process:
        made.append(begun(tmp_path, server.address, name))
        return made[-1]

    yield begin
    for process in made:
        process.kill()
        process.communicate()


def begun(place: Path, uri: str, name: str) -> Process:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    words = [sys.executable, "-c", RUN, name, uri]
    pipe = subprocess.PIPE
    return subprocess.Popen(words, cwd=place, stdout=pipe, stderr=pipe, text=True, env=env)


def wait_until_both_log(place: Path, processes: list[Process]) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and all(process.poll() is None for process in processes):
        if all((place / name / "tables" / "020.txt").exists() for name in ("a", "b")):
            return
        time.sleep(0.5)
    raise AssertionError([process.communicate() for process in processes if process.poll()])


def check_that_nothing_is_missing(address: str, printed: str) -> None:
    run_id, count = printed.split()
    steps = int(count)
    client = mlflow.MlflowClient(address, address)
    run = client.get_run(run_id)
    assert run.info.status == "FINISHED"
    for name in ("train/loss", "lr"):
        history = client.get_metric_history(run_id, name)
        assert sorted(point.step for point in history) == list(range(steps))
    tables = {one.path for one in client.list_artifacts(run_id, "tables")}
    assert tables == {f"tables/{step:03d}.txt" for step in range(0, steps, 10)}
    (checkpoint,) = client.list_artifacts(run_id, "checkpoints")
    assert (checkpoint.path, checkpoint.file_size) == ("checkpoints/best.ckpt", 5_000_000)
    assert run.outputs is not None
    (output,) = run.outputs.model_outputs
    model = client.get_logged_model(output.model_id)
    assert str(model.status) == "READY"
    assert {one.key for one in model.metrics or ()} == {"best/val/accuracy"}
    versions = client.search_model_versions(f"name = 'resistor_cls' and run_id = '{run_id}'")
    assert len(versions) == 1


@pytest.mark.parametrize("away", ["server", "database"])
def test_two_runs_go_on_while_the_store_is_away_and_lose_nothing(
    away: str, server: TrackingServer, database: Postgres, begin: Begin, tmp_path: Path
) -> None:
    processes = [begin(name) for name in ("a", "b")]
    wait_until_both_log(tmp_path, processes)
    gone: TrackingServer | Postgres = server if away == "server" else database
    gone.stop()
    time.sleep(AWAY)
    go_on = [process.poll() is None for process in processes]
    gone.start()
    (tmp_path / "enough").touch()
    ended = [process.communicate(timeout=PATIENCE) for process in processes]

    assert [process.returncode for process in processes] == [0, 0], ended
    assert go_on == [True, True]
    for shown, error in ended:
        assert error.count("takes nothing") == 1, error  # says so once
        assert error.count("is back") == 1, error
        assert "does not take" not in error, error
        check_that_nothing_is_missing(server.address, shown)
    assert not list(tmp_path.rglob(".outbox.jsonl"))


def test_what_a_run_could_not_send_is_sent_by_sync(
    server: TrackingServer, begin: Begin, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    processes = [begin(name) for name in ("a", "b")]
    wait_until_both_log(tmp_path, processes)
    server.stop()
    (tmp_path / "enough").touch()
    ended = [process.communicate(timeout=PATIENCE) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], ended
    server.start()
    for name, (shown, error) in zip("ab", ended, strict=True):
        assert "entries wait in" in error
        moved = (tmp_path / name).rename(tmp_path / f"moved {name}")
        assert sync([str(moved)]) == 0
        assert "sent" in capsys.readouterr().out
        check_that_nothing_is_missing(server.address, shown)


def test_a_training_is_registered_promoted_and_used(
    server: TrackingServer,
    train: Callable[..., int],
    photos: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.address)
    client = mlflow.MlflowClient(server.address, server.address)
    if client.search_registered_models():  # of the other tests
        client.delete_registered_model("resistor_cls")
    check_registry(client, train, photos, capsys)
