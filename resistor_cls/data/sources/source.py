"""What a source of photos is: a few plain values and a way to read the photos."""

from pathlib import Path
from typing import Any, ClassVar, Protocol

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


class BuiltIn:
    """What the dataclasses of the built-in sources share."""

    _PATHS: ClassVar[tuple[str, ...]] = ("root", "categories", "table")  # kept absolute

    def __post_init__(self) -> None:
        for name in self._PATHS:
            if (path := getattr(self, name, None)) is not None:
                object.__setattr__(self, name, absolute(path))

    @property
    def settings(self) -> dict[str, Any]:
        """Plain values that make the same source again."""
        return {
            key: str(value) if isinstance(value, Path) else value
            for key, value in vars(self).items()
        }
