"""A run: a folder of results, and its copy in MLflow; see `resistor_cls.tracking.run.opening`."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from resistor_cls.csv_tables import write_csv
from resistor_cls.errors import without_passwords
from resistor_cls.tracking.model.example import encoded
from resistor_cls.tracking.run.dead_runs import put_files, remove_leftovers
from resistor_cls.tracking.run.outbox import Outbox
from resistor_cls.tracking.run.rendering import render
from resistor_cls.tracking.store.addresses import artifact_link, run_address, run_link, ui_command

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from resistor_cls.evaluation.results import DataSet
    from resistor_cls.tracking.run.logger import Point, RunLogger
    from resistor_cls.tracking.run.reopening import Logged

log = logging.getLogger("resistor_cls")

# Prefix of the scores of the epoch that is kept. Scores without it are those of the newest epoch.
BEST = "best/"
_FAILED_GRACE = 5.0  # seconds that a process which hangs waits for the store at its end
_LONGEST = 5000  # characters of a tag; MLflow's databases refuse a little more


class Run:
    """A run: a folder of results, and its copy in MLflow where it is tracked.

    Everything is written to the folder first, and sent to MLflow through an outbox: a slow store
    does not delay a training, and a failing one loses nothing.

    Attributes:
        output: the folder.
        run_id: in MLflow; empty with `tracking=none`.
    """

    def __init__(
        self,
        output: Path,
        outbox: "Outbox | None" = None,
        log_model: bool = True,
        register: bool = False,
        logged: "Logged | None" = None,
    ) -> None:
        self.output = output
        self._outbox = outbox
        self._logged_steps = logged.steps if logged else {}
        self._logged_params = logged.params if logged else frozenset()
        named = {} if outbox is None else outbox.run
        self.run_id, self._uri = str(named.get("run_id", "")), str(named.get("uri", ""))
        self._experiment = str(named.get("experiment_id", ""))
        self._log_model, self._register = log_model, register
        self._has_model = False

    def __getstate__(self) -> dict[str, Any]:
        """In another process, such as a job of a sweep, a run is its folder alone."""
        kept = {key: value for key, value in self.__dict__.items() if key != "logger"}
        return {**kept, "_outbox": None}

    @cached_property
    def logger(self) -> "RunLogger":
        """The Lightning logger of this run, which also keeps what was logged."""
        from resistor_cls.tracking.run.logger import RunLogger

        if self._outbox is None:
            return RunLogger()
        return RunLogger(self._put_metrics, self.run_id)

    @property
    def system_steps(self) -> int:
        """Steps of system metrics that earlier processes of the run have logged."""
        known = [one for name, one in self._logged_steps.items() if name.startswith("system/")]
        return 1 + max((max(steps) for steps in known), default=-1)

    def _put_metrics(self, points: "Sequence[Point]") -> None:
        """Logs metrics, each step once: a training that continues repeats some of them."""
        new = [point for point in points if point[3] not in self._logged_steps.get(point[0], ())]
        if new:
            self._put("metrics", values=new)

    @property
    def model_reference(self) -> str:
        """Names the best model for `predict` and `evaluate`, once the run has ended."""
        if self._outbox is None:
            return "checkpoints/best.ckpt"
        return f"runs:/{self.run_id}/{'model' if self._log_model else 'checkpoints/best.ckpt'}"

    @property
    def address(self) -> str:
        """The page of the run in MLflow's UI; empty where there is none."""
        return run_address(self._uri, self._experiment, self.run_id) if self._uri else ""

    def link(self, name: str) -> str:
        """An artifact as a Markdown link for `note`; its name alone where nothing is tracked."""
        if not self._uri:
            return name
        return f"[{name}]({artifact_link(self._experiment, self.run_id, name)})"

    def run_link(self, run_id: str) -> str:
        """The page of a run of the same experiment, for a link of `note`."""
        return run_link(self._experiment, run_id)

    def rename(self, name: str) -> None:
        """Gives the run another name."""
        self._put("name", name=without_passwords(name)[:_LONGEST])

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Logs flat parameters."""
        new = {key: value for key, value in params.items() if key not in self._logged_params}
        if new:
            self._put("params", values=_texts(new))

    def log_metrics(self, metrics: Mapping[str, float], step: int = 0) -> None:
        """Logs metrics; by default of the whole run, which belong to no step."""
        time_now = milliseconds()
        self._put_metrics([(name, float(metrics[name]), time_now, step) for name in metrics])

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        """Sets tags of the run."""
        self._put("tags", values=_texts(tags))

    def log_scores(self, scores: Mapping[str, float], photos: "DataSet", step: int = 0) -> None:
        """Logs scores of the model of the run, linked to the model and to the photos.

        Args:
            scores: name of the metric → its value.
            photos: that are scored.
            step: of the training that made the model.
        """
        time_now = milliseconds()
        values = [(name, float(scores[name]), time_now, step) for name in scores]
        self._put("scores", values=values, name=photos.name, digest=photos.digest)

    def log_data(self, photos: "DataSet", use: str) -> None:
        """Logs which photos the run uses.

        Args:
            photos: some of them.
            use: for which purpose, such as `training` or `validation`.
        """
        self._put("data", **asdict(photos), use=use)

    def log_evaluated(self, reference: str) -> None:
        """Links the run to the model that it evaluates, where that is a model of MLflow."""
        run, _, artifact = reference.removeprefix("runs:/").partition("/")
        if reference.startswith("runs:/") and artifact == "model":
            self._put("evaluated", run=run)
        elif reference.startswith("models:/"):
            self._put("evaluated", model=reference)

    def note(self, text: str) -> None:
        """Sets the Markdown text that the page of the run shows."""
        self.set_tags({"mlflow.note.content": text})

    def save_text(self, name: str, text: str) -> None:
        """Saves a text as `name`."""
        self._path(name).write_text(without_passwords(text), encoding="utf-8")
        self._copy(name)

    def save_file(self, name: str, write: Callable[[Path], None]) -> None:
        """Saves what a function writes to the path that it is given."""
        write(self._path(name))
        self._copy(name)

    def save_figure(self, name: str, figure: "Figure") -> None:
        """Saves a figure as `figures/NAME.png`."""
        self.save_figures({name: figure})

    def save_figures(self, figures: "Mapping[str, Figure]") -> None:
        """Saves figures as `figures/NAME.png`, rendered by all cores."""
        names = {f"figures/{name}.png": figure for name, figure in figures.items()}
        render({self._path(name): figure for name, figure in names.items()})
        for name in names:
            self._copy(name)

    def save_table(self, name: str, table: pd.DataFrame, index: bool = False) -> None:
        """Saves a table as `tables/NAME.csv`."""
        name = f"tables/{name}.csv"
        write_csv(table, self._path(name), index=index)
        self._copy(name)

    def save_model(
        self,
        checkpoint: Path,
        metadata: Mapping[str, Any],
        *,
        example: np.ndarray,
        step: int = 0,
    ) -> None:
        """Saves a checkpoint as the model of the run, `runs:/RUN_ID/model`, where asked for.

        It is registered too, where the run was opened so.

        Args:
            checkpoint: the file.
            metadata: plain values that describe it.
            example: (1, height, width, channels) uint8, a photo as the model takes it.
            step: of the training, that its weights are of.
        """
        if self._outbox is None:
            return
        self._has_model = True
        if self._log_model:  # the checkpoint is kept in any case
            self._put(
                "model",
                checkpoint=_name(checkpoint, self.output),
                record=dict(metadata),
                example=encoded(example),
                step=step,
            )
            if self._register:
                self._put("register")

    def keep_files(self) -> None:
        """Moves checkpoints into MLflow, and copies logs; without it they stay in the folder."""
        if self._outbox is not None:
            put_files(self._outbox, self.output)

    def fail(self, error: str) -> None:
        """Ends the run as FAILED, from a thread of a process that hangs and is to be ended."""
        remove_leftovers(self.output)  # frees the reserve first
        self.set_tags({"error": error})
        self.keep_files()
        self._put("end", status="FAILED", time=milliseconds())
        if self._outbox is not None:
            self._outbox.close(_FAILED_GRACE, busy=_FAILED_GRACE)

    def summary(self, metrics: Mapping[str, float], subject: str) -> str:
        """The summary of a run in words: scores, where the run is, how to open it."""
        width = max((len(name) for name in metrics), default=0)
        lines = [f"{subject}", *(f"  {name:<{width}}  {metrics[name]:.4f}" for name in metrics)]
        lines.append(f"folder: {self.output}")
        if (report := self.output / "report.html").exists():
            lines.append(f"report: {report}")
        uri = self._uri  # without its password
        if self._outbox is None:
            best = self.output / "checkpoints" / "best.ckpt"
            return "\n".join([*lines, f"model:  {best}"] if best.exists() else lines)
        if self._outbox.unsent:
            lines.append(f"run:    {self.run_id}, not all of it in {uri} yet")
            lines.append(f"send:   python -m resistor_cls.sync {self.output}")
            return "\n".join(lines)
        lines.append(f"run:    {self.run_id} in {uri}")
        lines += [f"model:  {self.model_reference}"] if self._has_model else []
        if self._has_model and self._register:
            lines.append(f"next:   python -m resistor_cls.promote --model {self.model_reference}")
        return "\n".join([*lines, *self.opening()])

    def opening(self) -> list[str]:
        """How to open the run in MLflow, in words."""
        command = ui_command(self._uri)
        first = [f"start:  {command}"] if command else []
        return [*first, f"open:   {self.address or self._uri}"]

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


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {key: without_passwords(str(value))[:_LONGEST] for key, value in values.items()}


def _name(path: Path, folder: Path) -> str:
    """A file as an outbox names it: relative to the folder of the run, which may be moved."""
    path, folder = path.absolute(), folder.absolute()
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)


def milliseconds() -> int:
    """The time now, in milliseconds since 1970."""
    return int(time.time() * 1000)
