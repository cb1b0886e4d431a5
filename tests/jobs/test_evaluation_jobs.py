"""Whole evaluations of a model on small synthetic photos."""

import csv
import json
import os
import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from resistor_cls.evaluate import main as evaluate
from resistor_cls.evaluation import Predictions
from resistor_cls.evaluation.calibration import Calibration, cross_fitted
from resistor_cls.evaluation.ood import detection
from resistor_cls.evaluation.report import report_of, robustness_report
from resistor_cls.model.checkpoint.checkpoints import add_to_metadata, read_checkpoint
from resistor_cls.predict import main as predict
from tests.helpers.tiny import CATEGORIES

KEPT = ("counts", "metrics", "per_category", "empty", "confusion", "pairs", "trade", "attention")
HERE = ["tracking=none", "trainer=cpu", "unknown=2"]


@pytest.fixture
def checkpoint(workplace: Path, trained_file: Path) -> Path:
    """A tiny model of 4 categories, whose 8 validation photos have calibrated it."""
    return Path(shutil.copy(trained_file, workplace / "model.ckpt"))


def evaluated(words: list[str], status: int = 0) -> Path:
    """The folder of what an evaluation left."""
    shutil.rmtree("outputs", ignore_errors=True)
    assert evaluate([*HERE, *words]) == status
    (folder,) = Path("outputs").glob("*/*")
    return folder


def numbers(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "report.json").read_text())


