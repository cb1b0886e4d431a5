"""Runs whose process died are closed by the next command, and lose nothing."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import mlflow
import pytest
from mlflow import MlflowClient

from resistor_cls.sync import main as sync
from resistor_cls.tracking import model_file, open_run
from resistor_cls.tracking.run import dead_runs, liveness, outbox
from resistor_cls.tracking.run.delivery import Delivery
from resistor_cls.tracking.store.connection import connect
from tests.helpers.killed_runs import begun, in_another_process, kill
from tests.helpers.runs import store_uri
from tests.helpers.tiny import TINY


def close(uri: str) -> None:
    dead_runs.close_dead_runs(connect(uri), uri)


def status(client: MlflowClient, run_id: str) -> str:
    return str(client.get_run(run_id).info.status)


def test_the_next_command_closes_a_killed_run(workplace: Path) -> None:
    process, run_id = begun(workplace)
    client = connect(store_uri(workplace))
    with open_run("other", uri=store_uri(workplace), system_metrics=False):
        assert status(client, run_id) == "RUNNING"  # it lives
    kill(process)
    # A command that only reads does so too, and then finds what the earlier message named.
    with model_file(f"runs:/{run_id}/checkpoints/last.ckpt", store_uri(workplace)) as file:
        assert file.read_bytes() == b"weights"
    assert status(client, run_id) == "KILLED"
    kept = client.get_run(run_id)
    assert kept.data.metrics == {"a": 1.0}
    assert "without a word" in kept.data.tags["error"]
    assert {item.path for item in client.list_artifacts(run_id)} == {"a.txt", "checkpoints", "logs"}
    left = {path.name for path in (workplace / "out").rglob("*") if path.is_file()}
    assert left == {"a.txt", "train.log"}


@pytest.mark.parametrize("damage", [b"", b"nonsense\n{}\n", None])
def test_a_killed_run_is_closed_without_its_outbox(damage: bytes | None, workplace: Path) -> None:
    process, run_id = begun(workplace)
    kill(process)
    box = workplace / "out" / outbox.NAME
    box.unlink() if damage is None else box.write_bytes(damage)
    client = connect(store_uri(workplace))
    dead_runs.close_dead_runs(client, store_uri(workplace))
    assert status(client, run_id) == "KILLED"
    assert "checkpoints" in {item.path for item in client.list_artifacts(run_id)}
    assert not list((workplace / "out").rglob(".*"))


@pytest.mark.parametrize(
    ("tags", "closed"),
    [
        ({"run.host": "elsewhere", "run.heartbeat": "2020-01-01T00:00:00+00:00"}, True),
        ({"run.host": "elsewhere", "run.heartbeat": "now"}, False),
        ({"run.host": "elsewhere", "run.heartbeat": "soon"}, False),  # not ours
        ({"run.host": "here", "run.process": "1 0.00"}, True),  # a number that is used again
        ({"run.host": "here", "run.process": "this"}, False),
        ({"run.folder": ""}, False),  # begun by something else
    ],
)
def test_who_counts_as_dead(tags: dict[str, str], closed: bool, workplace: Path) -> None:
    known = {"here": socket.gethostname(), "now": liveness.heartbeat()}
    given = liveness.signs_of_life(workplace) | {
        key: known.get(value, value) for key, value in tags.items() if value != "this"
    }
    client = connect(store_uri(workplace))
    run_id = client.create_run("0", tags=given).info.run_id
    dead_runs.close_dead_runs(client, store_uri(workplace))
    assert (status(client, run_id) == "KILLED") == closed


def test_a_run_gives_signs_of_life(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "HEARTBEAT", 0.05)
    with open_run("out", uri=store_uri(workplace), system_metrics=False) as run:
        client = connect(store_uri(workplace))
        first = client.get_run(run.run_id).data.tags["run.heartbeat"]
        deadline = time.monotonic() + 20
        while client.get_run(run.run_id).data.tags["run.heartbeat"] == first:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_a_run_outlives_its_store_and_is_sent_later(
    workplace: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(outbox, "GRACE", 0.5)
    monkeypatch.setattr(outbox, "_FIRST_PAUSE", 0.05)

    def away(*_: Any) -> None:
        raise ConnectionError("Connection refused")

    with (
        monkeypatch.context() as patch,
        open_run("out", uri=store_uri(workplace), system_metrics=False) as run,
    ):
        patch.setattr(Delivery, "__call__", away)
        run.log_metrics({"a": 1.0})
        run.save_text("a.txt", "a")
    client = connect(store_uri(workplace))
    assert status(client, run.run_id) == "RUNNING"
    assert "python -m resistor_cls.sync" in caplog.text
    # Its thread is still trying, and has nobody any more who waits for it.
    deadline = time.monotonic() + 20
    while (Path("out") / outbox.NAME).exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert status(client, run.run_id) == "FINISHED"
    assert client.get_run(run.run_id).data.metrics == {"a": 1.0}
    assert sync(["out"]) == 0
    assert "nothing is left to be sent" in capsys.readouterr().out


def test_sync_sends_what_a_process_has_left(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    process, run_id = begun(workplace)
    assert sync(["out"]) == 2
    assert "its run goes on" in capsys.readouterr().err
    kill(process)
    box = workplace / "out" / outbox.NAME
    content = box.read_bytes().replace(b"sqlite://", b"sqlite://me:***@")
    position = int(content[:20]) + len("me:***@")
    box.write_bytes(b"%020d" % position + content[20:])
    assert sync(["out", "--tracking-uri", ""]) == 2
    assert "needs its password, which no run keeps" in capsys.readouterr().err
    assert sync(["out", "--tracking-uri", store_uri(workplace)]) == 0
    assert status(connect(store_uri(workplace)), run_id) == "KILLED"


def test_a_copy_of_a_running_run_is_left_alone(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    process, run_id = begun(workplace)
    shutil.copytree(workplace / "out", workplace / "copy")
    assert sync(["copy"]) == 2
    assert "whose run goes on" in capsys.readouterr().err
    client = connect(store_uri(workplace))
    assert status(client, run_id) == "RUNNING"
    kill(process)
    assert sync(["out"]) == 0
    assert status(client, run_id) == "KILLED"


def test_reading_its_own_folder_costs_a_run_nothing(workplace: Path) -> None:
    with open_run("out", uri=store_uri(workplace), system_metrics=False) as run:
        shutil.copytree("out", "copy")
        assert in_another_process(close, store_uri(workplace)) == 0
        assert status(connect(store_uri(workplace)), run.run_id) == "RUNNING"


def test_nothing_but_files_of_the_run_is_sent(
    workplace: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The file of an outbox may be anybody's."""
    process, run_id = begun(workplace)
    kill(process)
    (workplace / "mine.ckpt").write_bytes(b"mine")
    with (workplace / "out" / outbox.NAME).open("a") as file:
        for call, name in (("file", "/etc/hostname"), ("checkpoint", "../mine.ckpt")):
            folder = {"folder": "x"} if call == "file" else {}
            file.write(json.dumps({"call": call, "name": name, **folder}) + "\n")
    assert sync(["out"]) == 0
    assert caplog.text.count("is not in the folder of the run") == 2
    assert (workplace / "mine.ckpt").exists()
    paths = {item.path for item in connect(store_uri(workplace)).list_artifacts(run_id)}
    assert paths == {"a.txt", "checkpoints", "logs"}


