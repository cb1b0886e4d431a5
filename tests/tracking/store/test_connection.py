"""A store is made completely or not at all, also by several processes at once."""

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from resistor_cls.errors import TrackingError
from resistor_cls.tracking import open_run
from resistor_cls.tracking.store import connection as store
from resistor_cls.tracking.store.connection import connect, experiment_id
from tests.helpers.runs import store_uri

OPEN = (
    "import sys; from resistor_cls.tracking.store.connection import connect; connect(sys.argv[1])"
)


def started(place: Path, code: str = OPEN) -> "subprocess.Popen[str]":
    words = [sys.executable, "-c", code, store_uri(place)]
    return subprocess.Popen(words, stderr=subprocess.PIPE, text=True, cwd=place)


@pytest.mark.parametrize("count", [2, pytest.param(8, marks=pytest.mark.slow)])
def test_runs_that_begin_at_once_make_one_store(count: int, tmp_path: Path) -> None:
    code = (
        "import os, sys; from resistor_cls.tracking import open_run\n"
        "with open_run(str(os.getpid()), uri=sys.argv[1], system_metrics=False) as run:\n"
        "    run.log_metrics({'a': 1.0})"
    )
    processes = [started(tmp_path, code) for _ in range(count)]
    errors = [process.communicate()[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * count, errors
    client = connect(store_uri(tmp_path))
    found = client.get_experiment_by_name("resistor_cls")
    assert found is not None
    runs = client.search_runs([found.experiment_id])
    assert [run.info.status for run in runs] == ["FINISHED"] * count


def test_a_store_that_was_killed_while_it_was_made_is_made(tmp_path: Path) -> None:
    process = started(tmp_path)
    while process.poll() is None and not (tmp_path / ".mlflow.part").exists():
        time.sleep(0.005)
    time.sleep(0.3)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not (tmp_path / "mlflow.db").exists()
    connect(store_uri(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["mlflow.db"]


def test_a_folder_may_have_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "a%20b?c#d Grüße (1), e=f"
    folder = tmp_path / name
    folder.mkdir()
    monkeypatch.chdir(folder)
    file = f"{name.encode().hex()}.db"  # MLflow keeps one connection for each address
    with open_run("out", uri=f"sqlite:///{file}", system_metrics=False) as run:
        run.save_text("a.txt", "a")
    assert {path.name for path in folder.iterdir()} == {file, "mlartifacts", "out"}
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("damage", ["half made", "empty file", "left over"])
def test_a_half_made_store_is_made_anew(damage: str, tmp_path: Path, empty_store: Path) -> None:
    file = tmp_path / "mlflow.db"
    if damage == "empty file":
        file.touch()
    else:
        shutil.copy(empty_store, file)
        statements = {
            "half made": ["DROP TABLE params", "UPDATE alembic_version SET version_num='451aebb3'"],
            "left over": ["CREATE TABLE _alembic_tmp_runs (a)"],
        }
        with closing(sqlite3.connect(file)) as database:
            for statement in statements[damage]:
                database.execute(statement)
            database.commit()
    with open_run(tmp_path / "out", uri=store_uri(tmp_path), system_metrics=False) as run:
        run.log_metrics({"a": 1.0})
    assert connect(store_uri(tmp_path)).get_run(run.run_id).data.metrics == {"a": 1.0}


def test_a_half_made_store_with_runs_is_left_alone(tmp_path: Path, empty_store: Path) -> None:
    file = tmp_path / "mlflow.db"
    shutil.copy(empty_store, file)
    connect(store_uri(tmp_path)).create_run("0")
    # As after an upgrade that was killed; elsewhere, as MLflow keeps connections by address.
    other = tmp_path / "other" / "mlflow.db"
    other.parent.mkdir()
    shutil.copy(file, other)
    with closing(sqlite3.connect(other)) as database:
        database.execute("DROP TABLE webhooks")
        database.execute("UPDATE alembic_version SET version_num='451aebb31d03'")
        database.commit()
    before = other.read_bytes()
    with pytest.raises(TrackingError, match="an upgrade of it was cut short: copy the file"):
        connect(store_uri(other.parent))
    assert other.read_bytes() == before


def test_artifacts_of_a_moved_store_are_not_written_where_it_was(workplace: Path) -> None:
    old, new = workplace / "old", workplace / "new"
    old.mkdir()
    shutil.copy(workplace / "mlflow.db", old / "mlflow.db")
    with open_run(
        "a", uri=store_uri(old), artifacts=str(old / "kept"), system_metrics=False
    ) as run:
        run.save_text("a.txt", "a")
    shutil.move(old, new)
    with (
        pytest.raises(TrackingError, match=r"is gone: was the store in .* moved\? Tell the store"),
        open_run("b", uri=store_uri(new), system_metrics=False),
    ):
        pass
    assert not old.exists()
    old.mkdir()
    (old / "kept").symlink_to(new / "kept")  # as good as `relocate`, which the message names
    with open_run("b", uri=store_uri(new), system_metrics=False) as run:
        run.save_text("b.txt", "b")
    assert len(list((new / "kept").rglob("b.txt"))) == 1


def test_artifacts_that_were_removed_beside_their_store_are_begun_again(workplace: Path) -> None:
    uri = store_uri(workplace)
    with open_run("a", uri=uri, system_metrics=False) as run:
        run.save_text("a.txt", "a")
    shutil.rmtree("mlartifacts")
    with open_run("b", uri=uri, system_metrics=False) as run:
        run.save_text("b.txt", "b")
    assert len(list(Path("mlartifacts").rglob("b.txt"))) == 1


def test_an_experiment_is_not_made_for_a_place_that_cannot_be_written(workplace: Path) -> None:
    client = connect(store_uri(workplace))
    Path("file").touch()
    with pytest.raises(TrackingError, match=r"tracking\.artifacts=file/below: .* cannot be made"):
        experiment_id(client, store_uri(workplace), "new", "file/below")
    assert client.get_experiment_by_name("new") is None


def test_a_server_that_does_not_reply_is_left_in_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "REPLY", 0.5)
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        began = time.monotonic()
        with pytest.raises(TrackingError, match=r"does not reply within 0\.5 seconds"):
            connect(f"http://127.0.0.1:{server.getsockname()[1]}")
        assert time.monotonic() - began < 5


def test_passwords_stay_out_of_runs_and_messages(workplace: Path) -> None:
    with open_run("a", uri=store_uri(workplace), system_metrics=False) as run:
        secret = "postgresql://me:s3cret@host/db"
        run.log_params({"tracking.uri": secret})
        run.set_tags({"error": f"cannot reach {secret}"})
        run.save_text("config/resolved.yaml", f"uri: {secret}\n")
    stored = connect(store_uri(workplace)).get_run(run.run_id)
    assert stored.data.params["tracking.uri"] == "postgresql://me:***@host/db"
    kept = b"".join(path.read_bytes() for path in workplace.rglob("*") if path.is_file())
    assert b"s3cret" not in kept
    assert os.environ.get("MLFLOW_TRACKING_URI") is not None
