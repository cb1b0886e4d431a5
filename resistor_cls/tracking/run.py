"""The life of a run: opened, described, filled, and closed on every outcome."""

import logging
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from resistor_cls.csv_tables import write_csv
from resistor_cls.errors import ConfigError, TrackingError, nearest, without_passwords
from resistor_cls.tracking.commit import code_tags
from resistor_cls.tracking.dead_runs import ROOM_FILE, close_dead_runs, identity, put_files
from resistor_cls.tracking.delivery import Delivery
from resistor_cls.tracking.liveness import HEARTBEAT_TAG, heartbeat, signs_of_life
from resistor_cls.tracking.machine import measuring
from resistor_cls.tracking.outbox import Outbox
from resistor_cls.tracking.store import connect, experiment_id

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from mlflow import MlflowClient

    from resistor_cls.tracking.logger import RunLogger

log = logging.getLogger("resistor_cls")

KINDS = ("mlflow", "none")
# Before the name of a score: of the epoch that is kept. Without it, scores are those of the newest.
BEST = "best/"
# Names the parent run of a sweep. Jobs may run in other processes, on whichever launcher: the
# environment reaches them all.
PARENT = "RESISTOR_CLS_PARENT_RUN"
# Bytes held back and freed at the end, so that even on a full disk the store can say how it ended.
ROOM = 1 << 20
KILLED_GRACE = 5.0  # seconds; see `resistor_cls.tracking.outbox.GRACE`
_LONGEST = 5000  # characters of a tag; MLflow's databases refuse a little more


class Run:
    """One run: a folder of results, and its twin in MLflow where there is one.

    Everything is written to the folder first. What belongs into MLflow too goes through an outbox:
    no store, however slow, holds a training up, and one that fails loses nothing.

    Attributes:
        output: the folder.
        run_id: in MLflow; empty with `tracking=none`.
    """

    def __init__(
        self,
        output: Path,
        outbox: "Outbox | None" = None,
        log_model: bool = True,
    ) -> None:
        self.output = output
        self._outbox = outbox
        self.run_id = "" if outbox is None else str(outbox.run["run_id"])
        self._uri = "" if outbox is None else str(outbox.run["uri"])
        self._log_model = log_model
        self._has_model = False

    def __getstate__(self) -> dict[str, Any]:
        """In another process, such as a job of a sweep, a run is its folder: one process sends."""
        kept = {key: value for key, value in self.__dict__.items() if key != "logger"}
        return {**kept, "_outbox": None}

    @cached_property
    def logger(self) -> "RunLogger":
        """The Lightning logger of this run, which also keeps what was logged."""
        from resistor_cls.tracking.logger import RunLogger

        if self._outbox is None:
            return RunLogger()
        return RunLogger(lambda points: self._put("metrics", values=points), self.run_id)

    @property
    def model_reference(self) -> str:
        """Names the best model for `predict` and `evaluate`, once the run has ended."""
        if self._outbox is None:
            return "checkpoints/best.ckpt"
        return f"runs:/{self.run_id}/{'model' if self._log_model else 'checkpoints/best.ckpt'}"

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Keeps flat parameters."""
        self._put("params", values=_texts(params))

    def log_metrics(self, metrics: Mapping[str, float], step: int = 0) -> None:
        """Keeps figures; by default of the whole run, which belong to no step."""
        now = _now()
        self._put("metrics", values=[(name, float(metrics[name]), now, step) for name in metrics])

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        """Keeps labels of the run."""
        self._put("tags", values=_texts(tags))

    def log_data(self, name: str, fingerprint: str, source: str) -> None:
        """Keeps which photos the run is about."""
        self._put("data", name=name, fingerprint=fingerprint, source=source)

    def note(self, text: str) -> None:
        """Keeps Markdown text that the run's page shows."""
        self.set_tags({"mlflow.note.content": text})

    def save_text(self, name: str, text: str) -> None:
        """Keeps a text as `name`."""
        self._path(name).write_text(without_passwords(text), encoding="utf-8")
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
        if self._outbox is None:
            return
        self._has_model = True
        if self._log_model:  # else its checkpoint is kept all the same
            self._put(
                "model",
                checkpoint=_name(checkpoint, self.output),
                record=dict(record),
                channels=channels,
            )

    def keep_files(self) -> None:
        """Moves checkpoints into MLflow, and copies logs; without it they stay in the folder."""
        if self._outbox is not None:
            put_files(self._outbox, self.output)

    def summary(self, metrics: Mapping[str, float], subject: str) -> str:
        """What a person wants to know at the end: figures, where the run is, how to open it."""
        width = max((len(name) for name in metrics), default=0)
        lines = [f"{subject}", *(f"  {name:<{width}}  {metrics[name]:.4f}" for name in metrics)]
        lines.append(f"folder: {self.output}")
        uri = self._uri  # without its password
        if self._outbox is not None and self._outbox.unsent:
            lines.append(f"run:    {self.run_id}, not all of it in {uri} yet")
            lines.append(f"send:   python -m resistor_cls.sync {self.output}")
        elif self._outbox is not None:
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
        folder = str(Path(name).parent)
        self._put("file", name=name, folder=None if folder == "." else folder)

    def _put(self, call: str, **values: Any) -> None:
        if self._outbox is not None:
            self._outbox.put(call, **values)


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
    tags: Mapping[str, str] | None = None,
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
        tags: labels of the run from its beginning.

    Raises:
        ConfigError: an unknown kind.
        TrackingError: a store that cannot be used when the run begins; later ones are reported,
            and end no run.
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
    close_dead_runs(client, uri)
    number = experiment_id(client, uri, experiment, artifacts)
    tags = {**(tags or {}), **_child_tags(), **signs_of_life(output)}
    outbox = _opened(client, number, name, tags, output)
    run = Run(output, outbox, log_model)
    room = output / ROOM_FILE
    status, kept = "FAILED", False
    try:
        with measuring(outbox) if system_metrics else nullcontext():
            room.write_bytes(bytes(ROOM))
            run.set_tags(code_tags())
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
            kept = (output / "checkpoints" / "last.ckpt").exists()
            run.keep_files()
        raise
    finally:
        _close(outbox, status, uri)
        if status == "KILLED" and kept:
            log.warning("Kept: runs:/%s/checkpoints/last.ckpt", run.run_id)


