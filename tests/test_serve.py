"""`serve` with arguments that cannot be used: one message, exit status 2."""

import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from resistor_cls.serve import TOKEN, main
from tests.helpers import ROOT


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(TOKEN, raising=False)
    (tmp_path / "file").write_text("two words")
    yield tmp_path


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["--host", "0.0.0.0"], "others could use the service without a token; give --token-file"),
        (["--host", "192.0.2.1"], "--host 192.0.2.1: others could use"),
        (
            ["--host", "no.such.invalid"],
            "--host no.such.invalid: no machine has this name",
        ),
        (["--host", "0.0.0.0", "--token-file", "file"], "--token-file file holds no token"),
        (["--token-file", "absent"], "--token-file absent cannot be read: No such file"),
        (["--port", "65536"], "--port 65536: expected 0 to 65535"),
        (["--port", "web"], "argument --port: invalid int value: 'web'"),
        (["--max-photos", "0"], "--max-photos 0: expected 1 or more"),
        (["--timeout", "nan"], "--timeout nan: expected 1 or more"),
        (["--threshold", "2"], "--threshold 2: expected 0 to 1"),
        (["--model", "absent.ckpt"], "--model=absent.ckpt does not exist"),
        (["--review", "file"], "--review file: File exists; name another folder"),
        (["--review", "file/below"], "--review file/below: Not a directory"),
    ],
)
def test_an_argument_that_cannot_be_used_is_named(
    words: list[str], found: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: ") and len(err.splitlines()) == 1
    assert found in err


def test_an_empty_token_of_the_environment_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(TOKEN, " ")
    assert main(["--host", "0.0.0.0"]) == 2
    assert f"${TOKEN} holds no token" in capsys.readouterr().err


def test_a_port_in_use_is_found_out_before_the_model_is_loaded(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def loaded(*_: Any) -> None:
        raise AssertionError

    monkeypatch.setattr("resistor_cls.serve._predictor", loaded)
    with socket.create_server(("127.0.0.1", 0)) as used:
        port = used.getsockname()[1]
        assert main(["--port", str(port)]) == 2
    assert f"--port {port}: Address already in use" in capsys.readouterr().err


@pytest.mark.parametrize("library", ["prometheus_client", "python_multipart"])
def test_a_missing_library_is_named(
    library: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    for name in [name for name in sys.modules if name.startswith("resistor_cls.serving.")]:
        monkeypatch.delitem(sys.modules, name)
    assert main(["--port", "0"]) == 2
    assert f"{library} is not installed: pip install" in capsys.readouterr().err


@pytest.mark.slow
def test_the_model_of_the_package_is_served(place: Path) -> None:
    (place / "token").write_text("secret\n")
    words = ["--host", "0.0.0.0", "--port", "0", "--token-file", "token"]
    server = subprocess.Popen(
        [sys.executable, "-m", "resistor_cls.serve", *words],
        env={"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        line = server.stdout.readline()
        assert line.startswith("rendered is served on http://0.0.0.0:")
        url = line.split()[4]
        asked = urllib.request.Request(f"{url}/model", headers={"Authorization": "Bearer secret"})
        with urllib.request.urlopen(asked) as response:
            assert b'"reads":"values"' in response.read()
        server.terminate()
        assert server.wait(30) == 0
    finally:
        server.kill()
        server.wait()
