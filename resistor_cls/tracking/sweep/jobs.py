"""The jobs of a sweep, and their names."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PREDICTIONS = Path("tables/predictions.csv")
SPLIT = Path("tables/split.csv")
PRUNED = "PRUNED"  # the status of a job; the store says FINISHED, and has the tag `sweep.pruned`
MAX_NAME = 180  # characters; MLflow refuses names of metrics of more than 250


@dataclass(frozen=True)
class Job:
    """A job of a sweep that has ended.

    Attributes:
        overrides: `key=value` words that it was started with.
        output: the folder of its results.
        finished: whether it ended without an error.
        score: of the epoch that it kept, by the metric that ranks jobs; None without one.
        pruned: whether it was ended early, because others were better at the same epoch.
        error: why it failed, in one sentence.
    """

    overrides: tuple[str, ...]
    output: Path
    finished: bool
    score: float | None = None
    pruned: bool = False
    error: str = ""

    @property
    def has_predictions(self) -> bool:
        """Whether it has finished and left predictions of its best epoch."""
        return self.status == "FINISHED" and (self.output / PREDICTIONS).exists()

    @property
    def status(self) -> str:
        """How it ended: FINISHED, PRUNED or FAILED."""
        if not self.finished:
            return "FAILED"
        return PRUNED if self.pruned else "FINISHED"

    @property
    def values(self) -> Mapping[str, str]:
        """Key or group → value."""
        return {key_of(word): word.partition("=")[2] for word in self.overrides}

    def named(self, keys: Sequence[str]) -> str:
        """Its values of some keys, such as `model=resnet18 optimizer.lr=0.001`."""
        return " ".join(f"{key}={value}" for key, value in self.values.items() if key in keys)


def key_of(override: str) -> str:
    """The key or group of a `key=value` word."""
    return override.partition("=")[0].lstrip("+~").partition("@")[0]


def direction_of(monitor: str) -> str:
    """Whether a sweep is to `maximize` or to `minimize` a score."""
    from resistor_cls.evaluation.scores import is_loss  # with NumPy: not when a command starts

    return "minimize" if is_loss(monitor) else "maximize"


def as_name(value: str) -> str:
    """A value as a part of a metric's name; MLflow takes no other characters there."""
    return re.sub(r"[^\w\-. ]", "_", value).strip(".")[-MAX_NAME:] or "_"
