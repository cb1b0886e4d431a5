"""How commands show their help, and name what was given."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from resistor_cls.__main__ import main
from resistor_cls.predict import main as predict
from tests.helpers import ROOT

SHOWING = ["train --help", "evaluate --help", "predict --help", "render -h", "--help", "--version"]


def run(words: str, **how: object) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "resistor_cls", *words.split()]
    return subprocess.Popen(command, stderr=subprocess.PIPE, cwd=ROOT, **how)  # type: ignore[call-overload]


@pytest.mark.parametrize("words", [*SHOWING, "train --cfg job"])
def test_a_closed_pipe_ends_a_command_quietly(words: str) -> None:
    read, write = os.pipe()
    os.close(read)
    command = run(words, stdout=write)
    os.close(write)
    assert command.communicate()[1] == b""
    assert command.returncode == 0


@pytest.mark.parametrize("words", SHOWING)
def test_help_is_shown_in_ascii(words: str) -> None:
    command = run(words, stdout=subprocess.PIPE, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    shown, error = command.communicate()
    assert (command.returncode, error) == (0, b"")
    assert shown.decode("ascii") and b"\\u" not in shown


def test_an_empty_subcommand_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([""]) == 2
    assert "expected a subcommand, found an empty word" in capsys.readouterr().err


def test_the_tracking_store_is_named_by_its_option(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.jpg").touch()
    model = ["--model", "runs:/a/model"]
    for words in (["--tracking-uri", "runs"], ["--tracking-uri=ftp://x"]):
        assert predict([str(tmp_path / "a.jpg"), *model, *words]) == 2
        error = capsys.readouterr().err
        assert error.startswith("error: --tracking-uri ") and "tracking.uri" not in error
    store = f"sqlite:///{tmp_path / 'none.db'}"
    assert predict([str(tmp_path / "a.jpg"), *model, "--tracking-uri", store]) == 2
    assert "or name its store by --tracking-uri …" in capsys.readouterr().err
