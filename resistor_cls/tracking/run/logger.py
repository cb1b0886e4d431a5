"""The Lightning logger of a run."""

import time
from argparse import Namespace
from array import array
from collections.abc import Callable, Mapping
from typing import Any

import torch
from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities import rank_zero_only

PERIOD = 1.0  # seconds between writes: steps on a GPU are too many to be written one by one
# Name, value, time in ms since 1970, step.
Point = tuple[str, float, int, int]


class RunLogger(Logger):
    """Keeps what a training logs, and sends it to a run of MLflow, many steps at a time.

    Lightning's MLFlowLogger writes every step separately, or in threads that hide errors; and it
    closes the run, whose outcome only `open_run` knows.

    Args:
        write: takes the points of about a second; None where nothing is tracked.
        run_id: of the open run.
    """

    def __init__(
        self, write: Callable[[list[Point]], None] | None = None, run_id: str = ""
    ) -> None:
        super().__init__()
        self._write_points, self._run_id = write, run_id
        self._waiting: list[Point] = []
        self._written = time.monotonic()
        # 16 bytes a step and metric: a long training has a million steps.
        self._steps: dict[str, array[int]] = {}
        self._values: dict[str, array[float]] = {}

    @property
    def history(self) -> dict[str, list[tuple[int, float]]]:
        """Metric → (step, value) pairs, as they were logged."""
        return {
            name: list(zip(steps, self._values[name], strict=True))
            for name, steps in self._steps.items()
        }

    def state_dict(self) -> dict[str, Any]:
        """The history as plain values, for a checkpoint; what waits is written first."""
        self._write()
        return {
            name: [torch.tensor(steps), torch.tensor(self._values[name], dtype=torch.float64)]
            for name, steps in self._steps.items()
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Takes over the history of a training that continues; what the run lacks is sent."""
        self._steps = {name: array("q", steps.tolist()) for name, (steps, _) in state.items()}
        self._values = {name: array("d", values.tolist()) for name, (_, values) in state.items()}
        if self._write_points is not None:
            now = int(time.time() * 1000)
            self._waiting = [
                (name, value, now, step)
                for name, points in self.history.items()
                for step, value in points
            ]

    @property
    def name(self) -> str:
        """What Lightning names folders by; unused."""
        return "mlflow"

    @property
    def version(self) -> str:
        """The id of the run."""
        return self._run_id

    def log_hyperparams(
        self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any
    ) -> None:
        """Does nothing: the run already holds every key of the config."""

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Notes metrics; of the same metric and step, such as the epoch, the newest value."""
        now = int(time.time() * 1000)
        for name, value in metrics.items():
            if self._note(name, step or 0, float(value)) and self._write_points is not None:
                self._waiting.append((name, float(value), now, step or 0))

    def _note(self, name: str, step: int, value: float) -> bool:
        """Adds a value to the history; returns whether it is new."""
        steps = self._steps.setdefault(name, array("q"))
        values = self._values.setdefault(name, array("d"))
        if not steps or steps[-1] != step:
            steps.append(step)
            values.append(value)
            return True
        known, values[-1] = values[-1], value
        return known != value

    @rank_zero_only
    def save(self) -> None:
        """Writes what has waited long enough; Lightning calls it after everything it logs."""
        if time.monotonic() - self._written >= PERIOD:
            self._write()

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """Writes all that waits; the run stays open."""
        self._write()

    def _write(self) -> None:
        waiting, self._waiting = self._waiting, []
        if self._write_points is not None and waiting:
            self._write_points(waiting)
        self._written = time.monotonic()
