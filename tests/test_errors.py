"""How commands end, and what they never show."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from resistor_cls.errors import DONE, INTERRUPTED, run_command, without_passwords


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
        ("mysql+pymysql://a:b/c?d@h/e", "mysql+pymysql://a:b/c?d@h/e"),  # a slash ends the host
        ("sqlite:///mlflow.db", "sqlite:///mlflow.db"),
        ("http://host:5000/a@b", "http://host:5000/a@b"),
        ("me@host: no address", "me@host: no address"),
    ],
)
def test_passwords_are_cut_out_of_addresses(text: str, shown: str) -> None:
    assert without_passwords(text) == shown


def test_a_command_keeps_no_password(tmp_path: Path) -> None:
    """Not in its messages, nor in any file below its working folder."""
    words = ["tracking.uri=http://me:s3cret@127.0.0.1:9", "data.per_category=4"]
    done = subprocess.run(
        [sys.executable, "-m", "resistor_cls.train", *words],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "RESISTOR_CLS_CACHE": str(tmp_path / "cache")},
    )
    assert done.returncode == 2
    assert "http://me:***@127.0.0.1:9: nothing answers there" in done.stderr
    kept = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert kept
    assert not any(b"s3cret" in content for content in [*kept, done.stdout.encode()])
