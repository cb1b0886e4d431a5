"""How the parent of a sweep ranks and shows its jobs."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from resistor_cls.tracking.sweep.job_scores import JobScores, job_table
from resistor_cls.tracking.sweep.jobs import Job


def jobs(**columns: Sequence[float | str]) -> pd.DataFrame:
    count = len(next(iter(columns.values())))
    names = [f"seed={number}" for number in range(count)]
    about = {"job": names, "status": "FINISHED", "run": names, **columns}
    return pd.DataFrame({**about, "number": range(count), "overrides": names})


def test_jobs_are_ranked_by_the_watched_score() -> None:
    table = jobs(**{"val/loss": [0.3, 0.1, np.nan, 0.2], "val/accuracy": [0.7, 0.8, 0.9, 0.9]})
    by_loss = JobScores(table, "val/loss")
    assert by_loss.tags() == {
        "sweep.jobs": "4",
        "sweep.best": "seed=1",
        "sweep.best_run": "seed=1",
    }
    points = by_loss.by_job()
    assert [number for number, _ in points] == [0, 1, 3]  # the third has no score
    assert [scores["jobs/val/loss"] for _, scores in points] == [0.3, 0.1, 0.2]
    assert [scores["best/val/loss"] for _, scores in points] == [0.3, 0.1, 0.1]
    assert points[2][1]["best/val/accuracy"] == 0.8  # of the same job
    assert JobScores(table, "val/accuracy").tags()["sweep.best"] == "seed=2"
    tested = JobScores(jobs(**{"test/accuracy": [0.1, 0.2]}), "val/accuracy")
    assert tested.tags()["sweep.best"] == "seed=1"


def test_jobs_without_a_run_are_counted_and_passwords_stay_out() -> None:
    words = ("seed=1", "tracking.uri=postgresql://me:s3cret@host/db")
    table = job_table([Job(words, Path("sweep/3"), finished=False)], [], lambda words: words[0])
    (row,) = table.to_dict("records")
    assert (row["job"], row["status"], row["run"], row["number"]) == ("seed=1", "FAILED", "", 3)
    assert row["overrides"] == "seed=1 tracking.uri=postgresql://me:***@host/db"


def test_without_scores_no_job_is_the_best() -> None:
    failed = JobScores(jobs(status=["FAILED", "FAILED"]), "val/loss")
    assert failed.tags() == {"sweep.jobs": "2"}
    assert failed.by_job() == []
    assert "0 of 2 jobs finished." in failed.note(lambda run: f"#/{run}")


def test_the_description_of_a_long_sweep_names_where_the_rest_is() -> None:
    many = jobs(**{"val/accuracy": [number / 100 for number in range(50)]})
    note = JobScores(many, "val/accuracy").note(lambda run: f"#/{run}")
    assert "Best by val/accuracy: [seed=49](#/seed=49), 0.4900." in note
    assert note.count("\n| ") + 1 < 50
    assert "`tables/sweep.csv` has all" in note
