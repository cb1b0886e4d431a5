"""Checkpoint files: written whole or not at all, read without executing anything in them."""

import re
import reprlib
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

import resistor_cls
from resistor_cls.errors import ModelError
from resistor_cls.model.checkpoint.schema import Checkpoint, check_plain, check_values
from resistor_cls.model.checkpoint.tensor_files import check_digest, check_tensors, digest_of
from resistor_cls.model.checkpoint.whole_files import (
    COPY_AGAIN,
    DIGEST,
    require_file,
    whole_file,
)

CHECKPOINT_FORMAT = 1  # counts changes that older or newer code cannot read
METADATA = "resistor_cls"  # our key beside Lightning's in a checkpoint
_SETTINGS, _WEIGHTS = "hyper_parameters", "state_dict"  # Lightning's keys


def checkpoint_values(
    weights_from: str, metadata: Mapping[str, Any], detector: Mapping[str, Any] | None
) -> dict[str, Any]:
    """What a checkpoint says of its network beside weights and settings, as plain values.

    Args:
        weights_from: see `ResistorNetwork`, as is `metadata`.
        metadata: see there.
        detector: values of its detector, where it has one.
    """
    values = {
        "format": CHECKPOINT_FORMAT,
        "version": resistor_cls.__version__,
        "weights_from": weights_from,
        "record": metadata,
    }
    return values if detector is None else {**values, "locator": detector}


def write_checkpoint(checkpoint: Mapping[str, Any], path: Path) -> None:
    """Saves a checkpoint, with a digest of its weights, settings and metadata.

    It is written beside the old file, which it then replaces. (Lightning writes to the machine's
    temporary folder and moves from there: on another disk, one that fills up, the move leaves half
    a checkpoint where the last good one was.)

    Raises:
        ModelError: metadata that holds more than plain values.
        OSError: no room or no permission; what stood there before still does.
    """
    values = _with_digest(checkpoint)
    try:
        with whole_file(path) as file:
            torch.save(values, file)
    except RuntimeError as error:
        # PyTorch hides why a file is not written behind an error of its own.
        reason = error.__context__
        if isinstance(reason, OSError):
            raise OSError(*reason.args[:2], str(path)) from error
        if isinstance(reason, KeyboardInterrupt | MemoryError):
            raise reason from None
        raise


def add_to_metadata(path: Path, **values: Any) -> None:
    """Adds plain values to the metadata of a checkpoint's network.

    Raises:
        ModelError: see `read_checkpoint`.
        OSError: no room or no permission; the file is as it was.
    """
    checkpoint = read_checkpoint(path)
    checkpoint[METADATA]["record"] |= values
    write_checkpoint(checkpoint, path)


def read_checkpoint(path: str | Path) -> dict[str, Any]:
    """Reads a checkpoint without executing anything in it.

    Returns:
        Lightning's checkpoint, of which the weights, the settings and our metadata are whole,
        finite, as the schema says, and those that were saved.

    Raises:
        ModelError: see `ResistorNetwork.load`.
    """
    path = Path(path)
    require_file(path, "a checkpoint such as checkpoints/best.ckpt")
    if not zipfile.is_zipfile(path):
        raise ModelError(
            f"{path} is not a complete checkpoint (cut short, or another kind of file): "
            "copy it again or use another checkpoint of the run"
        )
    _check_zip(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about pickles that are refused below anyway
            checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # unpickling, zip and tensor errors share no base class
        raise ModelError(
            f"{path} cannot be loaded as plain values, and nothing in it was executed: "
            f"{_reason(error)}; use a checkpoint that resistor_cls wrote"
        ) from None  # a traceback would bring PyTorch's advice to execute the file
    ours = checkpoint.get(METADATA) if isinstance(checkpoint, dict) else None
    if not isinstance(ours, dict) or "format" not in ours:
        raise ModelError(
            f"{path} is not a checkpoint of resistor_cls: expected one that it trained"
        )
    if type(ours["format"]) is not int or ours["format"] != CHECKPOINT_FORMAT:
        raise ModelError(
            f"{path} has checkpoint format {reprlib.repr(ours['format'])}, this version reads "
            f"{CHECKPOINT_FORMAT}: use {_release(ours.get('version'))}"
        )
    values = {key: checkpoint[key] for key in (_SETTINGS, METADATA) if key in checkpoint}
    check_values(values, Checkpoint, path)
    tensors = checkpoint.get(_WEIGHTS)
    check_tensors(path, tensors)
    check_digest(path, ours.get(DIGEST), _digested(checkpoint), tensors)
    return dict(checkpoint)


def _release(version: object) -> str:
    """The release that reads a file of another format, in words."""
    if isinstance(version, str) and re.fullmatch(r"[\w.+-]{1,30}", version):
        return f"resistor_cls {version}, which wrote it"
    return "the version of resistor_cls that wrote it"


def _with_digest(checkpoint: Mapping[str, Any]) -> dict[str, Any]:
    """A checkpoint with its digest; one that is not ours stays as it is."""
    if METADATA not in checkpoint:
        return dict(checkpoint)
    values = _digested(checkpoint)
    check_plain(values)
    digest = digest_of(values, checkpoint[_WEIGHTS])
    return {**checkpoint, METADATA: {**checkpoint[METADATA], DIGEST: digest}}


def _digested(checkpoint: Mapping[str, Any]) -> dict[str, Any]:
    """The plain values that the digest is made of, beside the weights."""
    ours = {key: value for key, value in checkpoint[METADATA].items() if key != DIGEST}
    return {_SETTINGS: dict(checkpoint[_SETTINGS]), METADATA: ours}


def _check_zip(path: Path) -> None:
    """Compares each part of a checkpoint with its checksum, which PyTorch does not.

    Raises:
        ModelError: a part that differs, or one that unpacks to more than the file holds.
    """
    try:
        with zipfile.ZipFile(path) as file:
            parts = file.infolist()
            # PyTorch stores and never packs. It finds parts whatever the case of their names.
            names = {part.filename.lower() for part in parts}
            declared = sum(part.file_size for part in parts)
            stored = all(part.compress_type == zipfile.ZIP_STORED for part in parts)
            if not stored or len(names) < len(parts) or declared > path.stat().st_size:
                raise ModelError(
                    f"{path} is not a checkpoint as PyTorch writes it: its {len(parts)} parts are "
                    f"packed, named twice, or larger ({declared:,} bytes) than the file; "
                    f"{COPY_AGAIN}"
                )
            broken = file.testzip()
    except ModelError:
        raise
    except Exception as error:  # zipfile raises what it stumbles on: struct, value, runtime errors
        raise ModelError(
            f"{path} is damaged: the list of its parts cannot be read; {COPY_AGAIN}"
        ) from error
    if broken is not None:
        raise ModelError(f"{path} is damaged: {broken} differs from its checksum; {COPY_AGAIN}")


def _reason(error: Exception) -> str:
    """Why PyTorch refuses a file, without its advice to execute what is in it."""
    refused = re.search(r"(?:GLOBAL|global) ([\w.]+)", str(error))
    if refused is not None:
        return f"it holds {refused[1]}, which is code and not a plain value"
    line = str(error).strip().partition("\n")[0][:200]
    return (
        line
        if line and "weights_only" not in line.replace(" ", "_").lower()
        else (f"it is not a checkpoint of plain values ({type(error).__name__})")
    )
