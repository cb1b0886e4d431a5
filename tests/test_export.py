"""`export`: one file that predicts without PyTorch, or one message."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from resistor_cls.evaluate import main as evaluate
from resistor_cls.export import PRECISIONS, main
from resistor_cls.exporting.export_model import PRECISIONS as THEIRS
from resistor_cls.inference import Predictor
from resistor_cls.predict import main as predict
from resistor_cls.train import main as train
from tests.helpers.exports import content, original
from tests.helpers.model_files import save_checkpoint

# What no prediction by an exported model may import.
HEAVY = (
    "albumentations", "hydra", "lightning", "matplotlib", "mlflow", "omegaconf", "pandas", "scipy",
    "sklearn", "timm", "torch", "torchvision",
)  # fmt: skip


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    pixels = np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)
    Image.fromarray(pixels).save("photo.png")
    Path("there.onnx").write_bytes(content())
    Path("scored.parity.json").touch()
    return tmp_path


def test_copies_of_names_are_those_of_the_package() -> None:
    assert PRECISIONS == THEIRS


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--output", "there.onnx"), "--output there.onnx: there.onnx exists, and nothing is"),
        (("--output", "scored.onnx"), "scored.parity.json exists, and nothing is overwritten"),
        (("--output", "model.pt"), "--output model.pt: expected a name that ends in .onnx"),
        (("--output", "a.onnx", "--photos", "none"), "--photos none: expected a folder of photos"),
        (("--output", "a.onnx", "--count", "0"), "--count 0: expected 1 or more"),
        (("--output", "a.onnx", "--precision", "int4"), "invalid choice: 'int4'"),
        (("--output", "a.onnx", "--model", "absent.ckpt"), "--model=absent.ckpt does not exist"),
        (("--output", "a.onnx", "--model", "there.onnx"), "is exported already"),
    ],
)
def test_what_cannot_be_exported_is_named(
    words: tuple[str, ...], message: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(place.iterdir())
    assert main(["--model", "rendered", *words]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert sorted(place.iterdir()) == before


def test_an_exported_checkpoint_predicts_what_it_predicted(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_checkpoint(original(), place / "model.ckpt")
    photos = place / "photos" / "10R"
    photos.mkdir(parents=True)
    (place / "photo.png").rename(photos / "photo.png")
    words = ["--model", "model.ckpt", "--output", "made/a.onnx", "--photos", "photos"]
    assert main([*words, "--license", "CC0-1.0"]) == 0
    assert "100.00% of 1 photos have the same prediction" in capsys.readouterr().out
    scores = json.loads((place / "made/a.parity.json").read_text())
    assert (scores["photos"], scores["labelled"], scores["agreement"]) == (1, 1, 1.0)
    assert [file.name for file in (place / "made").iterdir()] == ["a.onnx", "a.parity.json"]
    printed = []
    for model in ("model.ckpt", "made/a.onnx"):
        assert predict([str(photos / "photo.png"), "--model", model, "--format", "json"]) == 0
        printed.append(json.loads(capsys.readouterr().out)[0])
    assert printed[0]["text"] == printed[1]["text"]
    assert printed[0]["confidence"] == pytest.approx(printed[1]["confidence"], abs=1e-4)
    one = Predictor.load(place / "made/a.onnx")
    assert one.calibration is not None
    assert one.metadata["trained_on"] == ["00ff", "11ff"]


@pytest.mark.usefixtures("blank_figures")
def test_an_exported_model_is_evaluated_like_its_checkpoint(place: Path) -> None:
    save_checkpoint(original(), place / "model.ckpt")
    rng = np.random.default_rng(0)
    for name in original().categories.names:
        (place / "photos" / name).mkdir(parents=True)
        for number in range(2):
            photo = Image.fromarray(rng.integers(0, 256, (90, 120, 3), np.uint8))
            photo.save(place / "photos" / name / f"{number}.png")
    scores = []
    for model in ("model.ckpt", "there.onnx"):
        words = [f"model={model}", "data=folder", "data.root=photos", "paths.output=outputs"]
        assert evaluate([*words, "tracking=none", "trainer=cpu", "unknown=0", "gallery=2"]) == 0
        (report,) = place.glob("outputs/**/report.json")
        scores.append(json.loads(report.read_text())["metrics"])
        shutil.rmtree("outputs")
    for ours, theirs in zip(*scores, strict=True):
        assert ours["value"] == pytest.approx(theirs["value"], abs=1e-4), ours["words"]


def test_an_exported_model_is_not_trained(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["data=folder", "data.root=.", "tracking=none", "model.pretrained=there.onnx"]
    assert train(words) == 2
    assert "has no weights to start from; give weights.safetensors" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["--top", "2"],
        ["--format", "json", "--all"],
        ["--format", "html"],
        ["--annotate", "annotated", "--format", "csv", "--expect", "4k7"],
        ["--categories", "list.txt", "--count"],
    ],
)
def test_predicting_by_the_model_of_the_package_imports_nothing_of_training(
    words: list[str], place: Path
) -> None:
    Path("list.txt").write_text("4k7\n10R\n")
    code = (
        "import sys\nfrom resistor_cls.predict import main\n"
        f"status = main(['photo.png', *{words!r}])\n"
        f"print(status, sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.strip().splitlines()[-1] == "0 []", done.stderr
