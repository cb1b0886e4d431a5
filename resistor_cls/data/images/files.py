"""The bytes of photo files, and the errors of those that cannot be read."""

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from resistor_cls.data.images.headers import MAX_BYTES
from resistor_cls.errors import DataError, ResistorClsError


def photo_bytes(path: Path) -> bytes:
    """The content of a file, unless it is longer than any photo.

    Raises:
        OSError: it cannot be read.
        DataError: it is too long, or it is not a file but a device or a pipe, which may never end.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise DataError("this is a folder, a device or a pipe: expected a file")
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)  # one more than `check_bytes` lets pass


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Puts the name of a file before what is wrong with it."""
    try:
        yield
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from error
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


@contextmanager
def image_errors(what: str, remedy: str = "") -> Iterator[None]:
    """Converts exceptions of image libraries to an error that says why a photo is left out.

    Damaged bytes lead Pillow's plugins to KeyError and struct.error too, OpenCV and PyTorch have
    errors of their own, and each may find no memory or recurse too deeply.

    Args:
        what: is done to the photo, as "decoded".
        remedy: what to do about it, at the end of the message.

    Raises:
        DataError: instead of any exception that is not of this package.
    """
    try:
        yield
    except ResistorClsError:
        raise
    except Exception as error:
        # OpenCV and PyTorch write where in their sources they are on further lines.
        why = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise DataError(f"the image cannot be {what}: {why}{remedy and f'; {remedy}'}") from error
