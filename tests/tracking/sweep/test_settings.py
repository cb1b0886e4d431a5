"""How scores depend on settings, as the parent of a sweep shows it."""

from pathlib import Path

import pandas as pd
import pytest

from resistor_cls.tracking import open_run
from resistor_cls.tracking.sweep.jobs import Job
from resistor_cls.tracking.sweep.settings import BY_STUDY, BY_VARIANCE, save_settings

JOBS = [
    Job((f"lr={lr}", f"model={model}"), Path(str(lr)), True, score=0.5 + lr + (model == "b") / 10)
    for lr in (0.1, 0.2)
    for model in "ab"
]


def test_importance_comes_from_the_jobs_or_from_a_study(tmp_path: Path) -> None:
    with open_run(tmp_path, kind="none") as run:
        note, lines = save_settings(run, JOBS, ["lr", "model"], "val/accuracy", {})
        assert BY_VARIANCE in note and BY_VARIANCE in lines[0]
        table = pd.read_csv(tmp_path / "tables" / "importance.csv", index_col="key")
        assert table["importance"].to_dict() == pytest.approx({"lr": 0.5, "model": 0.5})
        assert (tmp_path / "figures" / "importance.png").stat().st_size > 5_000
        known = {"lr": 0.9, "model": 0.1}
        note, _ = save_settings(run, JOBS, ["lr", "model"], "val/accuracy", known)
        assert BY_STUDY in note
        assert save_settings(run, JOBS[:1], ["lr"], "val/accuracy", {}) == ("", [])
        assert save_settings(run, JOBS, ["lr"], None, {}) == ("", [])