def test_a_run_of_a_moved_store_is_not_sent_where_the_store_was(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = workplace / "old", workplace / "new"
    old.mkdir()
    shutil.copy(workplace / "mlflow.db", old / "mlflow.db")
    process, _ = begun(old)
    kill(process)
    shutil.move(old, new)
    assert sync([str(new / "out"), "--tracking-uri", store_uri(new)]) == 2
    assert "which is gone: was the store" in capsys.readouterr().err
    assert not old.exists()


def test_a_run_that_was_deleted_ends_no_training(
    workplace: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(outbox, "GRACE", 0.5)
    client = connect(store_uri(workplace))
    with open_run("out", uri=store_uri(workplace), system_metrics=False) as run:
        client.delete_run(run.run_id)
        run.log_metrics({"a": 1.0})
    assert "the run was deleted; `mlflow runs restore" in caplog.text
    assert caplog.text.count("takes nothing") == 1


@pytest.mark.slow
def test_a_training_survives_its_server(workplace: Path, photos: Path, tmp_path: Path) -> None:
    """The server is killed at epoch 2 and comes back for `sync`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = str(Path(sys.executable).with_name("mlflow"))
    store = [
        "--backend-store-uri",
        store_uri(workplace),
        "--artifacts-destination",
        str(tmp_path / "a"),
    ]
    server = [program, "server", "--port", str(port), "--workers", "1", *store]
    address = f"http://127.0.0.1:{port}"

    def up() -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(
            server, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return process
            time.sleep(0.2)
        raise TimeoutError("the server does not start")

    def down(process: "subprocess.Popen[bytes]") -> None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    running = up()
    words = ["data=folder", f"data.root={photos}", *TINY, "trainer.max_epochs=6"]
    command = [sys.executable, "-m", "resistor_cls.train", *words, f"tracking.uri={address}"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as training:
        assert training.stderr is not None
        lines = []
        for line in training.stderr:
            lines.append(line)
            if line.startswith("Epoch 2/"):
                down(running)
                died = time.monotonic()
    assert training.returncode == 0
    assert time.monotonic() - died < 120
    shown = "".join(lines)
    assert "Traceback" not in shown and "urllib3" not in shown
    assert shown.count("takes nothing") == 1
    (folder,) = Path("outputs").glob("*/*")
    assert f"python -m resistor_cls.sync {folder.absolute()}" in shown

    running = up()
    assert sync([str(folder), "--tracking-uri", address]) == 0
    down(running)
    (run,) = mlflow.MlflowClient(store_uri(workplace)).search_runs(["1"])
    assert run.info.status == "FINISHED"
    assert "best/val/accuracy" in run.data.metrics
