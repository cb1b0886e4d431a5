import json
import multiprocessing
import os
import signal
import socket
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from resistor_cls.errors import ConfigError, run_command
from resistor_cls.inference import Prediction
from resistor_cls.serving.app import create_app
from resistor_cls.serving.server import listening_socket, serve, url_of
from resistor_cls.serving.service import Options
from tests.helpers.served import Brightness, as_predictor, photo


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with listening_socket("127.0.0.1", 0) as made:
        yield made


class Slow(Brightness):
    """Takes a second for each batch."""

    def predict_bodies(
        self, photos: Sequence[np.ndarray], top: int = 3
    ) -> Iterator[list[Prediction]]:
        time.sleep(1)
        return super().predict_bodies(photos, top)


def _serve(listening: socket.socket, log: Path) -> None:
    """What the process of the server does."""
    os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT), sys.stderr.fileno())
    app = create_app(as_predictor(Slow()), Options())
    sys.exit(run_command(lambda: serve(app, listening, 10, lambda: None)))


@pytest.fixture
def start(listening: socket.socket, tmp_path: Path) -> Iterator[Callable[[], int]]:
    """Starts a server; returns the id of its process, which the status is waited for of."""
    # A new interpreter would import PyTorch for seconds.
    process = multiprocessing.get_context("fork").Process(
        target=_serve, args=(listening, tmp_path / "log")
    )

    def begin() -> int:
        process.start()
        assert process.pid is not None
        urllib.request.urlopen(f"{url_of(listening)}/health", timeout=60).close()
        return process.pid

    begin.process = process  # type: ignore[attr-defined]
    yield begin
    process.kill()
    process.join()


def ask(url: str, level: int) -> float:
    request = urllib.request.Request(f"{url}/predict", photo(level), {"Content-Type": "image/png"})
    with urllib.request.urlopen(request, timeout=60) as response:
        return float(json.load(response)["predictions"][0]["ohms"])


@pytest.mark.parametrize(("asked", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_server_that_is_asked_to_stop_finishes_what_runs(
    asked: signal.Signals,
    status: int,
    start: Callable[[], int],
    listening: socket.socket,
    tmp_path: Path,
) -> None:
    pid, url = start(), url_of(listening)
    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(ask, url, level) for level in range(4)]
        time.sleep(0.5)
        os.kill(pid, asked)
        assert [one.result() for one in running] == [0, 1, 2, 3]
    process = start.process  # type: ignore[attr-defined]
    process.join(30)
    assert process.exitcode == status
    assert (tmp_path / "log").read_text() == ("interrupted\n" if status else "")


def test_a_port_in_use_is_named(listening: socket.socket) -> None:
    port = listening.getsockname()[1]
    with pytest.raises(ConfigError, match=rf"--port {port}: Address already in use; give another"):
        listening_socket("127.0.0.1", port)


def test_an_address_of_no_machine_is_named() -> None:
    with pytest.raises(ConfigError, match=r"--host no\.such\.invalid: there is no such address"):
        listening_socket("no.such.invalid", 0)
    with pytest.raises(ConfigError, match="Cannot assign requested address"):
        listening_socket("192.0.2.1", 0)  # for documentation, RFC 5737


def test_an_address_is_one_of_a_browser() -> None:
    with listening_socket("127.0.0.1", 0) as made:
        assert url_of(made) == f"http://127.0.0.1:{made.getsockname()[1]}"
