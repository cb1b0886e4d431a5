"""The state of a data set's folder: new, begun or complete; files appear whole or not at all.

`dataset.partial.json` holds the request while photos are drawn, `dataset.json` once all files are
there: a folder without the latter is not complete.
"""

import contextlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from resistor_cls.errors import DataError

_COMPLETE, _BEGUN = "dataset.json", "dataset.partial.json"
# Files of `write_whole` that are not whole yet.
_UNFINISHED = re.compile(r"\..+\.(?P<pid>\d+)\.tmp")
_MAX_SHOWN = 60  # characters of a value in a message


def is_complete(out: Path, request: dict[str, Any]) -> bool:
    """Tells whether a folder already holds everything that was requested.

    Raises:
        DataError: the folder holds another request, or files of another origin.
    """
    for name in (_COMPLETE, _BEGUN):
        if (out / name).exists():
            _require_same(out, out / name, request)
            return name == _COMPLETE
    if out.is_dir() and not all(_UNFINISHED.fullmatch(path.name) for path in out.iterdir()):
        raise DataError(
            f"{out} is not empty and was not begun by this command: "
            "choose a new folder, or empty this one"
        )
    return False


def begin(out: Path, request: dict[str, Any]) -> None:
    """Makes the folder and one for each category, and notes the request."""
    out.mkdir(parents=True, exist_ok=True)
    write_whole(out / _BEGUN, _as_json(request))
    for name in request["names"]:
        (out / name).mkdir(exist_ok=True)


def finish(out: Path, request: dict[str, Any]) -> None:
    """Marks the folder as complete."""
    write_whole(out / _COMPLETE, _as_json(request))
    (out / _BEGUN).unlink(missing_ok=True)


def remove_unfinished(out: Path) -> None:
    """Removes the half-written files of processes that were killed."""
    for path in [*out.glob(".*.tmp"), *out.glob("*/.*.tmp")]:
        match = _UNFINISHED.fullmatch(path.name)
        if match is None:
            continue
        # A complete folder may be read-only, and the file may have become whole meanwhile.
        with contextlib.suppress(OSError):
            if not _still_writes(int(match["pid"]), path.stat().st_mtime):
                path.unlink()


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file that appears with all of its content or not at all."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def write_errors_explained(out: Path) -> Iterator[None]:
    """Raises an `OSError` as a `DataError` that names the file and the remedy."""
    try:
        yield
    except OSError as error:
        raise DataError(
            f"{error.filename or out}: {error.strerror or error}; "
            "choose a folder that can be written, with enough space (about 0.2 MB a photo)"
        ) from error


def _still_writes(pid: int, since: float) -> bool:
    """Whether the process that wrote at a time, in seconds since 1970, is still alive."""
    try:
        # A later process may have the same number; 1 s, as clocks of file systems are coarse.
        created: float = psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return False
    return created <= since + 1


def _require_same(out: Path, path: Path, request: dict[str, Any]) -> None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(
            f"{path} cannot be read ({error}): remove {out}, or choose another folder"
        ) from error
    for key, expected in request.items():
        if found.get(key) != expected:
            raise DataError(
                f"{out} was drawn with {key} {_shown(found.get(key))}, asked for is "
                f"{_shown(expected)}: choose another folder, or remove this one"
            )


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 3] + "…"


def _as_json(request: dict[str, Any]) -> bytes:
    return (json.dumps(request, indent=2, ensure_ascii=False) + "\n").encode()
