"""Temporary folders that are removed later if their process was killed."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

try:
    import fcntl
except ImportError:  # Windows has no such locks: nothing is cleared up there
    fcntl = None  # type: ignore[assignment]

_LOCK = ".lock"  # ends the name of the file whose lock says that a folder's maker is alive


@contextmanager
def scratch_folder(parent: Path, prefix: str) -> Iterator[Path]:
    """A folder that is removed at the end, with whatever is still in it.

    A killed process leaves it. Beside it lies a file that its maker has locked, and the system
    frees the lock of a process that ends in any way: see `remove_left_over`.

    Args:
        parent: the folder to make it in.
        prefix: of its name, such as ".building-".

    Raises:
        OSError: it cannot be made.
    """
    name, lock = _locked_name(parent, prefix)
    folder = parent / name
    try:
        folder.mkdir()
        yield folder
    finally:
        # The lock goes last: a folder without one counts as left over.
        shutil.rmtree(folder, ignore_errors=True)
        (parent / f"{name}{_LOCK}").unlink(missing_ok=True)
        os.close(lock)


def remove_left_over(parent: Path, prefix: str) -> None:
    """Removes scratch folders whose makers were killed; what cannot be removed stays.

    Args:
        parent: the folder that they are in.
        prefix: of their names.
    """
    if fcntl is None:
        return
    # Only names that `scratch_folder` gives: other files may lie in the folder.
    ours = re.compile(rf"{re.escape(prefix)}[0-9a-f]{{32}}")
    found = {path.name for path in parent.glob(f"{prefix}*")}
    for name in sorted({name.removesuffix(_LOCK) for name in found}):
        if not ours.fullmatch(name):
            continue
        if f"{name}{_LOCK}" not in found:  # older versions had no locks
            # Not of a maker that was listed between its two steps: it locks before it makes.
            if not (parent / f"{name}{_LOCK}").exists():
                shutil.rmtree(parent / name, ignore_errors=True)
            continue
        lock_file = parent / f"{name}{_LOCK}"
        with suppress(OSError), lock_file.open("r+b") as file:
            # Raises where the maker lives, or where the file system knows no locks.
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(parent / name, ignore_errors=True)
            lock_file.unlink()


def _locked_name(parent: Path, prefix: str) -> tuple[str, int]:
    """A new name, and the open file whose lock says that it is in use."""
    while True:
        name = f"{prefix}{uuid4().hex}"
        path = parent / f"{name}{_LOCK}"
        lock = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        if fcntl is None:
            return name, lock
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # another process is clearing it up: take another name
            os.close(lock)
            continue
        except OSError:  # a file system without locks: nothing is cleared up there
            return name, lock
        if path.exists():
            return name, lock
        os.close(lock)  # another process removed it before it was locked
