"""Sweeps that are interrupted continue, and name what fails."""

import os
from pathlib import Path

import mlflow
import pandas as pd
import pytest

from resistor_cls.config import compose
from tests.helpers.runs import artifact, runs
from tests.helpers.stub_sweep import main, score_of, start

SEEDS = "seed=range(4)"


def test_a_killed_sweep_runs_the_remaining_jobs_only(
    workplace: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    killed = start("-m", SEEDS, "optimizer.lr=1e-3", DIE_AT="2")
    assert killed.returncode == -9, killed.stderr
    assert len(list(Path("outputs").glob("*/*/[0-9]"))) == 3
    # The same words in another order.
    assert main(["-m", "optimizer.lr=1e-3", SEEDS]) == 0
    (folder,) = Path("outputs").glob("*/*")
    assert f"Continues the sweep of {folder.absolute()}: 2 jobs had ended" in caplog.text
    assert "4 of 4 jobs finished" in capsys.readouterr().err

    *children, parent = sorted(runs(), key=lambda run: "sweep.keys" in run.data.tags)
    assert parent.info.status == "FINISHED"
    assert "error" not in parent.data.tags
    assert {run.data.tags["mlflow.parentRunId"] for run in children} == {parent.info.run_id}
    finished = sorted(run.info.run_name for run in children if run.info.status == "FINISHED")
    assert finished == [f"seed={seed}" for seed in range(4)]
    assert [run.info.run_name for run in children if run.info.status == "KILLED"] == ["seed=2"]

    folders = sorted(path.name for path in folder.glob("[0-9]"))
    assert folders == ["0", "1", "2", "3", "4"]  # 2 is that of the killed job
    table = pd.read_csv(artifact(parent, "tables/sweep.csv"))
    assert sorted(table["number"]) == [0, 1, 3, 4]
    assert table["status"].eq("FINISHED").all()
    client = mlflow.MlflowClient(os.environ["MLFLOW_TRACKING_URI"])
    history = client.get_metric_history(parent.info.run_id, "jobs/val/roc_auc")
    assert [point.step for point in history] == [0, 1, 3, 4]
    assert not (folder / ".jobs.jsonl").exists()


def test_other_words_or_another_folder_start_afresh(
    workplace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert start("-m", "seed=0,1", "tracking=none", DIE_AT="1").returncode == -9
    assert main(["-m", "seed=0,1,2", "tracking=none"]) == 0
    named = f"hydra.sweep.dir={workplace / 'named'}"
    assert main(["-m", "seed=0,1", "tracking=none", named]) == 0
    assert "Continues" not in capsys.readouterr().err
    assert main(["-m", "seed=0,1", "tracking=none"]) == 0
    assert "Continues the sweep of" in capsys.readouterr().err
    assert main(["-m", "seed=0,1", "tracking=none"]) == 0  # that sweep was over
    assert "Continues" not in capsys.readouterr().err


def test_a_failed_job_is_named_at_once_and_the_others_run(
    workplace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FAIL_AT", "1")
    assert main(["-m", "seed=0,1,2"]) == 2
    shown = capsys.readouterr().err
    assert shown.index("seed=1: job 1 fails") < shown.index("2 of 3 jobs finished")
    by_name = {run.info.run_name: run.info.status for run in runs()}
    assert by_name == {
        "sweep over seed": "FAILED",
        "seed=0": "FINISHED",
        "seed=1": "FAILED",
        "seed=2": "FINISHED",
    }


def test_the_best_job_becomes_an_experiment(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["experiment=leak_check", "optimizer.lr=1e-2,1e-3,1e-4", "seed=5", "optimizer=sgd"]
    assert main(["-m", *words, "data.split=stratified", "compare=null", "tracking=none"]) == 0
    (folder,) = Path("outputs").glob("*/*")
    again = capsys.readouterr().err.strip().splitlines()[-1]
    line = f"--config-dir {folder.absolute()}/config experiment=best_of_sweep"
    assert again == f"again:  python -m resistor_cls.train {line}"
    config = compose(
        "train",
        [f"hydra.searchpath=[file://{folder.absolute()}/config]", "experiment=best_of_sweep"],
    )
    assert (config.optimizer.lr, config.seed, config.optimizer.momentum) == (1e-3, 5, 0.9)
    assert (config.trainer.max_epochs, config.compare) == (15, None)
    assert main([*line.split(), "tracking=none", "hydra.run.dir=again"]) == 0
    table = pd.read_csv(folder / "tables" / "sweep.csv")
    assert table["val/roc_auc"].max() == pytest.approx(score_of(1e-3, 5))
    assert (folder / "figures" / "parallel_coordinates.png").stat().st_size > 10_000


def test_an_interval_needs_a_search(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-m", "optimizer.lr=interval(0.1,1)", "tracking=none"]) == 2
    message = "optimizer.lr=interval(0.1,1): only a search takes an interval: add hydra/sweeper="
    assert message in capsys.readouterr().err
