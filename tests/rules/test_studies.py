"""What studies claim follows from the tables that stand beside them."""

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from resistor_cls.evaluation import Predictions
from resistor_cls.evaluation.calibration import cross_fitted
from resistor_cls.evaluation.ood import detection
from resistor_cls.evaluation.report import report_of, robustness_report
from tests.helpers import ROOT

STUDY = ROOT / "experiments" / "evaluation_report"


def same(found: Any, stated: Any, place: str = "") -> None:
    """Compares plain values; numbers may differ in their last digits between machines."""
    assert type(found) is type(stated), place
    if isinstance(stated, dict):
        assert found.keys() == stated.keys(), place
        for key, value in stated.items():
            same(found[key], value, f"{place}.{key}")
    elif isinstance(stated, list):
        assert len(found) == len(stated), place
        for number, (one, other) in enumerate(zip(found, stated, strict=True)):
            same(one, other, f"{place}[{number}]")
    elif isinstance(stated, float):
        assert found == pytest.approx(stated, rel=1e-6, abs=1e-9), place
    else:
        assert found == stated, place


def test_the_report_on_the_best_model_follows_from_its_tables() -> None:
    stated = json.loads((STUDY / "report.json").read_text(encoding="utf-8"))
    predictions = Predictions.read(STUDY / "predictions.csv")
    assert predictions.bursts is not None and predictions.ood_scores is not None
    found = cross_fitted(
        predictions.probabilities, predictions.targets, predictions.bursts, predictions.located
    )
    assert found is not None
    # The table has the calibration of each photo; it is fitted on the other photos.
    for name in ("temperatures", "confidences", "set_sizes"):
        assert getattr(predictions, name) == pytest.approx(getattr(found, name), rel=1e-6)
    again = report_of(predictions, found.calibration, found.basis)
    same(again, {key: stated[key] for key in again})

    unknown = pd.read_csv(STUDY / "unknown.csv")
    groups = [*unknown.groupby("kind", sort=False), ("all together", unknown)]
    for (kind, part), row in zip(groups, stated["unknown"]["kinds"], strict=True):
        assert (row["kind"], row["photos"]) == (kind, len(part))
        area, passed = detection(predictions.ood_scores, part["unknown"].to_numpy())
        assert (row["auroc"], row["fpr95"]) == pytest.approx((area, passed))

    stressed = pd.read_csv(STUDY / "stress_predictions.csv.gz")
    rows = robustness_report(stressed, predictions, stated["stress"]["risk"])["rows"]
    kept = [{key: row[key] for key in rows[0]} for row in stated["stress"]["rows"]]
    same(rows, kept)


def test_the_table_of_settings_follows_from_its_csv() -> None:
    study = STUDY.with_name("settings")
    rows = pd.read_csv(study / "settings.csv")
    values, gaps = (rows[rows["kind"] == kind] for kind in ("value", "gap"))
    stated = re.findall(
        r"^\| (.+?) \|((?: \d.+?\|){3})(.*?)\|$", (study / "README.md").read_text(), re.M
    )
    assert len(stated) == 10
    texts = [(scores, gap.replace("**", "").strip()) for _, scores, gap in stated]
    # In the order of the runs: the base, then every value but the base of each setting.
    order = dict.fromkeys(values["setting"])
    found = [("loss", "bce")]
    for setting in order:
        found += [
            (setting, value) for value in values[values["setting"] == setting]["value"].unique()[1:]
        ]
    for (scores, gap), (setting, value) in zip(texts, found, strict=True):
        of = values[(values["setting"] == setting) & (values["value"] == value)].set_index("score")
        expected = [
            f"{of['mean'][name]:.3f} ± {of['std'][name]:.3f}"
            for name in ("accuracy", "f1_macro", "roc_auc")
        ]
        assert [cell.strip() for cell in scores.strip(" |").split("|")] == expected, value
        if gap:
            row = gaps[(gaps["setting"] == setting) & gaps["value"].str.endswith(f" - {value}")]
            accuracy = row[row["score"] == "accuracy"].iloc[0]
            low, high = accuracy["low"], accuracy["high"]
            assert gap == f"{accuracy['mean']:.3f} [{low:.3f}, {high:.3f}]", value


def test_the_exported_page_predicts_as_its_tables_state() -> None:
    study = ROOT / "experiments" / "web_page"
    stated = (study / "README.md").read_text(encoding="utf-8").splitlines()
    tables = sorted(study.glob("*.csv"))
    assert len(tables) == 3
    for path in tables:
        (row,) = (place for place, line in enumerate(stated) if f"([table]({path.name}))" in line)
        found = pd.read_csv(path)
        for bodies, line in zip(("one", "every"), stated[row : row + 2], strict=True):
            table = found[found["bodies"] == bodies]
            median, high = table["seconds"].quantile([0.5, 0.9])
            assert line.endswith(
                f"{table['same'].sum()} of {len(table)} | {table['confidence_difference'].max():g} "
                f"| {median:.2f}, {high:.2f} |"
            )


def test_each_row_of_the_study_of_speed_has_a_function_and_a_prediction(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    study = STUDY.with_name("speed")
    monkeypatch.syspath_prepend(str(study))
    frame, rows = (importlib.import_module(name) for name in ("frame", "rows"))
    for row in rows.ROWS.values():
        module, name = row.function.split(".")
        assert f"\ndef {name}(" in (study / f"{module}.py").read_text(), row.name
    # A rate is to be large, and seconds are to be few.
    row, measured = rows.ROWS["steps_resnet50_bare"], frame.Measured("photos/s", [9, 8], [10, 8])
    line = frame.summary(row, measured)
    assert (line["ratio"], line["low"], line["high"], line["met"]) == (0.95, 0.9, 1.0, "no")
    assert frame.summary(rows.ROWS["help"], frame.Measured("s", [0.4]))["met"] == "yes"
    table = importlib.import_module("table")
    before = pd.DataFrame([{**line, "ratio": 1.2, "low": 1.1, "high": 1.3}])
    assert table.slowdowns([line], before) == ["steps_resnet50_bare: ratio 0.95, was 1.2"]
    assert table.slowdowns([line], before.assign(low=0.9)) == []


@pytest.mark.slow
def test_the_rows_of_the_study_of_speed_can_be_measured(tmp_path: Path) -> None:
    """Those that the package and a reference share; they break when an interface changes."""
    rows = ["steps_resnet18_bare", "epoch_best", "first_best_warm", "predict_one", "train_around"]
    rows += ["decode", "crops_cpu", "report", "growth_categories"]
    run = STUDY.with_name("speed") / "run.py"
    words = [sys.executable, str(run), "--quick", "--scratch", str(tmp_path), "--only", *rows]
    shown = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    assert [line.split()[0] for line in shown.splitlines()[1:]] == rows
    assert "failed" not in shown
