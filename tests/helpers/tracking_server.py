"""A real MLflow server on PostgreSQL, with proxied artifacts, which can be stopped and started."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

PATIENCE = 900  # seconds until a server on a busy machine is there


def postgres_programs() -> Path | None:
    """The folder of PostgreSQL's programs; None where they or the driver are not installed."""
    if find_spec("psycopg") is None:
        return None
    initdb = shutil.which("initdb")
    places = (
        [Path(initdb).resolve()] if initdb else Path("/usr/lib/postgresql").glob("*/bin/initdb")
    )
    return next((place.parent for place in places), None)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


class Postgres:
    """A PostgreSQL of its own, in a temporary folder that its user can read.

    Args:
        programs: see `postgres_programs`.

    Attributes:
        address: of its database.
    """

    def __init__(self, programs: Path) -> None:
        self._programs, self._port = programs, free_port()
        self.address = f"postgresql+psycopg://mlflow@127.0.0.1:{self._port}/postgres"
        # It refuses to run as root.
        self._user = "postgres" if os.geteuid() == 0 else None

    @contextmanager
    def running(self) -> Iterator[None]:
        """Runs it as long as the context."""
        with tempfile.TemporaryDirectory(prefix="resistor_cls-postgres-") as name:
            self._folder = Path(name)
            if self._user is not None:
                shutil.chown(self._folder, self._user)
            self._run("initdb", "-D", "data", "-U", "mlflow", "--auth", "trust", "--no-sync")
            self.start()
            try:
                yield
            finally:
                with suppress(subprocess.CalledProcessError):  # a test that failed had stopped it
                    self.stop()

    def start(self) -> None:
        """Starts it, and waits until it takes connections."""
        options = f"-p {self._port} -k {self._folder} -h 127.0.0.1"
        self._run("pg_ctl", "start", "-w", "-t", "300", "-D", "data", "-o", options, "-l", "log")

    def stop(self) -> None:
        """Breaks its connections off, and ends it."""
        self._run("pg_ctl", "stop", "-w", "-m", "immediate", "-D", "data")

    def _run(self, program: str, *words: str) -> None:
        subprocess.run(
            [self._programs / program, *words],
            check=True, user=self._user, cwd=self._folder, stdout=subprocess.DEVNULL,
        )  # fmt: skip


class TrackingServer:
    """`mlflow server` with artifacts below a folder.

    Attributes:
        address: for `tracking.uri`.
    """

    def __init__(self, database: str, folder: Path) -> None:
        self._port = free_port()
        self.address = f"http://127.0.0.1:{self._port}"
        self._words = [
            sys.executable, "-m", "mlflow", "server", "--backend-store-uri", database,
            "--serve-artifacts", "--artifacts-destination", str(folder / "kept"),
            "--host", "127.0.0.1", "--port", str(self._port), "--workers", "1",
        ]  # fmt: skip
        self._log = folder / "server.log"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it, and waits until it replies."""
        # Without a name that makes MLflow test itself, and its processes for language models.
        env = {key: value for key, value in os.environ.items() if key != "PYTEST_CURRENT_TEST"}
        env["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"
        # A group of its own: it starts further processes.
        with self._log.open("a") as log:
            self._process = subprocess.Popen(
                self._words,
                cwd=self._folder,
                stdout=log,
                stderr=log,
                env=env,
                start_new_session=True,
            )
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self._process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.address}/health", timeout=5):
                    return
            except OSError:
                time.sleep(0.5)
        self.stop()
        raise AssertionError(self._log.read_text())

    def stop(self) -> None:
        """Kills it, as a crash of its machine does."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(60)
            self._process = None
