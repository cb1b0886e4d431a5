"""What `predict` prints of predictions, in each format."""

import csv
import io
import json
from pathlib import Path

import pytest

from resistor_cls.categories import Categories
from resistor_cls.inference.prediction import Box, Candidate, Prediction
from resistor_cls.inference.printing import Csv, Format, Json, JsonLines, Table

CATEGORIES = Categories(["10R_1W", "4K7_1-4W"])
CANDIDATES = tuple(
    Candidate.of(category, probability, confidence)
    for category, probability, confidence in zip(
        CATEGORIES, (0.9, 0.1), (0.984, 0.016), strict=True
    )
)
READ = Prediction(
    Path("a.jpg"), text="10 Ω ±5 %, 1 W", ohms=10.0, tolerance=0.05, watts=1.0,
    bands=("brown", "black", "black", "gold"), category="10R_1W", confidence=0.984,
    calibrated=True, accepted=True, located=True, box=Box(1, 2, 3, 4, 5), candidates=CANDIDATES,
    markings=(("brown", "black", "black", "gold"),),
)  # fmt: skip
REFUSED = Prediction(
    Path("b.jpg"), text="don't know", confidence=0.43, calibrated=True, accepted=False,
    reason="confidence too low for --risk 0.01; best guess 10 Ω ±5 %", candidates=CANDIDATES,
)  # fmt: skip
EMPTY = Prediction(
    Path("c.jpg"), text="no resistor found", accepted=False, located=False, candidates=CANDIDATES,
    reason="the detector finds no resistor body in the photo",
)  # fmt: skip
BROKEN = Prediction(Path("d.jpg"), error="d.jpg: the file is empty")
ALL = (READ, REFUSED, EMPTY, BROKEN)
FILES = [Path(f"{letter}.jpg") for letter in "abcd"]


def printed(form: Format, capsys: pytest.CaptureFixture[str]) -> str:
    form.begin()
    for one in ALL:
        form.add([one])
    form.end()
    return capsys.readouterr().out


def test_a_table_aligns_lines_and_puts_the_confidence_beside_what_it_is_of(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = printed(Table(FILES, CATEGORIES), capsys).splitlines()
    assert lines == [
        "a.jpg   10 Ω ±5 %, 1 W          98.4 %   brown black black gold",
        "b.jpg   don't know            confidence too low for --risk 0.01; best guess 10 Ω ±5 % "
        "(43.0 %)",
        "c.jpg   no resistor found",
    ]


def test_a_table_lists_further_candidates_and_all_of_a_refused_prediction(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = printed(Table(FILES, CATEGORIES, top=2), capsys)
    guesses = [line.split("   ") for line in text.splitlines() if line.startswith(" ")]
    names = [cells[-1] for cells in guesses]
    assert names == ["4K7_1-4W", "10R_1W", "4K7_1-4W"]
    assert text.count("98.4 %") == 2  # of the reading, and of the first guess of the refused one


def test_json_and_json_lines_hold_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    rows = json.loads(printed(Json(), capsys))
    lines = printed(JsonLines(), capsys).splitlines()
    assert [json.loads(line) for line in lines] == rows
    assert [row["text"] for row in rows] == [one.text for one in ALL]
    assert rows[0]["candidates"][1] == {
        "text": "4.7 kΩ ±5 %", "ohms": 4700.0, "category": "4K7_1-4W", "probability": 0.1,
        "confidence": 0.016,
    }  # fmt: skip
    assert rows[3]["error"] == "d.jpg: the file is empty"


def test_json_escapes_what_moves_a_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    JsonLines().add([Prediction(Path("a\x1b\x85.jpg"))])
    text = capsys.readouterr().out
    assert "\x1b" not in text and "\x85" not in text
    assert json.loads(text)["photo"] == "a\x1b\x85.jpg"


def test_csv_has_a_row_a_prediction_and_columns_for_candidates(
    capsys: pytest.CaptureFixture[str],
) -> None:
    read, refused, empty, broken = csv.DictReader(io.StringIO(printed(Csv(2), capsys)))
    assert (read["bands"], read["box_x"]) == ("brown black black gold", "1")
    assert (read["candidate_2"], read["probability_2"]) == ("4K7_1-4W", "0.1")
    assert (refused["text"], refused["confidence"]) == ("don't know", "0.43")
    assert (empty["box_x"], empty["confidence"]) == ("", "")
    assert (broken["candidate_1"], broken["error"]) == ("", "d.jpg: the file is empty")


def test_without_a_calibration_a_note_says_so_once(capsys: pytest.CaptureFixture[str]) -> None:
    one = Prediction(Path("a.jpg"), text="10 Ω", confidence=0.9, accepted=True)
    table = Table([Path("a.jpg")] * 2, CATEGORIES)
    table.add([one])
    table.add([one])
    assert capsys.readouterr().err == (
        "the percentages are uncalibrated: this model has no calibration\n"
    )
