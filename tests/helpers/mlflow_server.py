"""`mlflow models serve`, in an environment with the libraries of this one, without this package."""

import json
import os
import socket
import subprocess
import time
import urllib.request
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

# Without PYTHONPATH, which may name this package.
BARE = {key: os.environ[key] for key in ("HOME", "OMP_NUM_THREADS") if key in os.environ}
PATIENCE = 300  # seconds until a server on a busy machine answers


def environment(folder: Path) -> Path:
    """The programs of an environment with the libraries of this one, and without this package."""
    venv.create(folder, with_pip=False)
    programs = folder / "bin"
    (site,) = folder.glob("lib/python*/site-packages")
    # Of a folder that such a file names, further such files, as of editable packages, do not count.
    (site / "libraries.pth").write_text(f"{Path(np.__file__).parents[1]}\n")
    uvicorn = programs / "uvicorn"  # MLflow starts the first one of the path
    uvicorn.write_text(f"#!{programs / 'python'}\nfrom uvicorn import main\nmain()\n")
    uvicorn.chmod(0o755)
    return programs


@contextmanager
def serving(model: Path, programs: Path, folder: Path) -> Iterator[str]:
    """The address of `mlflow models serve`, started in a folder."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = ["models", "serve", "-m", str(model), "--env-manager", "local", "-p", str(port)]
    env = {**BARE, "PATH": f"{programs}:/usr/bin:/bin"}
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(
            [programs / "python", "-m", "mlflow", *words],
            cwd=folder, env=env, stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        wait_for(f"http://127.0.0.1:{port}/ping", server, folder / "server.log")
        yield f"http://127.0.0.1:{port}/invocations"
    finally:
        server.terminate()
        server.wait(60)


def wait_for(address: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.5)
    raise AssertionError(log.read_text())


def predictions(address: str, body: Any) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(address, content, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=PATIENCE) as response:
        return json.load(response)["predictions"]
