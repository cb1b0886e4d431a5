"""Sweeps: one parent run with a child for each job."""

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from resistor_cls.errors import without_passwords
from resistor_cls.tracking.run.opening import PARENT, best_effort, open_run
from resistor_cls.tracking.run.run import Run
from resistor_cls.tracking.store.connection import children_of
from resistor_cls.tracking.sweep.comparison import save_comparison
from resistor_cls.tracking.sweep.job_log import JobLog
from resistor_cls.tracking.sweep.job_scores import JobScores, job_table
from resistor_cls.tracking.sweep.jobs import Job, key_of
from resistor_cls.tracking.sweep.repeats import save_repeats
from resistor_cls.tracking.sweep.settings import save_settings

log = logging.getLogger("resistor_cls")


@dataclass(frozen=True)
class Sweep:
    """A running sweep.

    Attributes:
        name: of the parent run.
        varying: the keys that differ between jobs.
        run: the parent.
        compared: the key whose values are compared at the end; None for none.
        uri: of the MLflow store; None where nothing is tracked.
        experiment: name of the experiment.
        monitor: the score by which jobs are ranked, such as `val/roc_auc`; None for none.
        notes: the results of `finish`, as Markdown.
    """

    name: str
    varying: tuple[str, ...]
    run: Run
    compared: str | None = None
    uri: str | None = None
    experiment: str = ""
    monitor: str | None = None
    notes: list[str] = field(default_factory=list)

    def job_name(self, overrides: Sequence[str]) -> str:
        """Names a job by what varies: `model=resnet18 optimizer.lr=0.001`."""
        return " ".join(word for word in overrides if key_of(word) in self.varying)

    @property
    def log(self) -> JobLog:
        """The file that the jobs write to."""
        return JobLog(self.run.output)

    @property
    def jobs(self) -> list[Job]:
        """Those that have ended, in the order of their folders."""
        return self.log.jobs

    def join(self) -> None:
        """Makes every run that this process opens from now on a child of the parent.

        For the processes of a launcher, which need not have the environment of this one.
        """
        if self.run.run_id:
            os.environ[PARENT] = self.run.run_id

    def finish(self) -> str:
        """Compares the jobs; returns the outcome of the sweep in words.

        The parent gets what `save_settings`, `save_comparison` and `save_repeats` save.
        """
        lines = [self.name]
        scores = self.scores()
        if not scores.table.empty:
            table = scores.table[["job", "status", "run", *scores.shown]]
            lines += [table.to_string(index=False), scores.sentence()]
        jobs = self.jobs
        noted = [
            save_repeats(self.run, jobs, self.varying),
            save_settings(self.run, jobs, self.varying, self.monitor, self.log.known_importances),
        ]
        if self.compared is not None:
            noted.append(save_comparison(self.run, jobs, self.compared, self.varying))
        for _, shown in noted:
            lines += ["", *shown, ""] if shown else []
        self.notes.extend(note for note, _ in noted if note)
        lines.append(f"folder: {self.run.output}")
        if self.uri is not None:
            lines.append(f"parent: {self.run.run_id} in {without_passwords(self.uri)}")
            lines += self.run.opening()
        return "\n".join(lines)

    def keep(self) -> None:
        """Saves what is known of the jobs: a table, scores by job, tags, and the description."""
        scores = self.scores()
        self.run.save_table("sweep", scores.table)
        if scores.table.empty:
            return
        # Those of a sweep that was interrupted are in the parent already.
        before = self.log.charted_jobs
        new = [(number, metrics) for number, metrics in scores.by_job() if number not in before]
        for number, metrics in new:
            self.run.log_metrics(metrics, number)
        self.log.charted([number for number, _ in new])
        self.run.set_tags(scores.tags())
        self.run.note("\n\n".join([scores.note(self.run.run_link), *self.notes]))

    def scores(self) -> JobScores:
        """The jobs that have run, with the scores of the epoch that each keeps."""
        children = []
        if self.uri is not None:
            try:
                children = list(children_of(self.uri, self.experiment, self.run.run_id))
            except Exception as error:  # of servers and databases: the jobs have their folders
                uri = without_passwords(self.uri)
                log.warning("%s does not say how the jobs went: %s", uri, error)
        return JobScores(job_table(self.jobs, children, self.job_name, self.monitor), self.monitor)

    def best_job(self) -> Job | None:
        """The job with the best score; None where none has one."""
        best = self.scores().best
        if best is None:
            return None
        return next((job for job in self.jobs if job.output.name == str(best["number"])), None)


@contextmanager
def open_sweep(
    name: str,
    varying: Sequence[str],
    output: str | Path,
    *,
    identity: str = "",
    compared: str | None = None,
    monitor: str | None = None,
    kind: str = "mlflow",
    uri: str = "sqlite:///mlflow.db",
    experiment: str = "resistor_cls",
    artifacts: str = "mlartifacts",
) -> Iterator[Sweep]:
    """Opens the parent run of a sweep, and closes it on every outcome.

    The parent gets `tables/sweep.csv` with a row per job, their scores as metrics by the number of
    the job, the best job as tags, and all of this as its description. It is FAILED where a job is.
    A sweep that this process has claimed (`JobLog.claim`) continues in its parent run.

    Args:
        name: of the parent run.
        varying: the keys that differ between jobs.
        output: folder of the parent's results; those of the jobs are below it.
        identity: identifies the sweep; see `JobLog.claim`.
        compared: the key whose values are compared at the end.
        monitor: the score by which jobs are ranked.
        kind: `mlflow`, or `none` for the folder alone.
        uri: of the MLflow store.
        experiment: name of the experiment.
        artifacts: folder of a new experiment's artifacts, for a store that is a database.
    """
    output = Path(output).absolute()
    tags = {"sweep.keys": " ".join(varying), **({"sweep.compare": compared} if compared else {})}
    file = JobLog(output)
    before = file.run_id
    with open_run(
        output,
        kind=kind,
        uri=uri,
        experiment=experiment,
        artifacts=artifacts,
        name=name,
        system_metrics=False,
        tags=tags,
        run_id=before or None,
    ) as run:
        if not before:
            file.begin(identity, run.run_id)
        store = uri if run.run_id else None
        sweep = Sweep(name, tuple(varying), run, compared, store, experiment, monitor)
        with _parent_of_jobs(run.run_id):
            try:
                yield sweep
            finally:
                with best_effort():
                    sweep.keep()
                file.remove_complete()


@contextmanager
def _parent_of_jobs(run_id: str) -> Iterator[None]:
    """Makes every run that is opened meanwhile, in any process, a child of this one."""
    if run_id:
        os.environ[PARENT] = run_id
    try:
        yield
    finally:
        os.environ.pop(PARENT, None)
