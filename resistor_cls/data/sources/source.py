"""What a source of photos is: a few plain values and a way to read the photos."""

from dataclasses import fields
from pathlib import Path
from typing import Any, Protocol

from resistor_cls.data.sources.photo_set import PhotoSet


class Source(Protocol):
    """A place that photos come from, such as a folder or a table.

    Attributes:
        name: by which `data.source` chooses it.
        settings: plain values by key of `data`, paths among them absolute. They are saved with a
            model, and make the same source again; see `resistor_cls.data.sources.by_name`.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def settings(self) -> dict[str, Any]: ...  # noqa: D102

    def read(self) -> PhotoSet:
        """Finds the photos; fetches or draws what is absent.

        Raises:
            DataError: photos that cannot be used.
        """


def absolute(path: str | Path) -> Path:
    """A path that holds in any working folder."""
    return Path(path).expanduser().absolute()


def make_absolute(source: object, *names: str) -> None:
    """Makes paths of a frozen source absolute; for its `__post_init__`.

    Args:
        source: a dataclass.
        names: of fields that hold a path or None.
    """
    for name in names:
        if (path := getattr(source, name)) is not None:
            object.__setattr__(source, name, absolute(path))


def plain_settings(source: Any) -> dict[str, Any]:
    """The fields of a source as plain values, paths as text."""
    values = {field.name: getattr(source, field.name) for field in fields(source)}
    return {key: str(value) if isinstance(value, Path) else value for key, value in values.items()}
