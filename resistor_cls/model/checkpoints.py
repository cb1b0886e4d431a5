"""Checkpoint files: written whole or not at all, read without executing anything in them."""

import warnings
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO

from resistor_cls.errors import ModelError

CHECKPOINT_FORMAT = 1  # counts changes that older or newer code cannot read
RECORD = "resistor_cls"  # our key beside Lightning's in a checkpoint


class WholeCheckpointIO(TorchCheckpointIO):
    """Writes beside the old file, then replaces it.

    Lightning writes to the machine's temporary folder and moves from there: on another disk, one
    that fills up, the move leaves half a checkpoint in the place of the last good one.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any | None = None
    ) -> None:
        """Saves a checkpoint.

        Raises:
            OSError: no room or no permission; what stood there before still does.
        """
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.part")
        content = BytesIO()
        torch.save(checkpoint, content)
        try:
            part.write_bytes(content.getbuffer())
            part.replace(path)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(path)) from error
        finally:
            part.unlink(missing_ok=True)


def add_to_record(path: Path, **values: Any) -> None:
    """Adds plain values to what a checkpoint says of its model.

    Raises:
        ModelError: see `read_checkpoint`.
        OSError: no room or no permission; the file is as it was.
    """
    checkpoint = read_checkpoint(path)
    checkpoint[RECORD]["record"] |= values
    WholeCheckpointIO().save_checkpoint(checkpoint, path)


def read_checkpoint(path: str | Path) -> dict[str, Any]:
    """Reads a checkpoint without executing anything in it.

    Raises:
        ModelError: see `ResistorClassifier.load`.
    """
    path = Path(path)
    if not path.is_file():
        found = "is a folder" if path.is_dir() else "does not exist"
        raise ModelError(f"{path} {found}: expected a checkpoint such as checkpoints/best.ckpt")
    if not zipfile.is_zipfile(path):
        raise ModelError(
            f"{path} is no complete checkpoint (cut short, or another kind of file): "
            "copy it again or use another checkpoint of the run"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about pickles that are refused below anyway
            checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # unpickling, zip and tensor errors share no base class
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise ModelError(
            f"{path} cannot be loaded as plain values, and nothing in it was executed: {reason}"
        ) from error
    record = checkpoint.get(RECORD) if isinstance(checkpoint, dict) else None
    if not isinstance(record, dict) or "format" not in record:
        raise ModelError(f"{path} is no checkpoint of resistor_cls: expected one that it trained")
    if record["format"] != CHECKPOINT_FORMAT:
        raise ModelError(
            f"{path} has checkpoint format {record['format']}, this version reads "
            f"{CHECKPOINT_FORMAT}: use the version of resistor_cls that wrote it"
        )
    return checkpoint