def with_boxes(photos: Path, place: Path) -> Path:
    """The same photos with a box in the middle of each."""
    root = shutil.copytree(photos, place)
    with (root / "boxes.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["file", "x_center", "y_center", "width", "height"])
        rows.writerows(
            [path.relative_to(root).as_posix(), 0.5, 0.5, 0.3, 0.2] for path in root.rglob("*.jpg")
        )
    return root


def test_every_number_follows_from_the_tables(
    checkpoint: Path, photos: Path, tmp_path: Path
) -> None:
    root = with_boxes(photos, tmp_path / "boxed")
    costs = tmp_path / "costs.csv"
    pd.DataFrame(1 - np.eye(4), index=CATEGORIES, columns=CATEGORIES).to_csv(costs)
    # Other photos than those that calibrated it: the saved calibration is used.
    shutil.rmtree(root / CATEGORIES[3])
    words = [f"model={checkpoint}", "data=folder", f"data.root={root}", f"costs={costs}"]
    folder = evaluated([*words, "stress=true", "--allow", "subset"])
    report, predictions = numbers(folder), Predictions.read(folder / "tables" / "predictions.csv")

    assert report["calibration"]["basis"] == "cross-fitted"  # some of them have calibrated it
    # The tables hold no features, but what the test for unfamiliar photos says of each photo.
    assert predictions.bursts is not None and predictions.ood_scores is not None
    found = cross_fitted(
        predictions.probabilities, predictions.targets, predictions.bursts, predictions.familiar
    )
    again = report_of(predictions, found.calibration, "cross-fitted", ("costs.csv", 1 - np.eye(4)))
    unfamiliar = report["calibration"].pop("familiarity")["unfamiliar"]
    assert unfamiliar == np.sum(predictions.familiar == 0)
    del again["calibration"]["familiarity"]
    assert {key: report[key] for key in (*KEPT, "calibration")} == {
        key: again[key] for key in (*KEPT, "calibration")
    }
    assert report["empty"] == [CATEGORIES[3]]
    wrong = 1 - report["counts"]["right"] / report["counts"]["photos"]
    assert report["trade"]["cost"]["mean"] == pytest.approx(wrong)
    assert report["attention"]["body_painted"]["photos"] == 24

    unknown = pd.read_csv(folder / "tables" / "unknown.csv")
    for row in report["unknown"]["kinds"][:-1]:
        scores = unknown[unknown["kind"] == row["kind"]]["unknown"].to_numpy()
        assert (row["auroc"], row["fpr95"]) == detection(predictions.ood_scores, scores)
    stressed = pd.read_csv(folder / "tables" / "stress_predictions.csv")
    assert len(stressed) == 24 * 8 * 5
    rows = robustness_report(stressed, predictions, report["stress"]["risk"])["rows"]
    for row, kept in zip(rows, report["stress"]["rows"], strict=True):
        assert row["accuracy"] == kept["accuracy"]

    figures = {path.stem for path in (folder / "figures").glob("*.png")}
    charts = {"roc", "precision_recall", "reliability", "risk_coverage", "unknown", "stress"}
    assert charts | {"confusion_matrix_ordered", "saliency_best", "saliency_worst"} <= figures
    page = (folder / "report.html").read_text()
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert CATEGORIES[3] in page


@pytest.mark.usefixtures("blank_figures")
def test_a_model_brings_its_calibration(checkpoint: Path, photos: Path, tmp_path: Path) -> None:
    record = read_checkpoint(checkpoint)["resistor_cls"]["record"]["calibration"]
    assert record["photos"] == 8
    # Its own photos, rotated, are other photos by their pixels.
    root = tmp_path / "turned"
    for path in photos.rglob("*.jpg"):
        from PIL import Image

        place = root / path.relative_to(photos)
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.open(path).rotate(180).save(place, quality=95)
    words = [f"model={checkpoint}", "data=folder", f"data.root={root}"]
    folder = evaluated(words)
    report = numbers(folder)
    assert report["calibration"]["basis"] == "saved"
    table = pd.read_csv(folder / "tables" / "predictions.csv")
    own = Calibration.from_dict(record)
    assert (table["temperature"] == own.temperature).all()
    assert "too few photos: 8 held out" in report["calibration"]["reject"][1]["reason"]


def test_a_risk_level_needs_enough_calibration_photos_and_makes_predictions_abstain(
    checkpoint: Path, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo = str(next(photos.rglob("*.jpg")))
    words = [photo, "--model", str(checkpoint), "--risk", "0.05"]
    assert predict(words) == 2
    assert "was calibrated on 8 photos, too few" in capsys.readouterr().err
    assert predict([*words[:-1], "0.02"]) == 2
    assert "--risk 0.02: models guarantee one of 0.001, 0.01, 0.05" in capsys.readouterr().err
    assert predict([photo, "--risk", "0.001"]) == 2  # the one of the package
    assert "--risk 0.001: no risk is guaranteed for the values of photos" in capsys.readouterr().err

    record = read_checkpoint(checkpoint)["resistor_cls"]["record"]["calibration"]
    for least, refused in ((1.0, True), (0.0, False)):
        thresholds = {**record["thresholds"], "0.05": least}
        add_to_metadata(checkpoint, calibration={**record, "thresholds": thresholds})
        assert predict(words) == 0
        printed = capsys.readouterr()
        assert ("don't know" in printed.out) == refused
        assert ("confidence too low for --risk 0.05; best guess" in printed.out) == refused
        assert "uncalibrated" not in printed.err
    assert predict([*words, "--format", "json"]) == 0
    (prediction,) = json.loads(capsys.readouterr().out)
    assert prediction["accepted"] is prediction["calibrated"] is True
    assert 0 < prediction["confidence"] <= 1


@pytest.mark.usefixtures("blank_figures")
def test_other_categories_are_evaluated_where_that_is_allowed(
    checkpoint: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = shutil.copytree(photos, tmp_path / "other")
    (root / CATEGORIES[1]).rename(root / "9K1_1-4W")
    words = [f"model={checkpoint}", "data=folder", f"data.root={root}"]
    evaluated(words, status=2)
    error = capsys.readouterr().err
    assert f"category 1 is {CATEGORIES[2]!r}, expected {CATEGORIES[1]!r}" in error
    assert "--allow subset and --allow unknown" in error
    evaluated([*words, "--allow=subset"], status=2)
    assert "--allow subset and --allow unknown" in capsys.readouterr().err
    evaluated([*words, "--allow", "everything"], status=2)
    assert "--allow everything: valid: subset, unknown" in capsys.readouterr().err

    report = numbers(evaluated([*words, "--allow", "subset", "--allow", "unknown"]))
    assert report["counts"]["photos"] == 24
    assert report["empty"] == [CATEGORIES[1]]
    other = next(row for row in report["unknown"]["kinds"] if row["kind"] == "other categories")
    assert other["photos"] == 8
    # Labels keep their meaning: names, not places in the list.
    table = pd.read_csv(Path("outputs").rglob("predictions.csv").__next__())
    assert (table["label"] == table["photo"].str.partition("/")[0]).all()


def test_a_single_photo_says_what_it_can(
    checkpoint: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = (next((photos / name).glob("*.jpg")) for name in CATEGORIES[:2])
    table = tmp_path / "one.csv"
    rows = [(first, CATEGORIES[0]), (second, "no category of the model")]
    lines = [f"{path.relative_to(photos)},{label}" for path, label in rows]
    table.write_text("\n".join(["image,category", *lines]))
    words = [f"model={checkpoint}", "data=table", f"data.table={table}", f"data.root={photos}"]
    folder = evaluated([*words, "--allow", "subset", "--allow", "unknown"])
    report = numbers(folder)
    assert report["counts"]["photos"] == 1
    assert {row["name"]: row["value"] for row in report["metrics"]}["roc_auc"] is None
    assert "nan" not in (folder / "report.html").read_text().replace("finan", "").lower().split()
    shown = capsys.readouterr().err
    assert "ROC AUC is undefined" in shown
    assert "nan" not in shown


def test_files_that_are_not_models_are_refused(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class Harmful:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.system, (f"touch {tmp_path / 'executed'}",)

    whole = checkpoint.read_bytes()
    older = torch.load(checkpoint, weights_only=True)
    older["resistor_cls"]["format"] = 99
    files = {"cut.ckpt": "cut short", "pickle.ckpt": "another kind of file"}
    files |= {"torch.ckpt": "nothing in it was executed", "older.ckpt": "has checkpoint format 99"}
    (tmp_path / "cut.ckpt").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "pickle.ckpt").write_bytes(pickle.dumps(Harmful()))
    torch.save(Harmful(), tmp_path / "torch.ckpt")
    torch.save(older, tmp_path / "older.ckpt")
    for name, message in files.items():
        assert evaluate([*HERE, f"model={tmp_path / name}"]) == 2
        error = capsys.readouterr().err
        assert message in error
        assert "Traceback" not in error
    assert not (tmp_path / "executed").exists()
