"""`predict` with a model of categories: every format, copies, several bodies."""

import csv
import io
import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from resistor_cls import Predictor
from resistor_cls.categories import Categories
from resistor_cls.data import read_photo
from resistor_cls.errors import ConfigError, DataError
from resistor_cls.inference import Prediction
from resistor_cls.inference.drawing import annotated
from resistor_cls.model import ResistorNetwork
from resistor_cls.predict import main
from resistor_cls.synthetic import generate_dataset

SIDE = 300
FIELDS = {
    *("photo", "text", "ohms", "tolerance", "watts", "bands", "category", "confidence"),
    *("calibrated", "accepted", "reason", "located", "familiar", "box", "candidates"),
    *("error", "markings", "body"),
}
LOW, HIGH = "4700Mohm/4700Mohm_(2).jpg", "220R_2W/220R_2W_(2).jpg"

Command = Callable[..., tuple[int, str, str]]  # exit status, output and errors


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    """The package's weights, as after a training on the 37 categories that changed nothing."""
    network = ResistorNetwork.load("rendered")
    with torch.no_grad():
        network.backbone.head.bias += 1e-3  # of all categories: probabilities stay as they are
    return Predictor(network)


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos of two categories; a body fills a fifth of their width."""
    out, names = tmp_path_factory.mktemp("synthetic bodies") / "photos", ["220R_2W", "4700Mohm"]
    counts = dict.fromkeys(names, 2)
    return generate_dataset(out, Categories(names), counts, size=SIDE, workers=1, progress=False)


@pytest.fixture
def photos(synthetic: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two photos of one name, an empty one, one of two bodies, and one that is rotated by EXIF."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "photos"
    for place, name in (("a/x.jpg", LOW), ("b/x.jpg", HIGH)):
        (folder / place).parent.mkdir(parents=True)
        shutil.copy(synthetic / name, folder / place)
    Image.new("RGB", (300, 200), (200, 200, 200)).save(folder / "empty.png")
    both = np.concatenate([read_photo(synthetic / LOW), read_photo(synthetic / HIGH)], axis=1)
    Image.fromarray(both).save(folder / "two.png")
    exif = Image.Exif()
    exif[0x0112] = 6  # shown after a quarter turn clockwise
    upright = Image.fromarray(both)
    upright.rotate(90, expand=True).save(folder / "rotated.png", exif=exif)
    return folder


@pytest.fixture
def predict(
    predictor: Predictor,
    photos: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Command]:
    """Runs the command with a model that is loaded once; returns status, output and errors."""
    monkeypatch.setattr(
        Predictor, "load", classmethod(lambda cls, file: Predictor(predictor._model))
    )

    def run(*words: object) -> tuple[int, str, str]:
        status = main([str(word) for word in words])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    yield run
    predictor._model.set_inference(views=1, probability_threshold=0)


def centre(boxes: Path, name: str) -> tuple[float, float]:
    with (boxes / "boxes.csv").open(encoding="utf-8") as file:
        (row,) = [row for row in csv.DictReader(file) if row["file"] == name]
    return SIDE * float(row["x_center"]), SIDE * float(row["y_center"])


def test_one_photo_is_one_line_in_words(predict: Command) -> None:
    status, out, err = predict("photos/a/x.jpg")
    assert status == 0
    percent = r"> 99\.9 %|\d\d\.\d %"
    bands = "yellow violet silver gold"
    line = rf"photos/a/x\.jpg   0\.47 Ω ±5 %   ({percent})   {bands}   label 4700Mohm\n"
    assert re.fullmatch(line, out), out
    assert err == ""
    assert predict("photos/empty.png") == (0, "photos/empty.png   no resistor found\n", "")


def test_percentages_without_calibration_are_called_uncalibrated(
    predict: Command, predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(predictor._model.metadata, "calibration")
    _, _, err = predict("photos/a/x.jpg")
    assert err == "the percentages are uncalibrated: this model has no calibration\n"


def test_a_terminal_without_an_omega_says_ohm(
    predict: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")  # as of Windows: it has ±, no Ω
    monkeypatch.setattr("sys.stdout", output)
    assert predict("photos/a/x.jpg")[0] == 0
    output.seek(0)
    assert "0.47 ohm +/-5 %" in output.read()


def test_the_others_stand_on_indented_lines(predict: Command) -> None:
    _, out, _ = predict("photos/a/x.jpg", "photos/empty.png", "--top", "3")
    first, *others, empty = out.splitlines()
    assert first.startswith("photos/a/x.jpg     0.47 Ω")
    assert len(others) == 2
    assert all(re.match(r" {19}\S.*Ω.* %   \S+$", line) for line in others)
    assert empty == "photos/empty.png   no resistor found"


def test_what_is_refused_is_dont_know_with_the_best_guess(predict: Command) -> None:
    _, out, _ = predict("photos/a/x.jpg", "--threshold", "1")
    assert "don't know" in out
    limit = "confidence too low for --threshold 1"
    percent = r"> 99\.9 %|\d\d\.\d %"
    reason = rf"don't know   {limit}; best guess 0\.47 Ω ±5 % \(({percent})\)\n"
    assert re.search(rf"   {reason}$", out), out
    _, out, _ = predict("photos/a/x.jpg", "--threshold", "1", "--format", "json")
    (row,) = json.loads(out)
    assert (row["accepted"], row["ohms"], row["category"], row["bands"]) == (False, *[None] * 3)
    assert row["candidates"][0]["category"] == "4700Mohm"


def test_json_has_the_fields_of_the_interface(predict: Command, synthetic: Path) -> None:
    status, out, _ = predict("photos/a/x.jpg", "photos/empty.png", "--format", "json")
    assert status == 0
    found, empty = json.loads(out)
    assert set(found) == set(empty) == FIELDS
    assert (found["text"], found["ohms"], found["tolerance"]) == ("0.47 Ω ±5 %", 0.47, 0.05)
    assert found["bands"] == ["yellow", "violet", "silver", "gold"]
    assert (found["watts"], found["category"], found["error"]) == (None, "4700Mohm", None)
    assert (found["accepted"], found["located"], found["calibrated"]) == (True, True, True)
    x, y = centre(synthetic, LOW)
    assert (found["box"]["x"], found["box"]["y"]) == (
        pytest.approx(x, abs=6),
        pytest.approx(y, abs=6),
    )
    assert 0 <= found["box"]["degrees"] < 180 and found["box"]["length"] > found["box"]["width"] > 0
    assert len(found["candidates"]) == 3
    best = found["candidates"][0]
    assert (best["text"], best["ohms"], best["category"]) == ("0.47 Ω ±5 %", 0.47, "4700Mohm")
    assert best["confidence"] == found["confidence"] != best["probability"]
    assert (empty["text"], empty["accepted"], empty["located"]) == (
        "no resistor found",
        False,
        False,
    )
    assert (empty["box"], empty["confidence"], empty["category"]) == (None, None, None)
    assert "no resistor body" in empty["reason"] and len(empty["candidates"]) == 3


def test_the_other_formats_say_the_same(predict: Command) -> None:
    Path("photos/broken.jpg").write_bytes(b"no photo")
    rows = json.loads(predict("photos", "--format", "json")[1])
    status, lines, err = predict("photos", "--format", "jsonl")
    assert [json.loads(line) for line in lines.splitlines()] == rows
    assert status == 2 and "1 of 6 photos cannot be read:\n  photos/broken.jpg: " in err
    table = list(csv.DictReader(io.StringIO(predict("photos", "--format", "csv")[1])))
    assert len(table) == len(rows) == 6
    for row, line in zip(rows, table, strict=True):
        assert (line["photo"], line["text"]) == (row["photo"], row["text"] or "")
        assert line["bands"] == " ".join(row["bands"] or [])
        for name in ("ohms", "confidence"):
            assert (float(line[name]) if line[name] else None) == row[name]
        assert line["error"] == (row["error"] or "")
        box = row["box"] or {}
        assert [float(line[f"box_{name}"]) for name in box] == list(box.values())
        for rank, one in enumerate(row["candidates"], start=1):
            assert line[f"candidate_{rank}"] == one["category"]
            assert float(line[f"probability_{rank}"]) == one["probability"]


def test_each_body_of_a_photo_is_a_row(predict: Command, synthetic: Path) -> None:
    _, out, _ = predict("photos/two.png", "photos/empty.png", "--all", "--format", "jsonl")
    *bodies, empty = map(json.loads, out.splitlines())
    assert [body["body"] for body in bodies] == [1, 2]
    assert {body["photo"] for body in bodies} == {"photos/two.png"}
    left, right = sorted(bodies, key=lambda body: body["box"]["x"])
    for body, name, shift in ((left, LOW, 0), (right, HIGH, SIDE)):
        x, y = centre(synthetic, name)
        assert body["box"]["x"] == pytest.approx(x + shift, abs=6)
        assert body["box"]["y"] == pytest.approx(y, abs=6)
    assert left["candidates"][0]["category"] == "4700Mohm"
    assert (empty["body"], empty["text"]) == (None, "no resistor found")
    _, out, _ = predict("photos/two.png", "--all")
    assert [line.split("   ")[0] for line in out.splitlines()] == [
        "photos/two.png #1", "photos/two.png #2",
    ]  # fmt: skip


def opened(name: str) -> Image.Image:
    return Image.fromarray(read_photo(Path(name)))


def coloured(image: Image.Image, colour: tuple[int, int, int]) -> np.ndarray:
    """(height, width) where a picture has nearly a colour."""
    return np.abs(np.asarray(image).astype(int) - colour).max(axis=2) < 40


GREEN, ORANGE = (64, 220, 130), (255, 167, 38)


def test_annotated_copies_lie_as_the_photos_do_and_change_none(
    predict: Command, photos: Path
) -> None:
    before = {path: path.read_bytes() for path in photos.rglob("*") if path.is_file()}
    assert predict("photos", "--annotate", "out", "--all")[0] == 0
    copies = {path.relative_to("out").as_posix() for path in Path("out").rglob("*.*")}
    assert copies == {f"{name}.annotated.jpg" for name in ("a/x", "b/x", "empty", "two", "rotated")}
    assert {path: path.read_bytes() for path in photos.rglob("*") if path.is_file()} == before
    copy = opened("out/a/x.annotated.jpg")
    assert copy.width == 960 and copy.height > 960  # small photos are enlarged, words below
    (box,) = [body["box"] for body in json.loads(predict("photos/a/x.jpg", "--format", "json")[1])]
    found = np.argwhere(coloured(copy.crop((0, 0, 960, 950)), GREEN))
    middle = (found.min(axis=0) + found.max(axis=0)) / 2 * SIDE / 960
    assert middle == pytest.approx([box["y"], box["x"]], abs=3)
    assert not coloured(opened("out/empty.annotated.jpg"), GREEN).any()
    # The photo that is rotated by EXIF is the same photo, upright.
    turned = opened("out/rotated.annotated.jpg")
    assert turned.size == opened("out/two.annotated.jpg").size


def test_annotated_copies_are_not_read_by_the_next_run(predict: Command, photos: Path) -> None:
    (photos / "more").mkdir()
    shutil.copy(photos / "a/x.jpg", photos / "more/y.annotated.jpg")
    shutil.copy(photos / "a/x.jpg", photos / "more/y.jpg")
    mine = (photos / "more/y.annotated.jpg").read_bytes()
    for _ in range(2):
        _, out, _ = predict("photos", "--annotate", "photos/copies", "--format", "jsonl")
        assert len(out.splitlines()) == 7
    assert len(list(photos.glob("copies/**/*.jpg"))) == 7
    # A file that is named is meant, wherever it lies, and is not overwritten.
    words = ("photos/more/y.jpg", "photos/more/y.annotated.jpg", "--annotate", "photos/more")
    assert predict(*words)[0] == 0
    assert (photos / "more/y.annotated.jpg").read_bytes() == mine
    names = {path.name for path in (photos / "more").iterdir()}
    assert names == {
        "y.jpg", "y.annotated.jpg", "y-2.annotated.jpg", "y.annotated.annotated.jpg",
    }  # fmt: skip
    status, out, err = predict("photos", "--annotate", "photos")
    assert (status, out) == (2, "") and "name another folder for the copies" in err
    assert "is a file: name a folder" in predict("photos", "--annotate", "photos/two.png")[2]


def test_a_long_name_of_bytes_has_a_copy(predict: Command, photos: Path) -> None:
    shutil.copy(photos / "a/x.jpg", photos / ("ü" * 124 + ".jpg"))
    assert predict(photos, "--annotate", "out")[0] == 0
    assert sum(path.name.startswith("ü") for path in Path("out").iterdir()) == 1


@pytest.mark.parametrize("shape", [(40, 40), (30, 2000), (2000, 30), (1, 1), (900, 5000)])
def test_photos_of_any_shape_are_annotated(shape: tuple[int, int]) -> None:
    said = Prediction(None, text="don't know", accepted=False, confidence=0.4, reason="word " * 90)
    image = annotated(np.full((*shape, 3), 90, np.uint8), [said])
    assert 720 <= image.width <= 2400
    assert image.height <= 2400 + 2 * image.width
    assert coloured(image, ORANGE).any()


def test_the_page_stands_alone_and_shows_each_photo(predict: Command, photos: Path) -> None:
    Path("photos/<b>&.jpg").write_bytes(b"no photo")
    status, page, _ = predict("photos", "--format", "html", "--all", "--top", "2")
    assert status == 2  # for the broken photo
    assert page.startswith("<!doctype html>") and page.rstrip().endswith("</html>")
    assert page.isascii()
    assert page.count("<article>") == 6
    sources = re.findall(r'(?:src|href)="([^"]{0,40})', page)
    assert sources and all(one.startswith("data:image/jpeg;base64,") for one in sources)
    assert not re.search(r"https?:|@import|url\(", page)
    assert "photos/&lt;b&gt;&amp;.jpg" in page and "<b>&.jpg" not in page
    assert re.search(r'<li style="background: #f5d32c; color: #111418">yellow</li>', page)
    assert page.count('class="body read"') + page.count('class="body unsure"') == 6
    assert page.count('class="body empty"') == page.count('class="body unreadable"') == 1
    assert "<b>1</b>without a resistor" in page
    assert "prefers-color-scheme: dark" in page and "width=device-width" in page
    unsure = predict("photos/a/x.jpg", "--format", "html", "--threshold", "1")[1]
    assert (
        'class="body unsure"' in unsure and "best guess 0.47&#160;&#937; &#177;5&#160;%" in unsure
    )


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_shows_how_far_a_folder_is_read(
    predict: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    for words, several in ((["photos"], True), (["photos/a/x.jpg"], False)):
        terminal = _Terminal()
        monkeypatch.setattr("sys.stderr", terminal)
        assert predict(*words, "--format", "jsonl")[0] == 0
        assert ("/5 [" in terminal.getvalue()) == several
    terminal = _Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.setattr("sys.stderr", terminal)
    assert predict("photos", "--format", "html")[0] == 2
    assert "add" in terminal.getvalue() and "> list.html" in terminal.getvalue()


def test_predictions_are_printed_as_they_come(
    predict: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    of_group = Predictor._of_group

    def counting(self: Predictor, *words: Any) -> Any:
        read.append(1)
        if len(read) == 2:
            raise KeyboardInterrupt
        return of_group(self, *words)

    monkeypatch.setattr(Predictor, "_of_group", counting)
    status, out, _ = predict(*["photos/a/x.jpg"] * 40)
    assert status == 130
    assert 0 < len(out.splitlines()) < 40


def test_flags_are_named_as_they_were_typed(predict: Command, predictor: Predictor) -> None:
    for words, says in (
        (("--views", "8"), "error: --views 8 takes quarter turns, but this model sees"),
        (("--risk", "0.001"), "error: --risk 0.001: the model was calibrated on 370 photos, too"),
        (("--views", "3"), "error: --views 3: expected one of 1, 2, 4, 8"),
        (("--threshold", "2"), "error: --threshold 2: expected 0 to 1"),
    ):
        status, out, err = predict("photos/a/x.jpg", *words)
        assert (status, out) == (2, "")
        assert err.startswith(says), err
    with pytest.raises(ConfigError, match=r"^views 8 takes quarter turns.*give views 4$"):
        predictor.set_inference(views=8)
    with pytest.raises(ConfigError, match=r"^threshold 2: expected 0 to 1$"):
        predictor.set_inference(threshold=2)
    with pytest.raises(ConfigError, match=r"^risk 0.001: the model was calibrated on 370"):
        predictor.predict("photos/a/x.jpg", risk=0.001)


def test_a_predictor_takes_paths_arrays_and_pictures(predictor: Predictor, photos: Path) -> None:
    file = photos / "rotated.png"
    expected = predictor.predict(file)
    assert isinstance(expected, Prediction) and expected.photo == file
    ways: list[Any] = [
        str(file),
        read_photo(file),
        Image.open(file),
        Image.open(file).convert("RGBA"),
    ]
    for way in ways:
        one = predictor.predict(way)
        assert (one.text, one.confidence, one.box) == (
            expected.text,
            expected.confidence,
            expected.box,
        )
        assert one.photo == (file if isinstance(way, str) else None)
    assert [one.text for one in predictor.predict(ways)] == [expected.text] * 4
    assert [one.text for one in predictor.predict(np.stack([ways[1]] * 2))] == [expected.text] * 2
    assert [one.body for one in predictor.predict_bodies(file)] == [1, 2]
    assert [len(bodies) for bodies in predictor.predict_bodies([file, photos / "empty.png"])] == [
        2,
        1,
    ]


def test_what_is_not_a_photo_is_refused_or_has_an_error(predictor: Predictor, photos: Path) -> None:
    for wrong in (np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)):
        with pytest.raises(DataError, match=r"expected \(height, width, 3\) uint8 RGB"):
            predictor.predict(wrong)
    with pytest.raises(DataError, match=r"absent.jpg: No such file"):
        predictor.predict(photos / "absent.jpg")
    with pytest.raises(DataError, match=r"photos: this is a folder"):
        predictor.predict(str(photos))
    with pytest.raises(TypeError, match="int: expected a path, bytes, an array or a PIL image"):
        list(predictor.predict([3]))  # type: ignore[list-item]
    first, second = predictor.predict([photos / "absent.jpg", photos / "a/x.jpg"])
    assert first.error and first.text is None and second.text == "0.47 Ω ±5 %"
