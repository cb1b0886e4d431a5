"""The scores of the jobs of a sweep, as its parent run shows them."""

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from resistor_cls.errors import without_passwords
from resistor_cls.evaluation.scores import is_loss
from resistor_cls.tracking.run.liveness import FOLDER_TAG
from resistor_cls.tracking.run.run import BEST
from resistor_cls.tracking.sweep.jobs import PRUNED, Job
from resistor_cls.tracking.sweep.markdown import markdown_table

if TYPE_CHECKING:
    from mlflow.entities import Run as StoredRun

SHOWN = ("loss", "accuracy", "f1_macro", "roc_auc")  # of a job in a description; the table has all
_ROWS = 10  # of the table in a description, whose length MLflow limits


@dataclass(frozen=True)
class JobScores:
    """The jobs of a sweep and their scores.

    Attributes:
        table: a row per job that has run: `job` (its name), `status`, `run` (its id), a column per
            score, such as `val/accuracy`, `number` (of its folder), and `overrides` (the words that
            it was started with).
        monitor: the score by which jobs are ranked, such as `val/roc_auc`; None for none.
    """

    table: pd.DataFrame
    monitor: str | None

    @property
    def ranked_by(self) -> str | None:
        """The column that ranks the jobs; None where none has it."""
        if self.monitor is None:
            return None
        name = self.monitor.partition("/")[2]  # an evaluation has test/roc_auc instead
        found = (f"{prefix}/{name}" for prefix in ("val", "test"))
        return next((key for key in found if key in self.table), None)

    @property
    def shown(self) -> list[str]:
        """The scores that a description shows."""
        return [name for name in self.table.columns if name.partition("/")[2] in SHOWN]

    def ranked(self) -> pd.DataFrame:
        """The jobs, the best first; then those that were pruned, those without a score last."""
        if (key := self.ranked_by) is None:
            return self.table
        sign = 1 if is_loss(key) else -1
        order = self.table.assign(
            _absent=self.table[key].isna(),
            _pruned=self.table["status"] == PRUNED,
            _score=sign * self.table[key],
        ).sort_values(["_absent", "_pruned", "_score"], kind="stable")
        return order[self.table.columns]

    @property
    def best(self) -> "pd.Series[Any] | None":
        """The row of the best job; None where none has a score."""
        key = self.ranked_by
        if key is None or self.table[key].isna().all():
            return None
        return self.ranked().iloc[0]

    def by_job(self) -> list[tuple[int, dict[str, float]]]:
        """For charts over the number of a job: its scores, and those of the best until then.

        Returns:
            Number → `jobs/val/SCORE` and `best/val/SCORE` of it.
        """
        if (key := self.ranked_by) is None:
            return []
        sign = -1 if is_loss(key) else 1
        points, best, leader = [], -np.inf, None
        for row in self.table.sort_values("number").to_dict("records"):
            if not np.isfinite(row[key]):
                continue
            if row["status"] != PRUNED and (leader is None or sign * row[key] > best):
                best, leader = sign * row[key], row
            scores = {f"jobs/{name}": row[name] for name in self.shown}
            scores |= {f"{BEST}{name}": leader[name] for name in self.shown} if leader else {}
            found = {name: float(value) for name, value in scores.items() if np.isfinite(value)}
            points.append((int(row["number"]), found))
        return points

    def sentence(self, address: Callable[[str], str] | None = None) -> str:
        """How many jobs there are, and which is the best.

        Args:
            address: run id → link, for Markdown; None for plain text.
        """
        done, pruned = ((self.table["status"] == of).sum() for of in ("FINISHED", PRUNED))
        counts = f"{done} of {len(self.table)} jobs finished"
        counts += f", {pruned} pruned" if pruned else ""
        best, key = self.best, self.ranked_by
        if best is None or key is None:
            return f"{counts}."
        name = best["job"] if address is None else f"[{best['job']}]({address(best['run'])})"
        return f"{counts}. Best by {self.ranked_by}: {name}, {best[key]:.4f}."

    def tags(self) -> dict[str, str]:
        """Tags of the parent."""
        tags = {"sweep.jobs": str(len(self.table))}
        if (best := self.best) is not None:
            tags |= {"sweep.best": str(best["job"]), "sweep.best_run": str(best["run"])}
        return tags

    def note(self, address: Callable[[str], str]) -> str:
        """The description of the parent, as Markdown.

        Args:
            address: run id → link.
        """
        rows = self.ranked()
        shown = rows[["number", "job", "status", *self.shown]].rename(columns={"number": "#"})
        shown["job"] = [
            f"[{job}]({address(run)})" if run else job
            for job, run in zip(rows["job"], rows["run"], strict=True)
        ]
        parts = [self.sentence(address), markdown_table(shown.head(_ROWS))]
        if len(rows) > _ROWS:
            parts.append(f"These are {_ROWS} of {len(rows)} jobs; `tables/sweep.csv` has all.")
        if (best := self.best) is not None:
            parts.append(f"The words of the best: `{best['overrides']}`")
        return "\n\n".join(parts)


def job_table(
    jobs: Sequence[Job],
    children: "Sequence[StoredRun]",
    name_of: Callable[[Sequence[str]], str],
    monitor: str | None = None,
) -> pd.DataFrame:
    """The table of a `JobScores`.

    Args:
        jobs: that have ended.
        children: the runs that the store has of them; one that failed early has none, and with
            `tracking=none` no job has one.
        name_of: names a job by the words that it was started with.
        monitor: the score that jobs without a run have.
    """
    known = {str(job.output.absolute()): (place, job) for place, job in enumerate(jobs)}
    again = {name_of(job.overrides) for job in jobs}
    rows = []
    for place, run in enumerate(children):
        folder = run.data.tags.get(FOLDER_TAG, "")
        number, job = known.pop(folder, (place, None))
        if job is None and run.info.run_name in again:
            continue  # it was interrupted, and another job has repeated it
        status = run.info.status if job is None or not job.pruned else PRUNED
        about = {"job": run.info.run_name, "status": status, "run": run.info.run_id}
        rows.append({**about, **_scores_of(run), **_started(number, job, Path(folder))})
    for number, job in known.values():
        about = {"job": name_of(job.overrides), "status": job.status, "run": ""}
        scores = {} if monitor is None or job.score is None else {monitor: job.score}
        rows.append({**about, **scores, **_started(number, job, job.output)})
    last = ["number", "overrides"]
    table = pd.DataFrame(rows)
    return table[[*table.columns.drop(last, errors="ignore"), *last]] if rows else table


def _scores_of(run: "StoredRun") -> dict[str, float]:
    """The scores of the epoch that a run keeps; of an evaluation those that it has found."""
    metrics = run.data.metrics
    best = {key.removeprefix(BEST): metrics[key] for key in metrics if key.startswith(BEST)}
    return best | {key: metrics[key] for key in metrics if key.startswith("test/")}


def _started(place: int, job: Job | None, output: Path) -> dict[str, Any]:
    """The number of a job, which is that of its folder, and its words."""
    words = "" if job is None else without_passwords(shlex.join(job.overrides))
    return {"number": int(output.name) if output.name.isdecimal() else place, "overrides": words}
