"""`predict` with arguments and outputs that cannot be used: one message, exit status 2."""

import csv
import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from PIL import Image

from resistor_cls.inference import Predictor
from resistor_cls.model import ResistorNetwork
from resistor_cls.predict import _unfamiliar_note, main
from tests.helpers.tiny_training import network

NAMES = ("10R_1W", "4K7_1-4W", "220R_2W")
LONG = "x" * 300  # bytes: more than a file name may have

Command = Callable[..., tuple[int, str, str]]  # exit status, output and errors


@pytest.fixture(scope="module")
def model() -> ResistorNetwork:
    torch.manual_seed(0)
    return network(NAMES)


@pytest.fixture
def predict(
    model: ResistorNetwork,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Command]:
    """Runs the command on one photo; returns status, output and errors."""
    monkeypatch.setattr(Predictor, "load", classmethod(lambda cls, file: Predictor(model)))
    monkeypatch.chdir(tmp_path)
    Path("model.ckpt").touch()
    Path("file").touch()
    Path("link").symlink_to("nowhere/at/all")
    Image.new("RGB", (40, 40), (90, 60, 30)).save("photo.jpg")

    def run(*words: str, photo: str = "photo.jpg") -> tuple[int, str, str]:
        status = main([photo, "--model", "model.ckpt", *words])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    yield run
    model.set_inference(probability_threshold=0)


@pytest.mark.parametrize(
    ("folder", "why"),
    [
        ("file", "is a file: name a folder"),
        ("file/below", "Not a directory"),
        ("file/below/more", "Not a directory"),
        ("link", "File exists"),
        (LONG, "File name too long"),
        (f"{LONG}/below", "File name too long"),
        ("/proc/copies", "No such file or directory"),
        ("/proc", "No such file or directory"),
    ],
)
def test_a_folder_that_cannot_hold_copies_is_named(folder: str, why: str, predict: Command) -> None:
    status, out, err = predict("--annotate", folder)
    assert (status, out) == (2, "")  # found out before the first prediction
    assert err.startswith(f"error: --annotate {folder} ")
    assert why in err
    assert len(err.splitlines()) == 1


def test_a_copy_that_cannot_be_written_is_named(predict: Command) -> None:
    for name in ("a", "b"):
        Path("photos", name).mkdir(parents=True)
        Image.new("RGB", (40, 40)).save(f"photos/{name}/1.jpg")
    Path("copies").mkdir()
    Path("copies/b").touch()  # where the folder of the second copy would be
    status, _, err = predict("--annotate", "copies", photo="photos")
    assert status == 2
    assert "error: copies/b/1.annotated.jpg, an annotated copy, cannot be written: " in err
    assert "Traceback" not in err


def test_a_closed_standard_output_is_named(
    predict: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout", None)
    for form in ("table", "csv", "html"):
        status, _, err = predict("--format", form)
        assert status == 2
        assert err.startswith("error: standard output is closed")


def test_a_closed_standard_error_loses_no_prediction(
    predict: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr", None)
    status, out, _ = predict()
    assert status == 0
    assert len(out.splitlines()) == 1  # the note on uncalibrated percentages is not among them


def test_there_are_no_more_candidates_than_categories(predict: Command) -> None:
    status, out, _ = predict("--format", "csv", "--top", "200000000")
    assert status == 0
    (row,) = csv.DictReader(io.StringIO(out))
    ranks = [name for name in row if name.startswith("candidate_")]
    assert ranks == ["candidate_1", "candidate_2", "candidate_3"]
    assert {row[name] for name in ranks} == set(NAMES)


def test_the_confidence_of_a_refused_prediction_stands_beside_the_best_guess(
    predict: Command,
) -> None:
    _, out, _ = predict("--threshold", "1")
    line = out.rstrip("\n")
    assert line.startswith("photo.jpg   don't know   confidence too low for --threshold 1; best")
    assert line.endswith(" %)")
    _, page, _ = predict("--threshold", "1", "--format", "html")
    assert "<span>best guess " in page
    _, page, _ = predict("--threshold", "0", "--format", "html")
    assert "<span>best guess " not in page


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not stop root")
def test_a_folder_without_write_permission_is_named(predict: Command) -> None:
    Path("closed").mkdir(mode=0o500)
    status, _, err = predict("--annotate", "closed")
    assert status == 2
    assert err.startswith("error: --annotate closed cannot hold the annotated copies")


def test_the_note_on_unfamiliar_photos_says_how_many_and_what_to_do() -> None:
    one = _unfamiliar_note(1, 1, "rendered")
    assert one.startswith("the photo is unlike the synthetic photos that calibrated this model")
    many = _unfamiliar_note(3, 4, "best.ckpt")
    assert many.startswith("3 of 4 photos are unlike the photos that calibrated this model")
    assert "experiment=best data=folder data.root=FOLDER" in many
