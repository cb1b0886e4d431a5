"""`describe`: cards and sheets that state what files hold, or one message."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from resistor_cls.data.sources.walk import walk
from resistor_cls.describe import main
from resistor_cls.describing.reforms import MODULES
from tests.helpers import ROOT
from tests.helpers.exports import content
from tests.helpers.model_files import save_checkpoint, tiny

REPORT: dict[str, Any] = {
    "counts": {"photos": 40, "bursts": 8},
    "metrics": [
        {"name": "accuracy", "words": "top-1 accuracy", "value": 0.875, "low": 0.75, "high": 1.0}
    ],
    "per_category": [{"category": "10R", "support": 40}],
    "data": {"name": "folder mine", "subset": "validation", "seen": ""},
    "calibration": {"basis": "saved", "reject": []},
}
CONFIG = {
    "data": {"source": "folder", "root": "/home/me/mine", "split": "capture", "gap": 3},
    "trainer": {"monitor": "val/accuracy", "save_best": True},
    "optimizer": {"_target_": "torch.optim.AdamW", "lr": 0.001},
    "paths": {"cache": "/home/me/cache"},
}


def head(text: str) -> dict[str, object]:
    found: dict[str, object] = yaml.safe_load(text.split("---\n")[1])
    return found


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with the folder of a run and an exported model."""
    monkeypatch.chdir(tmp_path)
    for folder in ("run/config", "run/checkpoints", "empty", "taken", "odd"):
        Path(folder).mkdir(parents=True)
    Path("run/config/resolved.yaml").write_text(yaml.safe_dump(CONFIG))
    Path("run/report.json").write_text(json.dumps(REPORT))
    Path("taken/model_card.md").write_text("mine")
    Path("odd/values.csv").write_text("photographer,photos\nann,3\n")
    Path("a.onnx").write_bytes(content())
    return tmp_path


def test_the_card_of_the_package_is_what_the_command_writes(tmp_path: Path) -> None:
    study = ROOT / "experiments" / "any_resistor"
    assert main(["--model", "rendered", "--results", str(study), "--output", str(tmp_path)]) == 0
    assert [file.name for file in tmp_path.iterdir()] == ["model_card.md"]
    written = (tmp_path / "model_card.md").read_text("utf-8")
    assert written == (ROOT / "docs" / "model_card.md").read_text("utf-8"), (
        "write it again: python -m resistor_cls.describe --model rendered "
        "--results experiments/any_resistor --output docs --replace"
    )
    found = head(written)
    assert (found["license"], found["library_name"]) == ("apache-2.0", "resistor_cls")
    rows = (study / "values.csv").read_text().splitlines()
    assert isinstance(found["model-index"], list)
    assert len(found["model-index"][0]["results"]) == len(rows) - 1


def test_a_trained_model_is_described_from_its_run(place: Path) -> None:
    save_checkpoint(tiny(), Path("run/checkpoints/best.ckpt"))
    assert main(["--model", "run/checkpoints/best.ckpt", "--output", "cards"]) == 0
    card, sheet = (Path("cards", name).read_text() for name in ("model_card.md", "reforms.md"))
    assert head(card)["license"] == "unknown"
    assert "| top-1 accuracy | 0.875 | 0.750 to 1.000 |" in card
    assert "| 0.1 % | cannot be guaranteed |\n| 1 % | 0.900 |" in card
    assert "| photos that train and validate | `data=folder mine` |" in card
    assert "/home/me" not in card + sheet
    stated = ("- data.split=capture", "- optimizer.lr=0.001", "- top-1 accuracy: 0.875 (0.750 to")
    assert all(line in sheet for line in stated)
    items = [item for module in MODULES.values() for item in module]
    assert len(items) == 32
    parts = {item: sheet.partition(f"**{item}**")[2].partition("**")[0] for item in items}
    # What only a person can say is not made up.
    assert all("Not known to the program." in parts[item] for item in ("1a", "2d", "5b", "8b"))


