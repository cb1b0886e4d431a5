"""Whole jobs: several folds in one command, and what their parent run says of them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from resistor_cls.evaluation import Predictions
from tests.helpers.runs import runs
from tests.helpers.tiny import CATEGORIES

Train = Callable[..., int]
SCORES = ("accuracy", "f1_macro", "roc_auc", "loss")


def test_all_folds_are_one_command(train: Train, capsys: pytest.CaptureFixture[str]) -> None:
    assert train("sweep=folds", "data.folds=2", "trainer.max_epochs=1") == 0
    *children, parent = runs()
    assert sorted(run.info.run_name for run in children) == ["data.fold=0", "data.fold=1"]
    for name in SCORES:
        values = [run.data.metrics[f"val/{name}"] for run in children]
        reported = [parent.data.metrics[f"{what}/val/{name}"] for what in ("mean", "std")]
        assert reported == pytest.approx([np.mean(values), np.std(values, ddof=1)], abs=1e-6)
    place = Path(parent.info.artifact_uri.removeprefix("file://"))
    predictions = Predictions.read(place / "tables" / "predictions.csv")
    assert len(predictions.names) == len(set(predictions.names)) == 8 * len(CATEGORIES)
    assert parent.data.metrics["pooled/val/accuracy"] == pytest.approx(predictions.right.mean())
    counts = pd.read_csv(place / "tables" / "confusion_matrix.csv", index_col=0)
    assert counts.sum(axis=1).tolist() == [8] * len(CATEGORIES)
    assert (place / "figures" / "repeats.png").exists()
    assert (place / "figures" / "confusion_matrix.png").exists()
    assert "Top-1 accuracy over data.fold" in parent.data.tags["mlflow.note.content"]
    assert "Mean ± standard deviation over data.fold:" in capsys.readouterr().err


def test_some_folds_without_a_store(train: Train) -> None:
    words = ("data.fold=0,2", "trainer.max_epochs=1", "tracking=none", "saliency=false")
    assert train("-m", *words, "unknown=0", "gallery=2") == 0
    assert runs() == []
    (folder,) = Path("outputs").glob("*/*")
    assert {path.name for path in (folder / "figures").iterdir()} == {
        "confusion_matrix.png",
        "repeats.png",
    }
    assert pd.read_csv(folder / "tables" / "repeats.csv")["repeats"].eq(2).all()
    assert len(pd.read_csv(folder / "tables" / "predictions.csv")) == 16
    for job in ("0", "1"):
        figures = {path.name for path in (folder / job / "figures").glob("*.png")}
        assert {"curves.png", "augmentation.png", "train_samples.png"} <= figures
        assert not {name for name in figures if name.startswith("saliency")}


def test_a_sweep_over_no_fold_is_refused(train: Train, capsys: pytest.CaptureFixture[str]) -> None:
    assert train("sweep=folds", "data.folds=0") == 2
    assert "data.folds=0: expected 2 or more" in capsys.readouterr().err
    assert runs() == []
