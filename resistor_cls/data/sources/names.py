"""Names of files and folders that can be kept: UTF-8, and below the folder of the photos."""

import posixpath
from collections.abc import Collection, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath

from resistor_cls.errors import DataError, as_text, some_names


def check_root(root: Path, key: str) -> None:
    """Refuses a folder whose name cannot be stored as text.

    Raises:
        DataError: it is not UTF-8.
    """
    whole = str(root.absolute())
    if as_text(whole) != whole:
        raise DataError(f"{key}={as_text(whole)} is not UTF-8 text: rename the folder")


def check_names(root: Path, names: Sequence[str]) -> None:
    """Refuses names that cannot be stored in a table.

    Raises:
        DataError: names them.
    """
    foreign = [as_text(name) for name in names if as_text(name) != name]
    if foreign:
        raise DataError(
            f"{root} has names that are not UTF-8 text: {some_names(foreign)}; rename them"
        )


def names_outside(names: Collection[str]) -> list[str]:
    """Those of some names that lead out of the folder that they are relative to.

    Only the names are looked at: a link within the folder may lead elsewhere on purpose.

    Args:
        names: with `/` between folders, absolute ones among them.
    """
    return [
        name
        for name in names
        if posixpath.normpath(name).split("/")[0] == ".."
        or PurePosixPath(name).is_absolute()
        or PureWindowsPath(name).is_absolute()
    ]