def _opened(
    client: "MlflowClient", number: str, name: str | None, tags: Mapping[str, str], output: Path
) -> Outbox:
    """Opens a run in the store, and its outbox."""
    from mlflow.exceptions import MlflowException
    from mlflow.tracking.context.registry import resolve_tags

    uri = without_passwords(client.tracking_uri)
    try:
        info = client.create_run(number, run_name=name, tags=resolve_tags(dict(tags))).info
    except MlflowException as error:
        raise TrackingError(f"tracking.uri={uri} cannot open a run: {error}") from error
    try:
        outbox = Outbox(output, identity(client, info.run_id))
    except FileExistsError as error:
        client.set_terminated(info.run_id, "FAILED")
        raise TrackingError(
            f"{output} holds what another run has not sent yet: send it by "
            f"`python -m resistor_cls.sync {output}`, or choose another folder"
        ) from error

    def beat() -> None:
        client.set_tag(info.run_id, HEARTBEAT_TAG, heartbeat())

    outbox.start(Delivery(client, info.run_id, info.artifact_uri, output), beat, uri)
    return outbox


def _close(outbox: Outbox, status: str, uri: str) -> None:
    """Sends what is left, and says what could not be sent and how it will be."""
    left = None
    try:
        with best_effort():
            outbox.put("end", status=status, time=_now())
        if status == "KILLED":  # who interrupts a run wants it to end now
            left = outbox.close(KILLED_GRACE, busy=KILLED_GRACE)
        else:
            left = outbox.close()
    finally:
        if left != 0:
            folder = outbox.file.parent
            log.warning(
                "Not everything of the run is in %s yet: %s in %s. Any later command of ours on "
                "that store sends it, or: python -m resistor_cls.sync %s",
                without_passwords(uri),
                "the rest waits" if left is None else f"{left} entries wait",
                folder,
                folder,
            )


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {key: without_passwords(str(value))[:_LONGEST] for key, value in values.items()}


def _name(path: Path, folder: Path) -> str:
    """A file as an outbox names it: relative to the folder of the run, which may be moved."""
    path, folder = path.absolute(), folder.absolute()
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)


def _now() -> int:
    """Milliseconds since 1970."""
    return int(time.time() * 1000)


def _child_tags() -> dict[str, str]:
    parent = os.environ.get(PARENT)
    return {"mlflow.parentRunId": parent} if parent else {}


@contextmanager
def best_effort() -> Iterator[None]:
    """While an error is on its way to the user, a second one must not hide it."""
    try:
        yield
    except Exception as error:
        logging.getLogger(__name__).warning("the run could not be closed completely: %s", error)
