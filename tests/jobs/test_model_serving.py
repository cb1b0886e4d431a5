"""MLflow serves a logged model over HTTP where this package is not."""

import base64
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
import pytest

from resistor_cls.inference import Predictor
from resistor_cls.inference.samples import input_example
from resistor_cls.tracking.model.logged_model import write_model
from tests.helpers.exports import original
from tests.helpers.model_files import save_checkpoint

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


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*type hint")  # MLflow warns of its own types
def test_mlflow_serves_a_model_without_this_package(tmp_path: Path, photos: Path) -> None:
    checkpoint, model, elsewhere = (tmp_path / name for name in ("best.ckpt", "model", "elsewhere"))
    save_checkpoint(original(), checkpoint)
    write_model(model, checkpoint, input_example(3))
    checkpoint.rename(tmp_path / "moved.ckpt")  # the model has its own
    elsewhere.mkdir()
    programs = environment(tmp_path / "environment")
    find = "import importlib.util as u; print(getattr(u.find_spec('resistor_cls'), 'origin', None))"
    words = [str(programs / "python"), "-c", find]
    found = subprocess.run(
        words, cwd=elsewhere, env=BARE, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "None"

    files = sorted(photos.rglob("*.jpg"))[::16]
    here = Predictor.load(tmp_path / "moved.ckpt")
    wanted = json.loads(json.dumps([one.as_json() for one in here.predict(map(str, files))]))
    in_memory = [one | {"photo": None} for one in wanted]
    texts = [base64.b64encode(file.read_bytes()).decode() for file in files]
    with serving(model, programs, elsewhere) as address:
        assert (
            predictions(address, {"dataframe_records": [{"photo": one} for one in texts]})
            == in_memory
        )
        assert predictions(address, {"inputs": {"photo": texts}}) == in_memory
        assert predictions(address, {"inputs": [str(file) for file in files]}) == wanted
        (failed,) = predictions(address, {"inputs": ["gone.jpg"]})
        assert failed["error"].startswith("gone.jpg")
        example = (model / "serving_input_example.json").read_bytes()
        (shown,) = predictions(address, example)
        assert shown == json.loads(json.dumps(here.predict(input_example(3)[0]).as_json()))
