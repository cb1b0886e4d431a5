"""The jobs of a sweep, and their names."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PREDICTIONS = Path("tables/predictions.csv")
SPLIT = Path("tables/split.csv")
MAX_NAME = 180  # characters; MLflow refuses names of metrics of more than 250


@dataclass(frozen=True)
class Job:
    """A job of a sweep that has ended.

    Attributes:
        overrides: `key=value` words that it was started with.
        output: the folder of its results.
        finished: whether it ended without an error.
    """

    overrides: tuple[str, ...]
    output: Path
    finished: bool

    @property
    def has_predictions(self) -> bool:
        """Whether it has finished and left predictions of its best epoch."""
        return self.finished and (self.output / PREDICTIONS).exists()

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


def as_name(value: str) -> str:
    """A value as a part of a metric's name; MLflow takes no other characters there."""
    return re.sub(r"[^\w\-. ]", "_", value).strip(".")[-MAX_NAME:] or "_"
