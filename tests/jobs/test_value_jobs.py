"""Whole evaluations by value, of a band reader with random weights."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from resistor_cls.evaluate import main as evaluate
from resistor_cls.model import ResistorNetwork
from tests.helpers.pages import Page
from tests.helpers.tiny import CATEGORIES

HERE = ["tracking=none", "trainer=cpu", "unknown=0", "gallery=3", "saliency=false"]
OHMS = {"100R_1-4W": "100R", "10R_2W": "10", "180K_1-2W": "1.8e5", "1K_2W": "1k"}
COLUMNS = {"ohms_true", "ohms", "value_probability", "value_accepted", "bands", "light"}


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A band reader that reads something in every photo."""
    network = ResistorNetwork(
        CATEGORIES,
        backbone="band_reader",
        pretrained="false",
        image_size=[64, 192],
        locate=True,
        loss="cross_entropy",
    )
    file = tmp_path_factory.mktemp("reader") / "reader.safetensors"
    network.save_weights(file)
    return file


def evaluated(words: list[str], status: int = 0) -> Path:
    """The folder of what an evaluation left."""
    shutil.rmtree("outputs", ignore_errors=True)
    assert evaluate([*HERE, *words]) == status
    (folder,) = Path("outputs").glob("*/*")
    return folder


def table_of(photos: Path, place: Path, column: str) -> Path:
    """A table of two photos of each part."""
    rows = ["file,part,band_count," + column]
    for category in CATEGORIES:
        for path in sorted((photos / category).glob("*.jpg"))[:2]:
            rows.append(f"{path.relative_to(photos)},{category},4,{OHMS[category]}")
    place.write_text("\n".join(rows) + "\n")
    return place


def test_a_table_with_ohms_alone_is_evaluated_by_value(
    reader: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = table_of(photos, tmp_path / "t.csv", "ohms")
    words = [f"model={reader}", "data=table", f"data.root={photos}", "data.workers=0"]
    folder = evaluated([*words, f"data.table={table}"])
    report = json.loads((folder / "report.json").read_text())
    whole = report["values"]["groups"][0]
    predictions = pd.read_csv(folder / "tables" / "predictions.csv")
    assert len(predictions) == whole["photos"] == 8 and set(predictions) >= COLUMNS
    assert whole["clusters"] == 4 and report["values"]["cluster"] == "part"
    assert whole["accuracy"] == predictions["value_correct"].mean()
    assert sorted(predictions["ohms_true"].unique()) == [10, 100, 1000, 180000]
    figures = {path.name for path in (folder / "figures").glob("*.png")}
    assert figures == {"band_confusion.png", "value_risk_coverage.png"}
    counts = pd.read_csv(folder / "tables" / "band_confusion.csv", index_col=0)
    assert counts.shape == (12, 13) and counts.to_numpy().sum() == 8 * 3  # without tolerance bands
    assert "value_groups.csv" in {path.name for path in (folder / "tables").iterdir()}
    assert not (folder / "tables" / "confusion_matrix.csv").exists()
    assert "predictions" in Page((folder / "report.html").read_text()).ids()

    bare = table_of(photos, tmp_path / "bare.csv", "worth")
    capsys.readouterr()
    assert evaluate([*HERE, *words, f"data.table={bare}"]) == 2
    assert "none called ohms: add labels, or a column ohms" in capsys.readouterr().err


def test_labels_are_evaluated_by_category_and_by_value(reader: Path, photos: Path) -> None:
    folder = evaluated([f"model={reader}", "data=folder", f"data.root={photos}", "data.workers=0"])
    report = json.loads((folder / "report.json").read_text())
    assert len(report["categories"]) == 4 and report["values"]["groups"][0]["photos"] == 32
    table = pd.read_csv(folder / "tables" / "predictions.csv")
    assert set(table) >= COLUMNS | {"label", "prediction"}
    figures = {path.name for path in (folder / "figures").glob("*.png")}
    assert {"confusion_matrix.png", "band_confusion.png", "value_risk_coverage.png"} <= figures
    assert "values" in Page((folder / "report.html").read_text()).ids()
