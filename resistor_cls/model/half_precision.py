"""Nets in small files: half precision in safetensors, which holds no code, and a header."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from resistor_cls.errors import ModelError


def save_half(path: Path, kind: str, tensors: Mapping[str, Tensor], header: Any) -> None:
    """Writes tensors in half precision.

    Args:
        path: the file.
        kind: of net; key of the header.
        tensors: those that are no floats stay as they are.
        header: plain values, the `format` among them.
    """
    small = {
        name: (value.half() if value.is_floating_point() else value).contiguous()
        for name, value in tensors.items()
    }
    save_file(small, path, {kind: json.dumps(header)})


def load_half(
    path: Path, kind: str, expected: int, remedy: str
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Reads what `save_half` wrote.

    Args:
        path: the file.
        kind: of net.
        expected: the `format` that is read.
        remedy: what to do about another one.

    Returns:
        The header, and the tensors in single precision.

    Raises:
        ModelError: a file that is absent, damaged, of another format, or of other software.
    """
    try:
        with safe_open(path, "pt") as file:
            header = json.loads((file.metadata() or {}).get(kind, "{}"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, ValueError) as error:
        raise ModelError(f"{path}: the {kind} cannot be read: {error}") from error
    if header.get("format") != expected:
        raise ModelError(
            f"{path}: {kind} of format {header.get('format')}, expected {expected}: {remedy}"
        )
    floats = {
        name: value.float() if value.is_floating_point() else value
        for name, value in tensors.items()
    }
    return header, floats
