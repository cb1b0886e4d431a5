"""Counts of predictions."""

import json
from pathlib import Path

import pytest

from resistor_cls.inference.counting import CountedFormat
from resistor_cls.inference.prediction import Candidate, Prediction
from resistor_cls.inference.value_table import ValueTable, VerdictTable

READ = Prediction(
    Path("a.jpg"), text="4.7 kΩ ±5 %", ohms=4700.0, confidence=0.972, accepted=True,
    markings=(("yellow", "violet", "red", "gold"),), expected=4700.0, verdict="yes",
    expected_probability=0.972,
    candidates=(Candidate("4.7 kΩ ±5 %", 4700.0, None, 0.972, 0.972),
                Candidate("470 Ω ±5 %", 470.0, None, 0.02, 0.02)),
)  # fmt: skip
REFUSED = Prediction(Path("b.jpg"), text="don't know", accepted=False, reason="the photo is dark")
BROKEN = Prediction(Path("c.jpg"), error="empty")
FILES = [Path("a.jpg"), Path("b.jpg")]


def test_counts_stand_below_the_lines_of_values(capsys: pytest.CaptureFixture[str]) -> None:
    table = CountedFormat("table", ValueTable(FILES))
    for one in (READ, REFUSED, READ, BROKEN):
        table.add([one])
    table.end()
    lines = capsys.readouterr().out.splitlines()
    # Columns of a fixed width: lines are printed as they come.
    assert lines[0] == (
        f"a.jpg   {'4.7 kΩ ±5 %':<15}   {'yellow violet red gold':<34}     97 %   "
        "(then 470 Ω ±5 %, 2 %)"
    )
    assert lines[1] == f"b.jpg   {'don’t know':<15}   the photo is dark".replace("’", "'")
    assert lines[4:] == [
        "2   4.7 kΩ ±5 %", "1   don't know", "1   cannot be read", "4   in all",
    ]  # fmt: skip


@pytest.mark.parametrize("form", ["json", "csv"])
def test_counts_replace_the_predictions(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    counted = CountedFormat(form)
    counted.add([READ, REFUSED])
    counted.end()
    text = capsys.readouterr().out
    if form == "csv":
        assert text.splitlines()[1:] == ["4.7 kΩ ±5 %,4700.0,,1", "don't know,,,1"]
    else:
        assert [row["count"] for row in json.loads(text)] == [1, 1]


def test_a_verdict_comes_first(capsys: pytest.CaptureFixture[str]) -> None:
    VerdictTable([Path("a.jpg")]).add([READ])
    assert capsys.readouterr().out == "a.jpg   yes          97 %   4.7 kΩ ±5 %\n"
