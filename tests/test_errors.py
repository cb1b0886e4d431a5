"""How commands end, and what they never show."""

import os
import signal
import subprocess
import sys
from pathlib import Path

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
