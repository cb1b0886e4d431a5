import json
import multiprocessing
import os
import signal
import socket
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from resistor_cls.errors import ConfigError, run_command
from resistor_cls.serving.app import create_app
from resistor_cls.serving.server import listening_socket, serve, url_of
from resistor_cls.serving.service import Options
from tests.helpers.served import Brightness, as_predictor, photo


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with listening_socket("127.0.0.1", 0) as made:
        yield made


def _serve(predictor: Brightness, listening: socket.socket, log: Path) -> None:
    """What the process of the server does."""
    os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT), sys.stderr.fileno())
    app = create_app(as_predictor(predictor), Options())
    sys.exit(run_command(lambda: serve(app, listening, 30, lambda: None)))


def ask(url: str, level: int) -> float:
    request = urllib.request.Request(f"{url}/predict", photo(level), {"Content-Type": "image/png"})
    with urllib.request.urlopen(request, timeout=60) as response:
        return float(json.load(response)["predictions"][0]["ohms"])


def wait_for(url: str, line: str) -> None:
    """Waits for a line of the metrics."""
    found = ""
    while f"{line}\n" not in found:
        time.sleep(0.02)
        with urllib.request.urlopen(f"{url}/metrics", timeout=60) as response:
            found = response.read().decode()


@pytest.mark.parametrize(("asked", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_server_that_is_asked_to_stop_finishes_what_runs(
    asked: signal.Signals, status: int, listening: socket.socket, tmp_path: Path
) -> None:
    fork = multiprocessing.get_context("fork")  # a new interpreter would import PyTorch
    predictor, free = Brightness(), fork.Event()
    predictor.free = free  # type: ignore[assignment]
    process = fork.Process(target=_serve, args=(predictor, listening, tmp_path / "log"))
    process.start()
    url = url_of(listening)
    try:
        with ThreadPoolExecutor(4) as pool:
            running = [pool.submit(ask, url, level) for level in range(4)]
            wait_for(url, "resistor_cls_waiting_photos 4.0")
            os.kill(process.pid or 0, asked)
            free.set()
            assert [one.result() for one in running] == [0, 1, 2, 3]
        process.join(30)
        assert process.exitcode == status
        assert (tmp_path / "log").read_text() == ("interrupted\n" if status else "")
    finally:
        process.kill()
        process.join()


def test_a_port_in_use_is_named(listening: socket.socket) -> None:
    port = listening.getsockname()[1]
    with pytest.raises(ConfigError, match=rf"--port {port}: Address already in use; give another"):
        listening_socket("127.0.0.1", port)


def test_an_address_of_no_machine_is_named() -> None:
    with pytest.raises(ConfigError, match=r"--host no\.such\.invalid: no machine has this name"):
        listening_socket("no.such.invalid", 0)
    with pytest.raises(ConfigError, match=r"192\.0\.2\.1: this is not an address here; expected"):
        listening_socket("192.0.2.1", 0)  # for documentation, RFC 5737


def test_an_address_is_one_of_a_browser() -> None:
    with listening_socket("127.0.0.1", 0) as made:
        assert url_of(made) == f"http://127.0.0.1:{made.getsockname()[1]}"
