"""Nets in small files: half precision in safetensors, which holds no code, and a header."""

import json
import reprlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor

from resistor_cls.errors import ModelError
from resistor_cls.model.checkpoint.schema import check_plain, check_values
from resistor_cls.model.checkpoint.tensor_files import (
    check_digest,
    check_tensors,
    digest_of,
    is_finite,
)
from resistor_cls.model.checkpoint.whole_files import DIGEST, write_whole


def save_half(
    path: Path, kind: str, tensors: Mapping[str, Tensor], header: Mapping[str, Any]
) -> None:
    """Writes tensors in half precision, with a digest of them and the header.

    Args:
        path: the file.
        kind: of net; key of the header.
        tensors: those that are not floats stay as they are.
        header: plain values, the `format` among them.

    Raises:
        ModelError: weights that half precision cannot hold, or a header of more than plain values.
        OSError: no room or no permission; what stood there before still does.
    """
    small = {
        name: (value.half() if value.is_floating_point() else value).contiguous()
        for name, value in tensors.items()
    }
    endless = [name for name, value in small.items() if not is_finite(value)]
    if endless:
        raise ModelError(
            f"{path}: {endless[0]} has weights above 65,504, the largest number of half precision, "
            "or no finite ones: nothing was written; train with a lower optimizer.lr"
        )
    check_plain(header)
    header = {**header, DIGEST: digest_of(header, small)}
    write_whole(path, save(small, {kind: json.dumps(header)}))


def load_half(
    path: Path, kind: str, expected: int, remedy: str, schema: type[BaseModel]
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Reads what `save_half` wrote.

    Args:
        path: the file.
        kind: of net.
        expected: the `format` that is read.
        remedy: what to do about another one.
        schema: of the header.

    Returns:
        The header, and the tensors in single precision.

    Raises:
        ModelError: a file that is absent, damaged, of another format, or of other software.
    """
    try:
        if not path.is_file():  # a pipe would be waited for
            raise FileNotFoundError(f"it {'is not a file' if path.exists() else 'does not exist'}")
        with safe_open(path, "pt") as file:
            header = json.loads((file.metadata() or {}).get(kind, "{}"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except Exception as error:  # JSON, safetensors and PyTorch errors share no base class
        reason = str(error).partition("\n")[0][:200]
        raise ModelError(
            f"{path}: the {kind} cannot be read: {reason}; copy it again, or {remedy}"
        ) from error
    found = header.get("format") if isinstance(header, dict) else None
    if found != expected:
        raise ModelError(
            f"{path}: {kind} of format {reprlib.repr(found)}, expected {expected}: {remedy}"
        )
    check_values(header, schema, path)
    check_tensors(path, tensors)
    digest = header.pop(DIGEST, None)
    check_digest(path, digest, header, tensors)
    floats = {
        name: value.float() if value.is_floating_point() else value
        for name, value in tensors.items()
    }
    return header, floats
