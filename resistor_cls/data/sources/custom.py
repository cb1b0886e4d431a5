"""A custom source: a function of the user, named by its import path."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from resistor_cls.custom_code import import_custom
from resistor_cls.data.sources.photo_set import PhotoSet
from resistor_cls.data.sources.source import absolute
from resistor_cls.errors import ConfigError

_PATHS = ("root", "categories", "table")  # options that are handed over as absolute `Path`


@dataclass(frozen=True)
class CustomSource:
    """Photos that a function finds, such as `my_package.photos:read_flat`.

    Args:
        name: import path of a function that returns a `PhotoSet`; its package must be allowed,
            see `resistor_cls.custom_code`.
        options: arguments of the function, by name.

    Raises:
        ModelError: code that is not allowed, or cannot be imported.
    """

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        paths = {key: self.options[key] for key in _PATHS if self.options.get(key) is not None}
        options = {**self.options, **{key: absolute(path) for key, path in paths.items()}}
        object.__setattr__(self, "options", options)

    @property
    def settings(self) -> dict[str, Any]:
        """Plain values that make the same source again."""
        return {
            key: str(value) if isinstance(value, Path) else value
            for key, value in self.options.items()
        }

    def read(self) -> PhotoSet:
        """Calls the function.

        Raises:
            ConfigError: it returns something other than a `PhotoSet`.
            ModelError: code that is not allowed, or cannot be imported.
        """
        found = reader(self.name)(**self.options)
        if not isinstance(found, PhotoSet):
            raise ConfigError(
                f"data.source={self.name} returns a {type(found).__name__}: expected a PhotoSet, "
                "as resistor_cls.data.sources.photo_set.labelled makes it"
            )
        return found


def reader(path: str) -> Callable[..., Any]:
    """Imports the function of a custom source.

    Raises:
        ModelError: code that is not allowed, or cannot be imported.
    """
    function: Callable[..., Any] = import_custom(path, "data.source")
    return function
