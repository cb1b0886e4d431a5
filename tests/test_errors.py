"""How commands end, and what they never show."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from resistor_cls.errors import DONE, INTERRUPTED, run_command, without_passwords
from resistor_cls.train import main


@pytest.mark.parametrize(
    ("before", "status"), [(signal.SIG_DFL, INTERRUPTED), (signal.SIG_IGN, DONE)]
)
def test_a_closed_terminal_interrupts_unless_nohup_asked_otherwise(
    before: signal.Handlers, status: int
) -> None:
    was = signal.signal(signal.SIGHUP, before)
    try:
        assert run_command(lambda: os.kill(os.getpid(), signal.SIGHUP)) == status
        assert signal.getsignal(signal.SIGHUP) == before
    finally:
        signal.signal(signal.SIGHUP, was)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://me:s3cret@host/db", "postgresql://me:***@host/db"),
        ("see http://u:p%40ss@h:5000, and", "see http://u:***@h:5000, and"),
        ("https://:token@h", "https://:***@h"),
        ("mysql+pymysql://a:b/c?d@h/e", "mysql+pymysql://a:***@h/e"),
        ("http://me:pa@ss@h:5000/x is away", "http://me:***@h:5000/x is away"),
        (
            "postgresql://h/db?user=me&password=s3cret&a=b",
            "postgresql://h/db?user=me&password=***&a=b",
        ),
        ("https://token@h/x", "https://***@h/x"),
        ("[::1]: http://[::1]:5000/a", "[::1]: http://[::1]:5000/a"),
        ('{"a": "http://u:p@h", "b": "c@d"}', '{"a": "http://u:***@h", "b": "c@d"}'),
        ("sqlite:///mlflow.db", "sqlite:///mlflow.db"),
        ("http://host:5000/a@b", "http://host:5000/a@b"),
        ("me@host: no address", "me@host: no address"),
    ],
)
def test_passwords_are_cut_out_of_addresses(text: str, shown: str) -> None:
    assert without_passwords(text) == shown


@pytest.mark.parametrize("given", ["word", "sweep", "config"])
def test_a_command_keeps_no_password(
    given: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Not in its messages, nor in any file below its working folder."""
    address = "http://me:s3cret@127.0.0.1:9"
    words = ["data=resistor37", f"data.url={address}/x.zip", f"tracking.uri={address}"]
    if given == "sweep":
        words += ["-m", "seed=0,1", "tracking=none"]
    if given == "config":
        options = tmp_path.with_name(f"{tmp_path.name} options") / "experiment"
        options.mkdir(parents=True)
        text = f"# @package _global_\ntracking: {{uri: '{address}'}}\n"
        (options / "mine.yaml").write_text(text, encoding="utf-8")
        words[-1:] = ["experiment=mine", "--config-dir", str(options.parent)]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RESISTOR_CLS_CACHE", str(tmp_path / "cache"))
    if given == "word":  # as a user starts it
        status = subprocess.run([sys.executable, "-m", "resistor_cls.train", *words]).returncode
    else:
        status = main(words)
    assert status == 2
    printed, errors = capfd.readouterr()
    if given != "sweep":
        assert "http://me:***@127.0.0.1:9: nothing answers there" in errors
    kept = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert kept
    assert not any(b"s3cret" in content for content in [*kept, printed.encode(), errors.encode()])


def ended(code: str, **streams: Any) -> subprocess.CompletedProcess[str]:
    """A process that has run the code of a command."""
    start = "from resistor_cls.errors import end_process, run_command\n"
    streams = {"stdout": subprocess.PIPE, **streams}
    command = [sys.executable, "-c", start + textwrap.dedent(code)]
    return subprocess.run(command, text=True, stderr=subprocess.PIPE, **streams)


def test_the_end_of_a_command_waits_for_threads_and_exit_functions() -> None:
    done = ended("""
        import atexit, time
        from concurrent.futures import ThreadPoolExecutor
        atexit.register(print, "exit function")
        ThreadPoolExecutor().submit(lambda: (time.sleep(0.2), print("thread")))
        end_process(3)
    """)
    assert (done.returncode, done.stdout, done.stderr) == (3, "thread\nexit function\n", "")


def test_an_interruption_of_the_end_keeps_the_status_and_the_exit_functions() -> None:
    done = ended("""
        import atexit, os, signal, threading, time
        atexit.register(print, "exit function")
        def interrupt():
            time.sleep(0.2)
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(60)
        threading.Thread(target=interrupt).start()
        end_process(3)
    """)
    assert (done.returncode, done.stdout, done.stderr) == (3, "exit function\n", "")


def test_a_profiler_goes_on_where_a_command_ends(tmp_path: Path) -> None:
    profile = tmp_path / "profile"
    words = ["-m", "cProfile", "-o", str(profile), "-m", "resistor_cls", "--version"]
    assert subprocess.run([sys.executable, *words], stdout=subprocess.DEVNULL).returncode == 0
    assert profile.is_file()


def test_output_that_cannot_be_written_is_an_error() -> None:
    code = 'end_process(run_command(lambda: print("a prediction")))'
    with Path("/dev/full").open("w") as full:
        done = ended(code, stdout=full, env={**os.environ, "PYTHONUNBUFFERED": ""})
    assert done.returncode == 2
    assert done.stderr.startswith("error: the output cannot be written: No space left")
    assert done.stderr.count("\n") == 1
