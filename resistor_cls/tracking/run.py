"""The life of a run: opened, described, filled, and closed on every outcome."""

import logging
import os
import shutil
import subprocess
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from importlib.metadata import requires
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import numpy as np
import pandas as pd

from resistor_cls.csv_tables import write_csv
from resistor_cls.errors import ConfigError, TrackingError, nearest
from resistor_cls.tracking.store import connect, experiment_id

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from mlflow import MlflowClient

    from resistor_cls.tracking.logger import RunLogger

KINDS = ("mlflow", "none")
# Names the parent run of a sweep. Jobs may run in other processes, on whichever launcher: the
# environment reaches them all.
PARENT = "RESISTOR_CLS_PARENT_RUN"
# Bytes held back and freed at the end, so that even on a full disk the store can say how it ended.
ROOM = 1 << 20
_LONGEST = 5000  # characters of a tag; MLflow's databases refuse a little more


class Run:
    """One run: a folder of results, and its twin in MLflow where there is one.

    Everything is written to the folder first and then copied to MLflow, so that a store that
    fails late loses nothing.

    Attributes:
        output: the folder.
        run_id: in MLflow; empty with `tracking=none`.
    """

    def __init__(
        self,
        output: Path,
        client: "MlflowClient | None" = None,
        run_id: str = "",
        log_model: bool = True,
    ) -> None:
        self.output = output
        self.run_id = run_id
        self._client = client
        self._log_model = log_model
        self._has_model = False

    @cached_property
    def logger(self) -> "RunLogger":
        """The Lightning logger of this run, which also keeps what was logged."""
        from resistor_cls.tracking.logger import RunLogger

        return RunLogger(self._client, self.run_id)

    @property
    def model_reference(self) -> str:
        """Names the best model for `predict` and `evaluate`, once the run has ended."""
        if self._client is None:
            return "checkpoints/best.ckpt"
        return f"runs:/{self.run_id}/{'model' if self._log_model else 'checkpoints/best.ckpt'}"

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Keeps flat parameters."""
        if self._client is None:
            return
        from mlflow.entities import Param

        entries = [Param(key, str(value)[:_LONGEST]) for key, value in params.items()]
        for start in range(0, len(entries), 100):  # the most that MLflow takes at once
            self._client.log_batch(self.run_id, params=entries[start : start + 100])

    def log_metrics(self, metrics: Mapping[str, float]) -> None:
        """Keeps figures of the whole run, which belong to no step."""
        if self._client is None:
            return
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        entries = [Metric(name, float(value), now, 0) for name, value in metrics.items()]
        self._client.log_batch(self.run_id, metrics=entries)

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        """Keeps labels of the run."""
        if self._client is not None:
            for key, value in tags.items():
                self._client.set_tag(self.run_id, key, str(value)[:_LONGEST])

    def log_data(self, name: str, fingerprint: str, source: str) -> None:
        """Keeps which photos the run is about."""
        if self._client is None:
            return
        from mlflow.entities import Dataset, DatasetInput

        dataset = Dataset(name, fingerprint, source_type="local", source=source)
        self._client.log_inputs(self.run_id, [DatasetInput(dataset)])

    def note(self, text: str) -> None:
        """Keeps Markdown text that the run's page shows."""
        self.set_tags({"mlflow.note.content": text})

    def save_text(self, name: str, text: str) -> None:
        """Keeps a text as `name`."""
        self._path(name).write_text(text, encoding="utf-8")
        self._copy(name)

    def save_file(self, name: str, write: Callable[[Path], None]) -> None:
        """Keeps what a function writes to the path that it is given."""
        write(self._path(name))
        self._copy(name)

    def save_figure(self, name: str, figure: "Figure") -> None:
        """Keeps a figure as `figures/NAME.png`."""
        name = f"figures/{name}.png"
        figure.savefig(self._path(name))
        self._copy(name)

    def save_table(self, name: str, table: pd.DataFrame, index: bool = False) -> None:
        """Keeps a table as `tables/NAME.csv`."""
        name = f"tables/{name}.csv"
        write_csv(table, self._path(name), index=index)
        self._copy(name)

    def save_model(self, checkpoint: Path, record: Mapping[str, Any], channels: int = 3) -> None:
        """Keeps a checkpoint as the model of the run, `runs:/RUN_ID/model`, unless not asked to.

        Args:
            checkpoint: the file.
            record: plain values that describe it.
            channels: of the photos that it takes.
        """
        if self._client is None:
            return
        self._has_model = True
        if not self._log_model:  # its checkpoint is kept all the same
            return
        import mlflow
        from mlflow.models import ModelSignature
        from mlflow.types import Schema, TensorSpec

        package = Path(__file__).parents[1]
        photos = TensorSpec(np.dtype(np.uint8), (-1, -1, -1, channels))
        with warnings.catch_warnings():
            # MLflow asks for an example input, which would be a photo of somebody's.
            warnings.simplefilter("ignore")
            mlflow.pyfunc.log_model(
                name="model",
                # A script instead of an object: nothing is pickled.
                python_model=str(package / "tracking" / "served_model.py"),
                artifacts={"checkpoint": str(checkpoint)},
                code_paths=[str(package)],
                pip_requirements=[
                    line for line in requires("resistor_cls") or [] if "extra ==" not in line
                ],
                signature=ModelSignature(inputs=Schema([photos])),
                metadata=dict(record),
            )

    def keep_files(self) -> None:
        """Moves checkpoints into MLflow, and copies logs; without it they stay in the folder."""
        if self._client is None:
            return
        place = urlsplit(self._client.get_run(self.run_id).info.artifact_uri)
        for path in sorted(self.output.glob("checkpoints/*.ckpt")):
            if place.scheme == "file":
                # A rename takes no room, and a disk is never fuller than after a training.
                kept = Path(unquote(place.path)) / "checkpoints" / path.name
                kept.parent.mkdir(parents=True, exist_ok=True)
                shutil.move(path, kept)
            else:
                self._client.log_artifact(self.run_id, str(path), "checkpoints")
                path.unlink()
        for path in sorted(self.output.glob("*.log")):
            self._client.log_artifact(self.run_id, str(path), "logs")

    def summary(self, metrics: Mapping[str, float], subject: str) -> str:
        """What a person wants to know at the end: figures, where the run is, how to open it."""
        width = max((len(name) for name in metrics), default=0)
        lines = [f"{subject}", *(f"  {name:<{width}}  {metrics[name]:.4f}" for name in metrics)]
        lines.append(f"folder: {self.output}")
        if self._client is not None:
            uri = self._client.tracking_uri
            lines.append(f"run:    {self.run_id} in {uri}")
            lines += [f"model:  {self.model_reference}"] if self._has_model else []
            program = Path(sys.executable).with_name("mlflow")
            command = f"{program} ui --backend-store-uri {uri}"
            lines.append(f"open:   {uri if uri.startswith('http') else command}")
        elif (best := self.output / "checkpoints" / "best.ckpt").exists():
            lines.append(f"model:  {best}")
        return "\n".join(lines)

    def _path(self, name: str) -> Path:
        path = self.output / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _copy(self, name: str) -> None:
        if self._client is not None:
            folder = str(Path(name).parent)
            self._client.log_artifact(
                self.run_id, str(self.output / name), None if folder == "." else folder
            )


