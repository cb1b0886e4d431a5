"""Sweeps: one parent run with a child for each job."""

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from resistor_cls.errors import without_passwords
from resistor_cls.tracking.comparison import save_comparison
from resistor_cls.tracking.jobs import Job, key_of
from resistor_cls.tracking.repeats import save_repeats
from resistor_cls.tracking.run import BEST, PARENT, Run, best_effort, open_run
from resistor_cls.tracking.store import children_of

log = logging.getLogger("resistor_cls")

SHOWN = ("loss", "accuracy", "f1_macro", "roc_auc")  # of a job in a terminal; the table has all


@dataclass(frozen=True)
class Sweep:
    """A sweep that is under way.

    Attributes:
        name: of the parent run.
        varying: the keys that differ between jobs.
        run: the parent.
        compared: the key whose values are set side by side at the end; None for none.
        uri: of the MLflow store; None where nothing is tracked.
        experiment: name of the experiment.
        jobs: those that have ended.
    """

    name: str
    varying: tuple[str, ...]
    run: Run
    compared: str | None = None
    uri: str | None = None
    experiment: str = ""
    jobs: list[Job] = field(default_factory=list)

    def job_name(self, overrides: Sequence[str]) -> str:
        """Names a job by what varies: `model=resnet18 optimizer.lr=0.001`."""
        return " ".join(word for word in overrides if key_of(word) in self.varying)

    def ended(self, overrides: Sequence[str], output: Path, *, finished: bool) -> None:
        """Notes a job that has ended."""
        self.jobs.append(Job(tuple(overrides), output, finished))

    def finish(self) -> str:
        """Compares what was to be compared; returns how the sweep went, for people.

        The parent gets what `save_comparison` and `save_repeats` keep, and a note.
        """
        lines = [self.name]
        if not (table := self.table()).empty:
            shown = [name for name in table.columns if name.partition("/")[2] in SHOWN]
            lines.append(table[["job", "status", "run", *shown]].to_string(index=False))
        told = [save_repeats(self.run, self.jobs, self.varying)]
        if self.compared is not None:
            told.append(save_comparison(self.run, self.jobs, self.compared, self.varying))
        for _, shown in told:
            lines += ["", *shown, ""] if shown else []
        if any(note for note, _ in told):
            self.run.note(" ".join(note for note, _ in told if note))
        lines.append(f"folder: {self.run.output}")
        if self.uri is not None:
            lines.append(f"parent: {self.run.run_id} in {without_passwords(self.uri)}")
        return "\n".join(lines)

    def table(self) -> pd.DataFrame:
        """A row per job that has run: its name, how it ended, the scores of the epoch it keeps."""
        if self.uri is None:
            return pd.DataFrame()
        try:
            children = children_of(self.uri, self.experiment, self.run.run_id)
        except Exception as error:  # of servers and databases: the jobs have their folders
            log.warning("%s does not say how the jobs went: %s", without_passwords(self.uri), error)
            return pd.DataFrame(
                {
                    "job": self.job_name(job.overrides),
                    "status": "FINISHED" if job.finished else "FAILED",
                    "run": str(job.output),
                }
                for job in self.jobs
            )
        return pd.DataFrame(
            {
                "job": run.info.run_name,
                "status": run.info.status,
                "run": run.info.run_id,
                **{
                    key.removeprefix(BEST): value
                    for key, value in run.data.metrics.items()
                    if key.startswith(BEST)
                },
            }
            for run in children
        )


@contextmanager
def open_sweep(
    name: str,
    varying: Sequence[str],
    output: str | Path,
    *,
    compared: str | None = None,
    kind: str = "mlflow",
    uri: str = "sqlite:///mlflow.db",
    experiment: str = "resistor_cls",
    artifacts: str = "mlartifacts",
) -> Iterator[Sweep]:
    """Opens the parent run of a sweep, and closes it on every outcome.

    The parent gets `tables/sweep.csv` with a row per job. It is FAILED where a job is.

    Args:
        name: of the parent run.
        varying: the keys that differ between jobs.
        output: folder of the parent's results; those of the jobs are below it.
        compared: the key whose values are set side by side at the end.
        kind: `mlflow`, or `none` for the folder alone.
        uri: of the MLflow store.
        experiment: name of the experiment.
        artifacts: folder of a new experiment's artifacts, for a store that is a database.
    """
    output = Path(output).absolute()
    tags = {"sweep.keys": " ".join(varying), **({"sweep.compare": compared} if compared else {})}
    with open_run(
        output,
        kind=kind,
        uri=uri,
        experiment=experiment,
        artifacts=artifacts,
        name=name,
        system_metrics=False,
        tags=tags,
    ) as run:
        if not run.run_id:
            yield Sweep(name, tuple(varying), run, compared)
            return
        sweep = Sweep(name, tuple(varying), run, compared, uri, experiment)
        os.environ[PARENT] = run.run_id
        try:
            yield sweep
            run.save_table("sweep", sweep.table())
        except BaseException:
            with best_effort():
                run.save_table("sweep", sweep.table())
            raise
        finally:
            del os.environ[PARENT]
