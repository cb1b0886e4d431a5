"""`--help` of the commands that Hydra configures."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from resistor_cls.audit import main as audit
from resistor_cls.config import CONF, groups
from resistor_cls.config.help import summary
from resistor_cls.evaluate import main as evaluate
from resistor_cls.train import main as train
from tests.helpers import ROOT

HEAVY = ("hydra", "omegaconf", "torch", "lightning", "mlflow", "pandas")
USED = {
    train: set(groups()),
    evaluate: {"data", "trainer", "tracking"},
    audit: {"data", "trainer", "tracking"},
}


@pytest.mark.parametrize("command", USED)
def test_help_lists_the_groups_that_the_command_uses(
    command: object, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")  # a line an option: narrower terminals wrap some
    assert command(["--help"]) == 0  # type: ignore[operator]
    shown = capsys.readouterr().out
    assert "Examples:" in shown
    listing = shown.partition("Choices, ")[2].partition("Flags:")[0]
    assert set(re.findall(r"^  (\w+) ", listing, re.MULTILINE)) == USED[command]  # type: ignore[index]
    for group in USED[command]:  # type: ignore[index]
        for option in groups()[group]:
            line = rf"^.{{12}}[* ] {option} +{re.escape(summary(CONF / group / f'{option}.yaml'))}$"
            assert len(re.findall(line.replace("{12}", "{11,12}"), listing, re.MULTILINE)) == 1
    assert ("-m  " in shown) == (command is train)


def test_every_option_says_in_a_line_what_it_is() -> None:
    for group, options in groups().items():
        for option in options:
            assert 4 <= len(summary(CONF / group / f"{option}.yaml")) <= 68, f"{group}={option}"


@pytest.mark.parametrize("columns", [80, 100])
def test_help_fits_the_terminal_and_loads_nothing(columns: int, tmp_path: Path) -> None:
    own = tmp_path / "my_conf" / "experiment" / "mine.yaml"
    own.parent.mkdir(parents=True)
    own.write_text("# @package _global_\n# What I always run.\nseed: 4\n", encoding="utf-8")
    code = (
        "import sys; from resistor_cls.train import main; main(['--config-dir', 'my_conf', '-h']); "
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"COLUMNS": str(columns), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    *lines, loaded = done.stdout.splitlines()
    assert loaded == "[]"
    assert re.search(r"mine +What I always run$", done.stdout, re.MULTILINE)
    listing = lines[next(i for i, line in enumerate(lines) if line.startswith("Choices")) + 1 :]
    assert max(map(len, listing)) <= columns


def test_help_of_an_unknown_key_names_similar_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert train(["--help", "trainer.monitr"]) == 2
    assert "--help trainer.monitr: no such key; did you mean trainer.monitor" in (
        capsys.readouterr().err
    )
    assert train(["--config-dir", "mine", "--help"]) == 0  # not a key, but a folder
