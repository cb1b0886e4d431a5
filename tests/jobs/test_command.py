"""The command `resistor-cls`: what it lists and passes on, and how commands call themselves."""

import subprocess
import sys
from pathlib import Path

import pytest

import resistor_cls
from resistor_cls.__main__ import SUBCOMMANDS, main

PACKAGE = Path(resistor_cls.__file__).parent
HEAVY = ("torch", "lightning", "mlflow", "pandas", "hydra", "cv2", "PIL", "numpy")


def run(
    *words: str, script: bool = False, tmp_path: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs the command by its module, or by a script as an installed package has it."""
    begin = [sys.executable, "-m", "resistor_cls"]
    if script:
        assert tmp_path is not None
        file = tmp_path / "resistor-cls"
        file.write_text("from resistor_cls.__main__ import command\ncommand()\n")
        begin = [sys.executable, str(file)]
    return subprocess.run([*begin, *words], capture_output=True, text=True)


def test_every_command_is_a_subcommand() -> None:
    of_files = {
        path.stem for path in PACKAGE.glob("*.py") if "def main(" in path.read_text("utf-8")
    }
    assert set(SUBCOMMANDS) == of_files - {"__main__"}


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"]])
def test_without_a_subcommand_they_are_listed(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 0
    lines = capsys.readouterr().out.splitlines()
    for name, what in SUBCOMMANDS.items():
        assert any(line.split() == [name, *what.split()] for line in lines)


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"resistor_cls {resistor_cls.__version__}\n"


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("predit", "has no subcommand predit: did you mean predict?"),
        (
            "xyz",
            "has no subcommand xyz: valid: audit, describe, evaluate, export, predict, promote,",
        ),
        ("--colour", "has no option --colour: valid:"),
    ],
)
def test_a_wrong_subcommand_is_an_error_with_a_suggestion(
    word: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([word, "photo.jpg"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1
    assert says in error


def test_neither_the_list_nor_a_wrong_word_imports_anything_heavy() -> None:
    code = f"""
import sys
from resistor_cls.__main__ import main
main([]), main(["predit"]), main(["predict"])
print([name for name in {HEAVY} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_help_and_errors_name_the_command_as_it_was_called(tmp_path: Path) -> None:
    by_script = run("predict", "--help", script=True, tmp_path=tmp_path)
    assert by_script.stdout.startswith("usage: resistor-cls predict PHOTO_OR_FOLDER…")
    assert "\n  resistor-cls predict photo.jpg\n" in by_script.stdout
    by_package = run("predict", "--help")
    assert by_package.stdout.startswith("usage: python -m resistor_cls predict PHOTO")
    words = [sys.executable, "-m", "resistor_cls.predict", "--help"]
    by_module = subprocess.run(words, capture_output=True, text=True)
    assert by_module.stdout.startswith("usage: python -m resistor_cls.predict PHOTO")
    assert (
        "resistor-cls train [key=value" in run("train", "-h", script=True, tmp_path=tmp_path).stdout
    )
    wrong = run("tain", script=True, tmp_path=tmp_path)
    assert wrong.stderr == "error: resistor-cls has no subcommand tain: did you mean train?\n"
    assert wrong.returncode == 2


def test_the_status_of_a_subcommand_is_the_status_of_the_command() -> None:
    done = run("predict", "nowhere.jpg")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: nowhere.jpg does not exist")


def test_the_help_of_predict_says_the_limit_of_a_risk() -> None:
    text = " ".join(run("predict", "--help").stdout.split())
    assert "The guarantee holds only for photos like those that calibrated the model" in text
    for flag in ("--all", "--annotate FOLDER", "--format {table,json,jsonl,csv,html}", "--top N"):
        assert flag in text


def test_the_predictor_is_imported_when_it_is_asked_for() -> None:
    code = f"""
import sys
import resistor_cls
assert {{"Predictor", "Prediction"}} <= set(dir(resistor_cls))
try:
    resistor_cls.Predicter
except AttributeError as error:
    print(error)
print([name for name in {HEAVY} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    missing = "module 'resistor_cls' has no attribute 'Predicter'"
    assert done.stdout.splitlines() == [missing, "[]"]

    from resistor_cls import Prediction, Predictor, inference

    assert (Prediction, Predictor) == (inference.Prediction, inference.Predictor)
