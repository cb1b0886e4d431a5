"""Whole sweeps: several jobs or folds in one command, and what their parent run has of them."""

import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest

from resistor_cls.evaluation import Predictions
from tests.helpers import ROOT
from tests.helpers.runs import artifact, runs
from tests.helpers.tiny import CATEGORIES, TINY

Train = Callable[..., int]
SCORES = ("accuracy", "f1_macro", "roc_auc", "loss")


@pytest.mark.usefixtures("blank_figures")
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


@pytest.mark.usefixtures("blank_figures")
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


@pytest.mark.usefixtures("blank_figures")
def test_a_sweep_is_one_parent_with_a_child_a_job(
    train: Train, capsys: pytest.CaptureFixture[str]
) -> None:
    varied = ("optimizer.lr=1e-3,3e-4", "loss=bce,cross_entropy")
    assert train("-m", *varied, "trainer.max_epochs=1", "tracking.name=losses") == 0
    *children, parent = runs()
    assert (parent.info.status, parent.info.run_name) == ("FINISHED", "losses")
    assert f"parent: {parent.info.run_id}" in capsys.readouterr().err
    assert {run.data.tags["mlflow.parentRunId"] for run in children} == {parent.info.run_id}
    assert sorted(run.info.run_name for run in children) == [
        "optimizer.lr=0.0003 loss=bce",
        "optimizer.lr=0.0003 loss=cross_entropy",
        "optimizer.lr=0.001 loss=bce",
        "optimizer.lr=0.001 loss=cross_entropy",
    ]
    table = artifact(parent, "tables/sweep.csv").read_text().splitlines()
    assert len(table) == 5
    assert table[0].startswith("job,status,run,val/")
    scores = {run.info.run_name: run.data.metrics["best/val/roc_auc"] for run in children}
    tags = parent.data.tags
    assert tags["sweep.jobs"] == "4"
    assert scores[tags["sweep.best"]] == max(scores.values())
    assert parent.data.metrics["best/val/roc_auc"] == max(scores.values())
    client = mlflow.MlflowClient(os.environ["MLFLOW_TRACKING_URI"])
    history = client.get_metric_history(parent.info.run_id, "jobs/val/roc_auc")
    assert [point.step for point in history] == [0, 1, 2, 3]
    assert {point.value for point in history} == set(scores.values())
    note = tags["mlflow.note.content"]
    best = next(run for run in children if run.info.run_name == tags["sweep.best"])
    assert f"Best by val/roc_auc: [{tags['sweep.best']}](#/experiments/1/runs/" in note
    assert best.info.run_id == tags["sweep.best_run"]
    words = re.search(r"The words of the best: `(.*)`", note)
    assert words is not None
    assert set(tags["sweep.best"].split()) < set(words[1].split())
    assert all(f"[{name}](#/" in note for name in scores)


@pytest.mark.usefixtures("blank_figures")
def test_a_failing_job_fails_its_sweep_and_spares_the_others(
    train: Train, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train("-m", "data.batch_size=100,8", "trainer.max_epochs=1") == 2
    good, bad, parent = runs()
    assert [run.info.status for run in (good, bad, parent)] == ["FINISHED", "FAILED", "FAILED"]
    assert "data.batch_size=100 is more than the 24 training photos" in bad.data.tags["error"]
    assert capsys.readouterr().err.count("error: ") == 1


@pytest.mark.usefixtures("blank_figures")
def test_a_hopeless_trial_ends_early(train: Train, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("optuna")
    pruner = ["~hydra.sweeper.pruner.n_startup_trials", "+hydra.sweeper.pruner.lower=2",
              "hydra.sweeper.pruner._target_=optuna.pruners.ThresholdPruner"]  # fmt: skip
    search = [
        "hydra/sweeper=optuna",
        "hydra.sweeper.n_trials=1",
        "optimizer.lr=interval(0.001,0.01)",
    ]
    assert train("-m", *search, *pruner, "trainer.max_epochs=3") == 0
    child, parent = runs()
    assert (child.info.status, child.data.tags["sweep.pruned"]) == (
        "FINISHED",
        "after validation 1",
    )
    client = mlflow.MlflowClient(os.environ["MLFLOW_TRACKING_URI"])
    assert len(client.get_metric_history(child.info.run_id, "val/roc_auc")) == 1
    assert artifact(child, "checkpoints/last.ckpt").exists()
    assert pd.read_csv(artifact(parent, "tables/sweep.csv"))["status"].tolist() == ["PRUNED"]
    assert "0 of 1 jobs finished, 1 pruned" in capsys.readouterr().err


def run_twice(command: Sequence[str], killed_in: int) -> None:
    """Kills a sweep while a job trains, and lets the same command finish it."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=environment) as process:
        while not list(Path("outputs").glob(f"*/*/{killed_in}/figures/train_samples.png")):
            assert process.poll() is None
            time.sleep(0.1)
        process.kill()
    assert subprocess.run(command, env=environment).returncode == 0


@pytest.mark.slow
def test_trainings_of_a_killed_sweep_are_not_repeated(workplace: Path, photos: Path) -> None:
    words = ["data=folder", f"data.root={photos}", *TINY, "-m", "seed=0,1,2,3"]
    command = [sys.executable, "-m", "resistor_cls.train", *words]
    run_twice(command, killed_in=2)
    *children, parent = sorted(runs(), key=lambda run: "sweep.keys" in run.data.tags)
    names = [(run.info.run_name, run.info.status) for run in children]
    assert sorted(names) == [
        ("seed=0", "FINISHED"),
        ("seed=1", "FINISHED"),
        ("seed=2", "FINISHED"),
        ("seed=2", "KILLED"),
        ("seed=3", "FINISHED"),
    ]
    assert pd.read_csv(artifact(parent, "tables/repeats.csv"))["repeats"].eq(4).all()


def sweeps_of_readme() -> list[str]:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    commands = [line.partition("#")[0].strip() for line in lines]
    return [
        line
        for line in commands
        if line.startswith("resistor-cls train ") and (" -m " in line or " sweep=" in line)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("line", sweeps_of_readme())
def test_a_sweep_of_the_readme_continues(line: str, workplace: Path, photos: Path) -> None:
    words = shlex.split(line.replace("my_photos", str(photos)))[1:]
    few = ["hydra.sweeper.n_trials=3"] if "sweep=optuna" in words else []
    command = [sys.executable, "-m", "resistor_cls", *words, *TINY, *few]
    run_twice(command, killed_in=1)
    jobs = [run for run in runs() if "sweep.keys" not in run.data.tags]
    ended = [run.info.run_name for run in jobs if run.info.status == "FINISHED"]
    assert len(ended) == len(set(ended)) == (3 if few else 2)
