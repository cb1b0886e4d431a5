"""The sources by the names that `data.source` chooses them by."""

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from resistor_cls.custom_code import is_import_path
from resistor_cls.data.sources.custom import CustomSource, reader
from resistor_cls.data.sources.folder import FolderSource
from resistor_cls.data.sources.resistor37 import Resistor37Source
from resistor_cls.data.sources.source import Source
from resistor_cls.data.sources.synthetic import SyntheticSource
from resistor_cls.data.sources.table import TableSource
from resistor_cls.errors import ConfigError, nearest

SOURCES: dict[str, type[FolderSource | TableSource | SyntheticSource | Resistor37Source]] = {
    kind.name: kind for kind in (FolderSource, TableSource, SyntheticSource, Resistor37Source)
}


def options_of(name: str) -> tuple[str, ...]:
    """The keys of `data` that a source takes.

    Raises:
        ConfigError: there is no such source.
        ModelError: custom code that is not allowed, or cannot be imported.
    """
    return tuple(_parameters(name))


def make_source(name: str, options: Mapping[str, Any]) -> Source:
    """Makes a source of plain values; reads nothing.

    Args:
        name: one of `SOURCES`, or the import path of a custom source.
        options: keys of `data` that the source takes → their values.

    Raises:
        ConfigError: no such source, an option that it does not take, or one that it needs.
        ModelError: custom code that is not allowed, or cannot be imported.
    """
    takes = _parameters(name)
    for key in options:
        if key not in takes:
            raise ConfigError(
                f"data.{key} is not a key of the source {name}; {nearest(key, takes)}"
            )
    for key, parameter in takes.items():
        # The function of a custom source may take None for anything but a path.
        may_be_none = is_import_path(name) and parameter.annotation is not Path and key in options
        if parameter.default is parameter.empty and options.get(key) is None and not may_be_none:
            raise ConfigError(f"data.{key} is not set: the source {name} needs it")
    return CustomSource(name, options) if is_import_path(name) else SOURCES[name](**options)


def _parameters(name: str) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(_maker(name)).parameters


def _maker(name: str) -> Callable[..., Any]:
    if is_import_path(name):
        return reader(name)
    if name not in SOURCES:
        raise ConfigError(f"data.source={name}: no such source; {nearest(name, SOURCES)}")
    return SOURCES[name]
