"""Where the statements of cards come from: the file of a model, its run, a study."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePath
from typing import Any

from resistor_cls.describing.model_files import ModelFile
from resistor_cls.describing.study import Study
from resistor_cls.tracking.run.reading import RunResults

_OF_THE_MACHINE = ("paths.", "tracking.", "data.cache", "data.workers")


@dataclass(frozen=True)
class Sources:
    """What is known of a model.

    Attributes:
        model: its file.
        run: that trained it; None where it is not known.
        study: of its results; None where none is given.
    """

    model: ModelFile
    run: RunResults | None = None
    study: Study | None = None

    @cached_property
    def config(self) -> Mapping[str, Any]:
        """Dotted keys of the config of the training, without those of the machine.

        Of absolute paths, only the last name is kept. Empty where nothing is known.
        """
        values = dict(_leaves(self.run.config)) if self.run else dict(self.model.recipe)
        return {
            key: _without_folder(value)
            for key, value in values.items()
            if not key.startswith(_OF_THE_MACHINE)
        }

    @property
    def report(self) -> Mapping[str, Any]:
        """The content of the run's `report.json`; empty without one."""
        return self.run.report if self.run else {}

    @property
    def photos(self) -> str:
        """Names the source of the training photos; empty where it is not known."""
        source = self.config.get("data.source", "")
        place = {"folder": "data.root", "table": "data.table"}.get(source)
        value = self.config.get(place) if place else None
        return f"{source} {PurePath(value).name}" if value else str(source)

    @property
    def online_crops(self) -> int:
        """Synthetic crops that the training used, each once; 0 without the online generator."""
        length = self.config.get("data.stream.length") or 0
        return int(length) * int(self.config.get("trainer.max_epochs") or 0)

    @property
    def trained_on(self) -> int | None:
        """Photos that trained the model; None where its file does not say."""
        names = self.model.metadata.get("trained_on")
        return None if names is None else len(names)


def _leaves(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _without_folder(value: Any) -> Any:
    """A value that names no folder of a machine."""
    absolute = isinstance(value, str) and value.startswith(("/", "~", "sqlite:"))
    return PurePath(value).name if absolute else value
