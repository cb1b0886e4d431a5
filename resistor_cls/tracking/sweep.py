"""Sweeps: one parent run with a child for each job."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from resistor_cls.tracking.store import connect, experiment_id

# Jobs may run in other processes, on whichever launcher: the environment reaches them all.
_PARENT = "RESISTOR_CLS_PARENT_RUN"


def child_tags() -> dict[str, str]:
    """What a run of a sweep is tagged with; empty outside of sweeps."""
    parent = os.environ.get(_PARENT)
    return {"mlflow.parentRunId": parent} if parent else {}


@dataclass(frozen=True)
class Sweep:
    """A sweep that is under way.

    Attributes:
        name: of the parent run.
        varying: the keys that differ between jobs.
        uri: of the MLflow store; None where nothing is tracked.
        run_id: of the parent run.
        experiment: id of the experiment.
    """

    name: str
    varying: tuple[str, ...]
    uri: str | None = None
    run_id: str | None = None
    experiment: str | None = None

    def job_name(self, overrides: Sequence[str]) -> str:
        """Names a job by what varies: `model=resnet18 optimizer.lr=0.001`."""
        return " ".join(
            override for override in overrides if override.split("=")[0] in self.varying
        )

    def summary(self) -> str:
        """The table as text, and where the parent run is."""
        if self.uri is None:
            return f"{self.name}: done"
        return f"{self.table().to_string(index=False)}\nparent: {self.run_id} in {self.uri}"

    def table(self) -> pd.DataFrame:
        """A row per job that has run: its name, how it ended, its newest metrics."""
        if self.uri is None:
            return pd.DataFrame()
        children = connect(self.uri).search_runs(
            [self.experiment or ""],
            f"tags.`mlflow.parentRunId` = '{self.run_id}'",
            order_by=["attributes.start_time ASC"],
        )
        return pd.DataFrame(
            {
                "job": run.info.run_name,
                "status": run.info.status,
                "run": run.info.run_id,
                **{key: value for key, value in run.data.metrics.items() if key.startswith("val/")},
            }
            for run in children
        )


@contextmanager
def open_sweep(
    name: str,
    varying: Sequence[str],
    *,
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
        kind: `mlflow`, or `none` for no parent.
        uri: of the MLflow store.
        experiment: name of the experiment.
        artifacts: folder of a new experiment's artifacts, for a store that is a database.
    """
    if kind == "none":
        yield Sweep(name, tuple(varying))
        return
    client = connect(uri)
    number = experiment_id(client, uri, experiment, artifacts)
    parent = client.create_run(number, run_name=name, tags={"sweep.keys": " ".join(varying)})
    sweep = Sweep(name, tuple(varying), uri, parent.info.run_id, number)
    os.environ[_PARENT] = parent.info.run_id
    status = "FAILED"
    try:
        yield sweep
        status = "FINISHED"
    except KeyboardInterrupt:
        status = "KILLED"
        raise
    finally:
        del os.environ[_PARENT]
        try:
            _keep_table(sweep)
        finally:
            client.set_terminated(parent.info.run_id, status)


def _keep_table(sweep: Sweep) -> None:
    assert sweep.uri is not None
    with TemporaryDirectory() as folder:
        path = Path(folder) / "sweep.csv"
        sweep.table().to_csv(path, index=False)
        connect(sweep.uri).log_artifact(sweep.run_id, str(path), "tables")
