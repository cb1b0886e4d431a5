"""Files of models: whether they are there, and written whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from resistor_cls.errors import ModelError

DIGEST = "digest"  # key beside the plain values that it is made of
COPY_AGAIN = "copy it again, or use another file of the run"


def require_file(path: Path, expected: str) -> None:
    """Checks that there is a file, before anything opens it and waits for a pipe.

    Raises:
        ModelError: there is none.
    """
    if not path.is_file():
        found = "is a folder" if path.is_dir() else "is not a file"
        raise ModelError(
            f"{path} {found if path.exists() else 'does not exist'}: expected {expected}"
        )


def write_whole(path: Path, content: bytes) -> None:
    """Writes beside the old file, then replaces it; see `whole_file`.

    Raises:
        OSError: no room or no permission; what stood there before still does.
    """
    with whole_file(path) as file:
        file.write(content)


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Opens a file beside the old one, which it replaces at the end of the block.

    It is written whole or not at all, power cuts and errors in the block included.

    Raises:
        OSError: no room or no permission; what stood there before still does.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            yield file
            file.flush()
            # A new name may reach the disk before what it names: then a power cut would leave a
            # name without content, and the old file gone.
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        part.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Brings the names in a folder to the disk, so that a power cut does not lose them."""
    with suppress(OSError):  # some systems and network folders cannot, and write at once
        folder = os.open(path, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
