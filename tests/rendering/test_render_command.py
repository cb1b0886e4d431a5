import subprocess
import sys
from pathlib import Path

import pytest

from resistor_cls.render import main


def test_the_command_draws_what_was_asked_and_says_how_to_go_on(tmp_path: Path, capsys):
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
    tmp_path: Path, capsys, option: str, value: str, says: str
):
    assert main([str(tmp_path / "drawn"), option, value]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert says in error
    assert not (tmp_path / "drawn").exists()


def test_help_is_instant_and_drawing_needs_no_net():
    code = (
        "import sys, resistor_cls.render as command\n"
        "assert 'cv2' not in sys.modules and 'numpy' not in sys.modules\n"
        "import resistor_cls.rendering\n"
        "assert not {'torch', 'hydra', 'mlflow'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
