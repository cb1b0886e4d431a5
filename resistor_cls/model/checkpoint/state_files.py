"""The newest states of a training on disk: two of them, each whole or absent.

A state is a folder that appears by being renamed: `state.ckpt`, a checkpoint that a training
continues from, and `best.ckpt`, the best epoch until then. Both are needed: the best epoch on disk
may be newer than the state from which a training continues.
"""

import logging
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from resistor_cls.errors import ModelError
from resistor_cls.model.checkpoint.checkpoints import read_checkpoint
from resistor_cls.model.checkpoint.whole_files import sync_folder

log = logging.getLogger("resistor_cls")

KEPT = 2
_STATE, _BEST, _PART = "state.ckpt", "best.ckpt", ".part"


def write_state(folder: Path, write: Callable[[Path], None], checkpoints: Path) -> None:
    """Writes a new state, and removes all but the two newest.

    Args:
        folder: of the states.
        write: writes the checkpoint to a path.
        checkpoints: folder of `best.ckpt`, which is linked and takes no room, and of `last.ckpt`,
            which becomes the new state.

    Raises:
        OSError: no room or no permission; the older states are as they were.
    """
    number = int(_numbered(folder)[-1].name) + 1 if _numbered(folder) else 1
    part = folder / f"{number:06d}{_PART}"
    shutil.rmtree(part, ignore_errors=True)  # of a process that was killed
    try:
        write(part / _STATE)
        if (best := checkpoints / _BEST).exists():
            _link(best, part / _BEST)
        sync_folder(part)
        part.rename(folder / f"{number:06d}")
        sync_folder(folder)
    except OSError:
        shutil.rmtree(part, ignore_errors=True)
        raise
    replace_by_link(folder / f"{number:06d}" / _STATE, checkpoints / "last.ckpt")
    for older in _numbered(folder)[:-KEPT]:
        shutil.rmtree(older, ignore_errors=True)


def newest_state(folder: Path) -> Path | None:
    """The newest whole state; None where there is none yet.

    A damaged one is named in a warning, and the one before it is taken.

    Raises:
        ModelError: all of them are damaged.
    """
    faults = []
    for place in reversed(_numbered(folder)):
        try:
            read_checkpoint(place / _STATE)
        except ModelError as error:
            faults.append(str(error))
            log.warning("A checkpoint cannot be used, the one before it is tried: %s", error)
        else:
            return place / _STATE
    if faults:
        raise ModelError(
            f"{folder}: no checkpoint can be used: {faults[0]}; trainer.resume=null trains anew"
        )
    return None


def restore_best(state: Path, checkpoints: Path) -> None:
    """Puts the best epoch that a state goes with into the folder of checkpoints."""
    log.info("Continuing from %s", state)
    if (best := state.with_name(_BEST)).exists():
        replace_by_link(best, checkpoints / _BEST)


def replace_by_link(file: Path, place: Path) -> None:
    """Makes a file available in a second place, which it replaces at once."""
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_name(f".{place.name}{_PART}")
    part.unlink(missing_ok=True)
    try:
        _link(file, part)
        part.replace(place)
    finally:
        part.unlink(missing_ok=True)


def _link(file: Path, place: Path) -> None:
    with suppress(OSError):  # a file system without links
        os.link(file, place)
        return
    shutil.copyfile(file, place)


def _numbered(folder: Path) -> list[Path]:
    """The whole states, the oldest first."""
    return sorted(path for path in folder.glob("[0-9]*") if path.name.isdigit())
