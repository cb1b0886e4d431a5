"""What `predict` prints of photos and categories with hostile names: all of it, and nothing raw."""

import csv
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image

from resistor_cls.inference import Predictor
from resistor_cls.model import ResistorNetwork
from resistor_cls.predict import main
from tests.helpers.photo_files import refuse_closed_folders
from tests.helpers.tiny_training import network

NAMES = ('=HYPERLINK("http://x")', "4K7\x1b[31m")
# Latin-1 as old zips hold it, a screen that is cleared, a row by itself, a reversed suffix.
PHOTOS = (b"Diren\xe7.jpg", b"a\x1b[2J.jpg", b"b\nc\td.jpg", "x\u202egpj.jpg".encode(), b"=1+1.jpg",
          "Größe.jpg".encode(), b"z" * 250 + b".jpg")  # fmt: skip


@pytest.fixture(scope="module")
def model() -> ResistorNetwork:
    torch.manual_seed(0)
    return network(NAMES)


@pytest.fixture
def predict(
    model: ResistorNetwork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., int]:
    monkeypatch.setattr(Predictor, "load", classmethod(lambda cls, file: Predictor(model)))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.ckpt").touch()
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in PHOTOS:
        Image.new("RGB", (40, 40), (90, 60, 30)).save(folder / "new.jpg")
        (folder / "new.jpg").rename(folder / os.fsdecode(name))

    return lambda *words: main([*map(str, words), "--model", "model.ckpt"])


class _Ascii(io.TextIOWrapper):
    """Standard output of a terminal that knows ASCII alone."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="ascii", errors="strict")

    def text(self) -> str:
        self.flush()
        return self.buffer.getvalue().decode()  # type: ignore[attr-defined]


def test_a_table_holds_a_line_a_photo_and_no_control_character(
    predict: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert predict("photos") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(PHOTOS)
    assert all(letter.isprintable() for line in lines for letter in line)
    assert any(r"Diren\xe7.jpg" in line for line in lines)
    assert any(r"b\nc\td.jpg" in line for line in lines)


@pytest.mark.parametrize("ascii_only", [False, True])
def test_json_is_valid_and_raw(
    ascii_only: bool,
    predict: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    output = _Ascii()
    if ascii_only:
        monkeypatch.setattr(sys, "stdout", output)
    assert predict("photos", "--format", "json") == 0
    text = output.text() if ascii_only else capsys.readouterr().out
    assert text.isascii() == ascii_only
    rows = json.loads(text)
    expected = {os.fsdecode(name) for name in PHOTOS[1:]} | {r"Diren\xe7.jpg"}
    assert {row["photo"].removeprefix("photos/") for row in rows} == expected
    assert {one["category"] for row in rows for one in row["candidates"]} == set(NAMES)


def test_csv_is_whole_and_runs_nothing(
    predict: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    os.chdir("photos")
    Path("model.ckpt").touch()
    assert predict(*sorted(Path().glob("*.jpg")), "--format", "csv", "--top", "1") == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out, newline="")))
    assert len(rows) == len(PHOTOS)
    assert "'=1+1.jpg" in {row["photo"] for row in rows}
    assert {row["category"] for row in rows} <= {f"'{NAMES[0]}", NAMES[1]}


@pytest.mark.parametrize("form", ["table", "csv"])
def test_an_output_without_umlauts_loses_no_photo(
    form: str, predict: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    output = _Ascii()
    monkeypatch.setattr(sys, "stdout", output)
    assert predict("photos", "--format", form, "--top", "1") == 0
    assert r"Gr\xf6\xdfe.jpg" in output.text()
    assert output.text().count(".jpg") == len(PHOTOS)


def test_photos_that_cannot_be_read_are_named_without_control_characters(
    predict: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    broken = Path("photos") / os.fsdecode(b"bad\xe7\x1b[2J.jpg")
    broken.write_bytes(b"")
    for form in ("json", "csv", "table"):
        assert predict("photos", "--format", form) == 2
        printed = capsys.readouterr()
        assert r"bad\xe7\x1b[2J.jpg: the file is empty" in printed.err
        assert "\x1b" not in printed.err
        if form == "csv":
            rows = csv.DictReader(io.StringIO(printed.out))
            assert ["bad" in row["error"] for row in rows if not row["text"]] == [True]
        if form == "json":
            (error,) = [row["error"] for row in json.loads(printed.out) if row["error"]]
            assert "bad\\xe7" in error


def test_a_page_and_copies_show_hostile_names_as_text(
    predict: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert predict("photos", "--format", "html", "--annotate", "copies") == 0
    page = capsys.readouterr().out
    assert page.isascii() and "\x1b" not in page
    assert page.count("<article>") == len(list(Path("copies").iterdir())) == len(PHOTOS)
    names = {"=HYPERLINK(&#34;http://x&#34;)", r"4K7\x1b[31m"}
    said = set(re.findall(r'<p class="said"><b>(.*?)</b>', page))
    assert said and said <= names


def test_what_is_left_out_is_said_beside_the_predictions(
    predict: Callable[..., int], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for name in ("1.heic", "2.HEIC", "3.gif"):
        (tmp_path / "photos" / name).touch()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    Image.new("RGB", (40, 40)).save(elsewhere / "linked.jpg")
    (tmp_path / "photos/link").symlink_to(elsewhere)
    assert predict("photos", "--format", "json") == 0
    printed = capsys.readouterr()
    assert len(json.loads(printed.out)) == len(PHOTOS) + 1
    assert "left out 3 of 11 files: 2 .heic, 1 .gif" in printed.err
    assert predict(elsewhere) == 0
    assert "left out" not in capsys.readouterr().err


def test_a_folder_that_may_not_be_read_is_an_error_after_the_predictions(
    predict: Callable[..., int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("photos/closed").mkdir()
    refuse_closed_folders(monkeypatch)
    assert predict("photos") == 2
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == len(PHOTOS)
    assert "error: these folders or files may not be read:\n  photos/closed" in printed.err


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("x" * 300, "does not exist"),
        ("/dev/null", "is neither a file nor a folder"),
        ("lost.jpg", "is a link that leads nowhere"),
    ],
)
def test_places_without_photos_are_named(
    place: str, says: str, predict: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("lost.jpg").symlink_to("nowhere.jpg")
    assert predict(place) == 2
    assert f"{says}: name photos, or folders of photos" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("form", "environment"),
    [("json", {"PYTHONIOENCODING": "ascii"}), ("table", {"LC_ALL": "C", "PYTHONUTF8": "0"})],
)
def test_a_terminal_of_another_encoding_gets_every_line(
    form: str, environment: dict[str, str], tmp_path: Path
) -> None:
    for number, name in enumerate(PHOTOS):
        Image.new("RGB", (64, 64), (90, 60, number)).save(tmp_path / "new.jpg")
        (tmp_path / "new.jpg").rename(tmp_path / os.fsdecode(name))
    words = [sys.executable, "-m", "resistor_cls.predict", str(tmp_path), "--format", form]
    done = subprocess.run(words, env={**os.environ, **environment}, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.count(b".jpg") >= len(PHOTOS)
