import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from resistor_cls.render import main


def test_the_command_draws_the_categories_and_names_the_next_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = tmp_path / "names.txt"
    names.write_text("left\nright\n", encoding="utf-8")
    out = tmp_path / "drawn"
    arguments = [str(out), "--categories", str(names), "--per-category", "1", "--size", "64"]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert f"python -m resistor_cls.train data=folder data.root={out}" in printed
    assert len(list(out.rglob("*.jpg"))) == 2


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--size", "63", "--size 63: expected 64 to 2000"),
        ("--size", "2001", "--size 2001: expected 64 to 2000"),
        ("--per-category", "0", "--per-category 0: expected at least 1"),
        ("--workers", "0", "--workers 0: expected at least 1"),
        ("--seed", "-1", "--seed -1: expected at least 0"),
        ("--categories", "absent.txt", "categories file absent.txt"),
    ],
)
def test_wrong_options_end_with_2_and_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str, value: str, says: str
) -> None:
    assert main([str(tmp_path / "drawn"), option, value]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert says in error
    assert not (tmp_path / "drawn").exists()


def test_workers_end_with_a_killed_command_and_the_next_goes_on(tmp_path: Path) -> None:
    names, out = tmp_path / "names.txt", tmp_path / "drawn"
    names.write_text("left\nright\n", encoding="utf-8")
    words = [str(out), "--categories", str(names), "--per-category", "60", "--size", "160"]
    command = subprocess.Popen(
        [sys.executable, "-m", "resistor_cls.render", *words, "--workers", "2"],
        stderr=subprocess.DEVNULL,
    )
    until(lambda: list(out.rglob("*.jpg")), 60)
    workers = psutil.Process(command.pid).children(recursive=True)
    assert len(workers) >= 2
    command.kill()
    command.wait()
    until(lambda: not any(map(running, workers)), 10)
    drawn = {path: path.stat().st_mtime_ns for path in out.rglob("*.jpg")}
    assert len(drawn) < 120
    assert main([*words, "--workers", "1"]) == 0
    assert len(list(out.rglob("*.jpg"))) == 120
    assert {path: path.stat().st_mtime_ns for path in drawn} == drawn
    assert not list(out.rglob("*.tmp"))


def running(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def until(met: Callable[[], object], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.05)
