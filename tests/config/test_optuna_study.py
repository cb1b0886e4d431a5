"""Sweeps that Optuna runs."""

import importlib.util
from pathlib import Path

import pandas as pd
import pytest

from tests.helpers.runs import artifact, runs
from tests.helpers.stub_sweep import main, start

SEARCH = ["-m", "hydra/sweeper=optuna", "optimizer.lr=tag(log,interval(1e-5,1e-1))"]


def test_optuna_is_an_extra(
    workplace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "optuna" else found(name)
    )
    assert main(SEARCH) == 2
    assert "not installed: pip install 'resistor_cls[optuna]'" in capsys.readouterr().err


@pytest.mark.slow
def test_a_killed_search_continues_and_counts_all_its_trials(workplace: Path) -> None:
    optuna = pytest.importorskip("optuna")
    assert start(*SEARCH, "hydra.sweeper.n_trials=12", DIE_AT="3").returncode == -9
    done = start(*SEARCH, "hydra.sweeper.n_trials=12")
    assert done.returncode == 0, done.stderr

    *children, parent = sorted(runs(), key=lambda run: "sweep.keys" in run.data.tags)
    assert parent.info.status == "FINISHED"
    (killed,) = [run for run in children if run.info.status == "KILLED"]
    again = [run for run in children if run.info.run_name == killed.info.run_name]
    assert sorted(run.info.status for run in again) == ["FINISHED", "KILLED"]
    assert len(children) == 13
    assert len({run.info.run_name for run in children}) == 12  # nothing is repeated

    table = pd.read_csv(artifact(parent, "tables/sweep.csv"))
    assert len(table) == 12
    assert set(table["status"]) == {"FINISHED", "PRUNED"}
    best = parent.data.tags["sweep.best"]
    assert table.loc[table["job"] == best, "status"].item() == "FINISHED"
    assert "pruned" in parent.data.tags["mlflow.note.content"]
    importance = pd.read_csv(artifact(parent, "tables/importance.csv"))
    assert importance["key"].tolist() == ["optimizer.lr"]
    (study,) = optuna.get_all_study_summaries(f"sqlite:///{workplace / 'optuna.db'}")
    assert study.study_name == f"sweep {parent.info.run_id}"
    assert study.n_trials == 13
    assert study.best_trial.value == pytest.approx(parent.data.metrics["best/val/roc_auc"])


def test_a_study_that_is_named_continues_in_the_next_sweep(
    workplace: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("optuna")
    words = [*SEARCH, "hydra.sweeper.study_name=mine", "tracking=none"]
    monkeypatch.setenv("FAIL_AT", "1")
    assert main([*words, "hydra.sweeper.n_trials=3"]) == 2
    assert "2 of 3 jobs finished" in capsys.readouterr().err
    monkeypatch.delenv("FAIL_AT")
    assert main([*words, "hydra.sweeper.n_trials=5", "hydra.sweeper.n_jobs=2"]) == 0
    assert "2 of 2 jobs finished" in capsys.readouterr().err
    assert main([*words, "hydra.sweeper.n_trials=5", "hydra.sweeper.direction=minimize"]) == 2
    message = "hydra.sweeper.study_name=mine: this study has the direction maximize"
    assert message in capsys.readouterr().err