def test_scores_on_synthetic_photos_are_named_as_such(place: Path) -> None:
    save_checkpoint(tiny(), Path("run/checkpoints/best.ckpt"))
    data = {**REPORT["data"], "name": "rendered"}
    Path("run/report.json").write_text(json.dumps({**REPORT, "data": data}))
    assert main(["--model", "run/checkpoints/best.ckpt", "--output", "cards"]) == 0
    card = Path("cards/model_card.md").read_text()
    assert "**The photos are synthetic.**" in card
    assert "rendered (synthetic), validation photos" in str(head(card)["model-index"])


def test_an_exported_model_has_its_licence(place: Path) -> None:
    assert main(["--model", "a.onnx", "--output", "cards"]) == 0
    card = Path("cards/model_card.md").read_text()
    assert head(card)["license"] == "cc0-1.0"
    assert "Not known to the program: no run, report or table" in card
    assert not Path("cards/reforms.md").exists()


def test_names_mean_themselves_in_markdown(place: Path) -> None:
    odd = "a|b<b>`c`*"
    Path("odd/values.csv").write_text(
        "photographer,photos,parts,value right,from,to,among the first three\n"
        f"{odd},3,1,0.5,0.1,0.9,1\n"
    )
    assert main(["--model", "a.onnx", "--results", "odd", "--output", "cards"]) == 0
    card = Path("cards/model_card.md").read_text()
    assert r"| a\|b\<b\>\`c\`\* | 3 | 1 | 0.500 (0.100 to 0.900) |" in card
    assert odd in str(head(card)["model-index"])


def test_a_synthetic_set_is_described_beside_its_tables(photos: Path, tmp_path: Path) -> None:
    words = ["--data", str(photos), "--url", "https://example.org/set", "--output", str(tmp_path)]
    assert main(words) == 0
    card = (tmp_path / "dataset_card.md").read_text()
    assert head(card)["size_categories"] == ["n<1K"]
    assert "| 180K_1-2W | 8 | brown grey yellow gold |" in card
    assert "--per-category 8 --size 96 --seed 0" in card
    data = json.loads((tmp_path / "croissant.json").read_text())
    # What Croissant 1.0 requires of a data set.
    required = {"@context", "@type", "conformsTo", "name", "description", "license", "url"}
    assert required | {"creator", "datePublished"} <= data.keys()
    for file in data["distribution"][:2]:
        assert (
            file["sha256"] == hashlib.sha256((photos / file["contentUrl"]).read_bytes()).hexdigest()
        )
    sets = {one["name"]: one for one in data["recordSet"]}
    header = (photos / "boxes.csv").read_text().splitlines()[0].split(",")
    assert [one["source"]["extract"]["column"] for one in sets["boxes"]["field"]] == header
    assert {row["categories/photos"] for row in sets["categories"]["data"]} == {8}


def test_the_description_of_a_set_is_not_taken_for_a_stray_file(place: Path) -> None:
    for name in ("dataset_card.md", "croissant.json"):
        Path("empty", name).touch()
    assert not walk(Path("empty")).left_out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--model", "a.onnx"], "--output is missing"),
        (["--output", "out"], "one of the arguments --model --data is required"),
        (["--model", "absent.ckpt", "--output", "out"], "--model=absent.ckpt does not exist"),
        (["--model", "a.onnx", "--output", "a.onnx"], "--output a.onnx is a file"),
        (["--model", "a.onnx", "--output", "taken"], "model_card.md exists, and nothing is"),
        (["--model", "a.onnx", "--output", "out", "--url", "u"], "--url is the address of photos"),
        (["--model", "a.onnx", "--output", "out", "--results", "empty"], "values.csv cannot be"),
        (["--model", "a.onnx", "--output", "out", "--results", "odd"], "has no column 'parts'"),
        (["--data", "empty"], "--data empty: dataset.json is missing"),
        (["--data", "empty", "--results", "odd"], "--results are those of a model"),
    ],
)
def test_what_cannot_be_described_is_named(
    words: list[str], message: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert Path("taken/model_card.md").read_text() == "mine"
    assert not Path("out").exists()