@contextmanager
def open_run(
    output: str | Path,
    *,
    kind: str = "mlflow",
    uri: str = "sqlite:///mlflow.db",
    experiment: str = "resistor_cls",
    artifacts: str = "mlartifacts",
    name: str | None = None,
    system_metrics: bool = True,
    log_model: bool = True,
) -> Iterator[Run]:
    """Opens a run, and closes it on every outcome.

    Args:
        output: folder of the results.
        kind: `mlflow`, or `none` for the folder alone.
        uri: of the MLflow store.
        experiment: name of the experiment.
        artifacts: folder of a new experiment's artifacts, for a store that is a database.
        name: of the run; by default MLflow makes one up.
        system_metrics: keep the use of processor, memory, disk and GPU.
        log_model: keep the best weights as an MLflow model too, beside the checkpoints.

    Raises:
        ConfigError: an unknown kind.
        TrackingError: a store that cannot be used.
    """
    if kind not in KINDS:
        raise ConfigError(f"tracking.kind={kind}: {nearest(kind, KINDS)}")
    output = Path(output)
    output.mkdir(parents=True, exist_ok=True)
    # Only the first of several processes keeps the run; the others train along.
    if kind == "none" or int(os.environ.get("LOCAL_RANK", "0")) > 0:
        yield Run(output)
        return
    client = connect(uri)
    import mlflow
    from mlflow.exceptions import MlflowException

    mlflow.set_system_metrics_sampling_interval(5)  # seconds: a short run shows some points too
    try:
        active = mlflow.start_run(
            experiment_id=experiment_id(client, uri, experiment, artifacts),
            run_name=name,
            tags=_child_tags(),
            log_system_metrics=system_metrics,
        )
    except MlflowException as error:
        raise TrackingError(f"tracking.uri={uri} cannot open a run: {error}") from error
    run = Run(output, client, active.info.run_id, log_model)
    room = output / ".room"
    status = "FAILED"
    try:
        room.write_bytes(bytes(ROOM))
        run.set_tags(_code_tags())
        yield run
        room.unlink(missing_ok=True)
        run.keep_files()
        status = "FINISHED"
    except BaseException as error:
        status = "KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED"
        room.unlink(missing_ok=True)
        with best_effort():
            run.set_tags({"error": f"{type(error).__name__}: {error}"})
            run.save_text("logs/error.txt", "".join(traceback.format_exception(error)))
        with best_effort():
            run.keep_files()
        if isinstance(error, MlflowException):
            reason = str(error).strip().splitlines()[0]
            raise TrackingError(f"tracking.uri={uri} failed under way: {reason}") from error
        raise
    finally:
        with best_effort():
            mlflow.end_run(status)


def _child_tags() -> dict[str, str]:
    """What a run of a sweep is tagged with; empty outside of sweeps."""
    parent = os.environ.get(PARENT)
    return {"mlflow.parentRunId": parent} if parent else {}


@contextmanager
def best_effort() -> Iterator[None]:
    """While an error is on its way to the user, a second one must not hide it."""
    try:
        yield
    except Exception as error:
        logging.getLogger(__name__).warning("the run could not be closed completely: %s", error)


def _code_tags() -> dict[str, str]:
    """The commit of the code, where it runs from a checkout of its own."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        return {}
    commit = _git(root, "rev-parse", "HEAD")
    if commit is None:
        return {}
    changes = _git(root, "status", "--porcelain", "--untracked-files=no")
    return {"git.commit": commit, "git.dirty": str(bool(changes)).lower()}


def _git(root: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *words], capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
