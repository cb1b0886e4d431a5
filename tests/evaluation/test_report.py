"""Every number of a report follows from `predictions.csv`, and is what others compute."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score, log_loss, roc_auc_score, top_k_accuracy_score

from resistor_cls.categories import Categories
from resistor_cls.evaluation import OcclusionResult, Predictions
from resistor_cls.evaluation.calibration import LEVELS, RISKS, calibrated, cross_fitted
from resistor_cls.evaluation.report import report_of, robustness_report, rows_of
from resistor_cls.evaluation.report_calibration import BINS

ODD = ["10R_1W", "10K_1W", "NA", "a|b, c", "$x_1$ Ω"]


def made_up(photos: int = 600, seed: int = 0, names: list[str] | None = None) -> Predictions:
    """Predictions of some skill, cross-fitted."""
    rng = np.random.default_rng(seed)
    categories = Categories(names or ODD)
    size = len(categories)
    targets = rng.integers(0, size, photos)
    logits = rng.normal(size=(photos, size)) * 2
    logits[np.arange(photos), targets] += 6
    likely = (np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)).astype("f4")
    located = rng.random(photos) > 0.02
    bursts = np.arange(photos) // 5
    there = rng.random(photos) > 0.3
    predictions = Predictions(
        names=tuple(f"{index}, a.jpg" for index in range(photos)),
        indices=np.arange(photos),
        targets=targets,
        probabilities=likely,
        losses=-np.log(likely[np.arange(photos), targets]),
        categories=categories,
        located=located,
        bursts=bursts,
        occlusion=OcclusionResult(
            np.where(there, rng.random(photos), np.nan),
            np.where(there, 0.1, np.nan),
            np.where(there, rng.integers(0, size, photos), -1),
            np.where(there, targets, -1),
        ),
    )
    return predictions.with_calibration(cross_fitted(likely, targets, bursts, located))


def reported(predictions: Predictions) -> dict[str, Any]:
    assert predictions.bursts is not None
    found = cross_fitted(
        predictions.probabilities, predictions.targets, predictions.bursts, predictions.located
    )
    return report_of(predictions, found.calibration if found else None, "cross-fitted")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """A report, and the table that it is said to follow from."""
    predictions = made_up()
    path = tmp_path_factory.mktemp("report") / "predictions.csv"
    predictions.write(path)
    return reported(predictions), path


def test_a_report_follows_from_its_table(written: tuple[dict[str, Any], Path]) -> None:
    report, path = written
    assert reported(Predictions.read(path)) == report
    json.dumps(report, allow_nan=False)


def test_scores_are_those_of_the_table(written: tuple[dict[str, Any], Path]) -> None:
    report, path = written
    table = pd.read_csv(path, keep_default_na=False)
    likely = table[[f"p:{name}" for name in ODD]].to_numpy(float)
    truth = pd.Index(ODD).get_indexer(pd.Index(table["label"]))
    metrics = {row["name"]: row for row in report["metrics"]}
    areas = [roc_auc_score(truth == index, likely[:, index]) for index in range(5)]
    wanted = {
        "accuracy": (table["label"] == table["prediction"]).mean(),
        "f1_macro": f1_score(table["label"], table["prediction"], average="macro"),
        "roc_auc": np.mean(areas),
        "top3_accuracy": top_k_accuracy_score(truth, likely, k=3),
        "loss": table["loss"].mean(),
    }
    assert {name: row["value"] for name, row in metrics.items()} == pytest.approx(wanted)
    assert all(row["low"] < row["value"] < row["high"] for row in metrics.values())
    assert sum(count for *_, count in report["confusion"]["cells"]) == len(table)
    wrong = table[table["label"] != table["prediction"]]
    assert sum(pair["photos"] for pair in report["pairs"]) == len(wrong)
    value = report["trade"]["value"]
    assert value["judged"] == table["label"].isin(ODD[:2]).sum()  # the others say no ohms


def test_calibrated_numbers_are_those_of_the_table(written: tuple[dict[str, Any], Path]) -> None:
    report, path = written
    table = pd.read_csv(path, keep_default_na=False)
    part = report["calibration"]
    right = (table["label"] == table["prediction"]).to_numpy()
    likely = calibrated(
        table[[f"p:{name}" for name in ODD]].to_numpy(), table["temperature"].to_numpy()
    )
    truth = pd.Index(ODD).get_indexer(pd.Index(table["label"]))
    assert likely.max(axis=1) == pytest.approx(table["confidence"].to_numpy())
    once = np.eye(5)[truth]
    assert part["brier"]["after"] == pytest.approx(((likely - once) ** 2).sum(axis=1).mean())
    assert part["log_loss"]["after"] == pytest.approx(log_loss(truth, likely))
    confidences = table["confidence"].to_numpy()
    places = np.minimum((confidences * BINS).astype(int), BINS - 1)
    gaps = [
        abs(confidences[places == one].mean() - right[places == one].mean())
        * (places == one).mean()
        for one in np.unique(places)
    ]
    assert part["ece"]["after"] == pytest.approx(sum(gaps))
    for row, risk in zip(part["reject"], RISKS, strict=True):
        accepted = table[f"accepted:{risk}"].astype(str) == "True"
        if row["coverage"] is None:
            assert "too" in row["reason"]
            assert not accepted.any()
            continue
        assert row["coverage"] == pytest.approx(accepted.mean())
        assert row["wrong"] == (accepted & ~right).sum()
        assert not (accepted & (table["located"].astype(str) == "False")).any()
    ranks = (-likely).argsort(axis=1).argsort(axis=1)[np.arange(len(table)), truth] + 1
    for row, level in zip(part["sets"], LEVELS, strict=True):
        assert row["coverage"] == pytest.approx((ranks <= table[f"candidates:{level}"]).mean())
        assert row["mean_size"] == pytest.approx(table[f"candidates:{level}"].mean())


def test_the_occlusion_check_follows_from_the_table(written: tuple[dict[str, Any], Path]) -> None:
    report, path = written
    table = pd.read_csv(path, keep_default_na=False)
    evaluated = table[table["body_painted"] != ""]
    found = report["attention"]
    assert found["body_painted"]["photos"] == len(evaluated)
    same = (evaluated["body_painted"] == evaluated["label"]).mean()
    assert found["body_painted"]["accuracy"] == pytest.approx(same)
    assert found["background_painted"]["accuracy"] == 1
    share = pd.to_numeric(table["saliency_on_body"])
    assert found["on_body"]["mean"] == pytest.approx(share.mean())
    assert found["warning"] == ""


def test_a_model_that_relies_on_the_background_is_named() -> None:
    predictions = made_up()
    assert predictions.occlusion is not None
    predictions.occlusion.body_painted[:] = predictions.targets
    assert "instead of the resistor" in reported(predictions)["attention"]["warning"]


@pytest.mark.parametrize("photos", [1, 2])
def test_a_photo_or_two_leave_scores_undefined(photos: int) -> None:
    report = reported(made_up(3).select(slice(photos)))
    metrics = {row["name"]: row for row in report["metrics"]}
    assert metrics["accuracy"]["value"] in (0, 0.5, 1)
    assert metrics["accuracy"]["low"] is None
    if photos == 1:
        assert metrics["roc_auc"]["value"] is None
    assert report["calibration"] is None
    assert len(report["empty"]) >= 3
    json.dumps(report, allow_nan=False)


def test_robustness_rows_are_by_corruption_and_severity() -> None:
    predictions = made_up(40)
    rows = pd.DataFrame(
        {
            "kind": np.repeat(["blur", "noise"], 40),
            "strength": 1,
            "correct": np.tile([True, False], 40),
            **{f"accepted:{risk}": np.tile([True, None], 40) for risk in RISKS},
        }
    )
    found = robustness_report(rows, predictions, 0.05)
    assert [row["kind"] for row in found["rows"]] == ["blur", "noise"]
    assert found["rows"][0]["accuracy"] == 0.5
    assert found["rows"][0]["coverage"] == 0.5
    assert found["rows"][0]["wrong_accepted"] == 0
    assert robustness_report(rows, predictions, None)["rows"][0]["coverage"] is None


def test_rows_of_many_photos_have_the_highest_and_the_lowest_loss() -> None:
    predictions = made_up(500)
    rows = rows_of(predictions, 60)
    losses = sorted(predictions.losses.tolist())
    shown = {row["loss"] for row in rows}
    assert len(rows) == 60
    assert {losses[0], losses[-1]} <= shown


_LARGE = """
import resource, sys
from pathlib import Path
import numpy as np
import resistor_cls.model, resistor_cls.inference.evaluate_model  # as a whole job has them loaded
from resistor_cls.categories import Categories
from resistor_cls.evaluation import Predictions
from resistor_cls.evaluation.calibration import cross_fitted
from resistor_cls.evaluation.report import report_of, rows_of
photos, size, path = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
rng = np.random.default_rng(0)
targets = rng.integers(0, size, photos)
likely = rng.random((photos, size), dtype=np.float32)
likely[np.arange(photos), targets] += 1.5
likely /= likely.sum(axis=1, keepdims=True)
predictions = Predictions(
    names=tuple(f"{n}.jpg" for n in range(photos)), indices=np.arange(photos), targets=targets,
    probabilities=likely, losses=likely[:, 0], bursts=np.arange(photos) // 4,
    categories=Categories([f"{n}R_1-4W" for n in range(1, size + 1)]),
)
found = cross_fitted(likely, targets, predictions.bursts)
predictions = predictions.with_calibration(found)
report_of(predictions, found.calibration, found.basis)
rows_of(predictions, 3000)
predictions.write(path)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


@pytest.mark.slow
def test_a_hundred_thousand_predictions_stay_small(tmp_path: Path) -> None:
    words = [sys.executable, "-c", _LARGE, "100000", "1000", str(tmp_path / "p.csv")]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 2 << 30
