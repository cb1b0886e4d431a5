"""Sweeps: one parent run with a child for each job, and what their jobs say of a key."""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from resistor_cls.evaluation import Comparison, Predictions, compare, comparison_figure
from resistor_cls.tracking.run import PARENT, Run, best_effort
from resistor_cls.tracking.store import connect, experiment_id

_PREDICTIONS = Path("tables/predictions.csv")
_SPLIT = Path("tables/split.csv")


@dataclass(frozen=True)
class Job:
    """A job of a sweep that has ended.

    Attributes:
        overrides: `key=value` words that it was started with.
        output: the folder of its results.
        finished: whether it came to its end.
    """

    overrides: tuple[str, ...]
    output: Path
    finished: bool


@dataclass(frozen=True)
class Sweep:
    """A sweep that is under way.

    Attributes:
        name: of the parent run.
        varying: the keys that differ between jobs.
        run: the parent.
        compared: the key whose values are set side by side at the end; None for none.
        uri: of the MLflow store; None where nothing is tracked.
        experiment: id of the experiment.
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
        return " ".join(word for word in overrides if _key(word) in self.varying)

    def ended(self, overrides: Sequence[str], output: Path, *, finished: bool) -> None:
        """Notes a job that has ended."""
        self.jobs.append(Job(tuple(overrides), output, finished))

    def finish(self) -> str:
        """Compares what was to be compared; returns how the sweep went, for people.

        The parent gets `figures/comparison.png`, `tables/comparison.csv` (a row per value and
        score, and per gap), `tables/comparison_jobs.csv`, the metrics `compare/VALUE/SCORE` and
        `compare/gap/SCORE`, and a note.
        """
        lines = [self.name]
        if not (table := self.table()).empty:
            lines.append(table.to_string(index=False))
        if self.compared is not None:
            lines += ["", *self._compare(self.compared), ""]
        lines.append(f"folder: {self.run.output}")
        if self.uri is not None:
            lines.append(f"parent: {self.run.run_id} in {self.uri}")
        return "\n".join(lines)

    def table(self) -> pd.DataFrame:
        """A row per job that has run: its name, how it ended, its newest metrics."""
        if self.uri is None:
            return pd.DataFrame()
        children = connect(self.uri).search_runs(
            [self.experiment],
            f"tags.`mlflow.parentRunId` = '{self.run.run_id}'",
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

    def _compare(self, key: str) -> list[str]:
        """Keeps the comparison; returns it as lines of text, or why there is none."""
        by_value, lines = _paired(self.jobs, key, self.varying)
        if not by_value:
            self.run.note(" ".join(lines))
            return lines
        bursts = _bursts(folder for folders in by_value.values() for folder in folders)
        if bursts is None:
            lines.append(
                "The jobs know different bursts of the same photos: each photo stands for itself."
            )
        comparison = compare(
            {
                value: [Predictions.read(folder / _PREDICTIONS) for folder in folders]
                for value, folders in by_value.items()
            },
            bursts or {},
        )
        self.run.save_table("comparison", comparison.table())
        self.run.save_table("comparison_jobs", comparison.jobs)
        self.run.save_figure("comparison", comparison_figure(comparison, key))
        self.run.log_metrics(_metrics(comparison))
        self.run.note(" ".join([comparison.sentence(key), *lines]))
        return [
            comparison.short_table(key).to_string(index=False),
            f"{comparison.basis}.",
            *lines,
        ]


def _key(override: str) -> str:
    """The key or group of a `key=value` word."""
    return override.partition("=")[0].lstrip("+~").partition("@")[0]


def _paired(
    jobs: Sequence[Job], key: str, varying: Sequence[str]
) -> tuple[dict[str, list[Path]], list[str]]:
    """Folders of the jobs to compare, and what to tell about the others.

    Jobs of two values are held against each other only where they have everything else in
    common, such as the seed: with `model` swept too, a value whose jobs of one model have failed
    would else be judged by the other models alone.

    Returns:
        Value → folders, in the same order of the other keys for each; empty where nothing can be
        compared. And lines of text.
    """
    others: dict[str, dict[str, Path | None]] = {}
    for job in jobs:
        varied = {_key(word): word.partition("=")[2] for word in job.overrides}
        rest = " ".join(f"{name}={varied.get(name)}" for name in varying if name != key)
        judged = job.finished and (job.output / _PREDICTIONS).exists()
        others.setdefault(varied[key], {})[rest] = job.output if judged else None
    finished = {
        value: {rest for rest, folder in found.items() if folder is not None}
        for value, found in others.items()
    }
    missing = [f"{key}={value}" for value, found in finished.items() if not found]
    if missing or len(others) < 2:
        why = f"no job with {' or '.join(missing)} has" if missing else "fewer than two values have"
        return {}, [f"No comparison by {key}: {why} finished."]
    every = list(dict.fromkeys(rest for found in others.values() for rest in found))
    common = [rest for rest in every if all(rest in found for found in finished.values())]
    if not common:
        return {}, [
            f"No comparison by {key}: no setting of the other keys finished with all of it."
        ]
    left_out = [rest for rest in every if rest not in common]
    lines = [f"Left out, not finished with every {key}: {', '.join(left_out)}."] if left_out else []
    return {
        value: [folder for rest in common if (folder := found[rest]) is not None]
        for value, found in others.items()
    }, lines


def _bursts(folders: Iterable[Path]) -> dict[str, int] | None:
    """Photo → the burst that it was taken in, as far as the jobs tell; None where they disagree."""
    found: dict[str, int] = {}
    for folder in folders:
        file = folder / _SPLIT
        # As text: a photo may be called `1.0` or `nan`.
        table = pd.read_csv(file, converters={"photo": str}) if file.exists() else pd.DataFrame()
        if "burst" not in table:
            continue
        known = table.dropna(subset=["burst"])
        for photo, burst in zip(known["photo"], known["burst"], strict=True):
            if found.setdefault(photo, int(burst)) != int(burst):
                return None
    return found


def _metrics(comparison: Comparison) -> dict[str, float]:
    """The means as metrics: `compare/VALUE/SCORE`, and `compare/gap/SCORE`.

    With more than two values a gap also names the value that the first one is held against.
    """
    first, *others = comparison.values["value"].unique()
    named = {value: _as_name(value) for value in (first, *others)}
    named |= {
        f"{first} - {other}": f"gap/{_as_name(other)}" if len(others) > 1 else "gap"
        for other in others
    }
    rows = comparison.table().to_dict("records")
    means = {f"compare/{named[row['value']]}/{row['score']}": row["mean"] for row in rows}
    return {name: mean for name, mean in means.items() if np.isfinite(mean)}


def _as_name(value: str) -> str:
    """A value as a part of a metric's name; MLflow takes no other characters there."""
    return re.sub(r"[^\w\-. ]", "_", value).strip(".") or "_"


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
    if kind == "none":
        yield Sweep(name, tuple(varying), Run(output), compared)
        return
    client = connect(uri)
    number = experiment_id(client, uri, experiment, artifacts)
    tags = {"sweep.keys": " ".join(varying), **({"sweep.compare": compared} if compared else {})}
    parent = client.create_run(number, run_name=name, tags=tags).info.run_id
    sweep = Sweep(name, tuple(varying), Run(output, client, parent), compared, uri, number)
    os.environ[PARENT] = parent
    try:
        yield sweep
        sweep.run.save_table("sweep", sweep.table())
        status = "FINISHED"
    except BaseException as error:
        status = "KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED"
        with best_effort():
            sweep.run.save_table("sweep", sweep.table())
        raise
    finally:
        del os.environ[PARENT]
        with best_effort():
            client.set_terminated(parent, status)
