"""What evaluating a model gives, and how it is handed over."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from resistor_cls.categories import Categories
from resistor_cls.data import PhotoDataModule
from resistor_cls.errors import ConfigError, ModelError
from resistor_cls.evaluation import Predictions
from resistor_cls.inference import calibrate
from resistor_cls.inference.calibrate import calibrate_predictions, calibration_metadata
from resistor_cls.inference.evaluate_model import (
    ReportOptions,
    evaluate_model,
    evaluate_test_set,
    predictions_of,
)
from resistor_cls.model import ResistorNetwork, ResistorTask, build_trainer
from resistor_cls.tracking import Run, save_results
from tests.helpers.opened import opened, tiny
from tests.helpers.tiny import CATEGORIES

Tested = tuple[ResistorNetwork, PhotoDataModule, Predictions]


@pytest.fixture(scope="module")
def tested(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Tested:
    """An untrained model, photos, and its predictions of the 8 validation photos."""
    place = tmp_path_factory.mktemp("tested")
    data = opened(photos, place)
    task = tiny(data)
    trainer = build_trainer(place / "t", accelerator="cpu", precision="32-true")
    trainer.test(task, data, verbose=False)
    network = task.network
    return network, data, predictions_of(task.predictions, data, network.categories)


def test_a_report_is_handed_over_as_values(tested: Tested, tmp_path: Path) -> None:
    model, data, predictions = tested
    options = ReportOptions(model="best.ckpt", subset="test", title="Epoch 1", ood=0, gallery=2)
    results = evaluate_model(model, data, predictions, options)
    assert set(results.texts) == {"report.json", "report.html"}
    assert set(results.files) == {"tables/predictions.csv"}
    assert set(results.tables) == {"per_category", "confusion_matrix"}
    galleries = {"predictions_best", "predictions_worst", "predictions_random"}
    matrices = {"confusion_matrix", "confusion_matrix_ordered"}
    assert galleries | matrices | {"roc", "precision_recall", "saliency_best"} <= set(
        results.figures
    )
    assert {"test/value_right", "test/watts_right", "test/bands_right"} <= set(results.metrics)
    assert all(np.isfinite(value) for value in results.metrics.values())
    report = json.loads(results.texts["report.json"])
    assert (report["model"], report["title"]) == ("best.ckpt", "Epoch 1")
    assert report["data"]["name"] == "folder photos"
    assert report["data"]["fingerprint"] == data.fingerprint
    assert (report["stress"], report["unknown"]) == (None, None)

    run = Run(tmp_path / "run")
    save_results(run, results)
    files = {path.relative_to(run.output).as_posix() for path in run.output.rglob("*.*")}
    assert {"report.json", "report.html", "tables/predictions.csv", "figures/roc.png"} <= files
    kept = Predictions.read(run.output / "tables" / "predictions.csv")
    assert np.array_equal(kept.targets, predictions.targets)


def test_checks_are_made_where_they_are_asked_for(tested: Tested) -> None:
    model, data, predictions = tested
    options = ReportOptions("m", "test", robustness=True, ood=1, gallery=1, saliency=False)
    results = evaluate_model(model, data, predictions, options)
    assert {"unknown", "stress_predictions", "stress"} <= set(results.tables)
    assert {"unknown", "stress"} <= set(results.figures)
    assert not [name for name in results.figures if name.startswith("saliency")]
    assert "test/unknown_auroc" in results.metrics


def test_a_test_set_is_kept_beside_the_validation(tested: Tested, tmp_path: Path) -> None:
    run = Run(tmp_path / "run")
    save_results(run, evaluate_test_set(*tested))
    table = pd.read_csv(run.output / "tables" / "test_predictions.csv")
    assert len(table) == 8
    counts = pd.read_csv(run.output / "tables" / "test_confusion_matrix.csv", index_col=0)
    assert counts.index.name == "label"
    assert counts.to_numpy().sum() == len(table)
    assert (run.output / "figures" / "test_confusion_matrix.png").exists()
    assert (run.output / "tables" / "test_per_category.csv").exists()


def test_values_are_read_in_a_test_set_too(photos: Path, tmp_path: Path) -> None:
    model = ResistorNetwork(
        CATEGORIES, backbone="band_reader", pretrained="false", image_size=[64, 192], locate=True,
        loss="cross_entropy",
    )  # fmt: skip
    data = opened(photos, tmp_path, preprocess=model.image_preprocessing())
    task = ResistorTask(model)
    trainer = build_trainer(tmp_path / "t", accelerator="cpu", precision="32-true")
    trainer.test(task, data, verbose=False)
    predictions = predictions_of(task.predictions, data, model.categories)
    results = evaluate_test_set(model, data, predictions)
    metrics = {"test/value_accuracy", "test/value_coverage", "test/value_accepted_wrong"}
    assert {"test/value_accuracy", "test/value_coverage"} <= set(results.metrics) <= metrics
    assert {"test_value_groups", "test_band_confusion"} < set(results.tables)
    assert {"test_value_risk_coverage", "test_band_confusion"} < set(results.figures)
    results.files["tables/test_predictions.csv"](tmp_path / "predictions.csv")
    table = pd.read_csv(tmp_path / "predictions.csv")
    assert results.metrics["test/value_accuracy"] == table["value_correct"].mean()
    assert {"ohms_true", "bands_read"} < set(table)


def test_probabilities_that_are_not_finite_are_refused(tested: Tested) -> None:
    predictions = tested[2]
    likely = predictions.probabilities.copy()
    likely[:3] = np.nan
    broken = Predictions(**{**vars(predictions), "probabilities": likely})
    with pytest.raises(ModelError, match="of 3 of 8 photos are not numbers, because its training"):
        calibrate.require_finite(broken)


def test_photos_that_calibrated_a_model_are_cross_fitted(tested: Tested) -> None:
    _, data, predictions = tested
    saved = calibration_metadata(predictions, data)
    assert len(saved["pixels"]) == saved["photos"] == 8
    again = calibrate_predictions({"calibration": saved}, predictions, data)
    assert again is not None
    assert again.basis == "cross-fitted"
    elsewhere = {"calibration": {**saved, "pixels": ["0" * 16]}}
    other = calibrate_predictions(elsewhere, predictions, data)
    assert other is not None
    assert other.basis == "saved"
    few = predictions.select(np.arange(2))
    assert calibrate_predictions({}, few, data) is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ood": -1}, "unknown=-1: expected 0 or more"),
        ({"gallery": 0}, "gallery=0: expected 1 or more"),
        ({"robustness": True}, "stress=true, but model.channels=5"),
    ],
)
def test_options_are_checked_early(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        ReportOptions("m", "test", **options).check(Categories(["1R", "2R"]), channels=5)
