"""The tensors of files: whether they are whole, finite and the ones that were saved.

The checksums of a zip catch what changed on a disk or on the way; the digest also catches a file
that was put together from others, and files without checksums, such as safetensors.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from resistor_cls.errors import ModelError
from resistor_cls.model.checkpoint.schema import misfit
from resistor_cls.model.checkpoint.whole_files import COPY_AGAIN


def digest_of(values: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> str:
    """Identifies plain values and tensors, whatever kind of file they are in.

    Args:
        values: plain values.
        tensors: on any device; the order of their names does not matter.

    Returns:
        `sha256:` and 64 hexadecimal digits.
    """
    digest = hashlib.sha256(json.dumps(values, sort_keys=True).encode())
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        head = [name, str(tensor.dtype), list(tensor.shape)]
        digest.update(json.dumps(head).encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return f"sha256:{digest.hexdigest()}"


def check_digest(
    path: Path, saved: str | None, values: Mapping[str, Any], tensors: Mapping[str, Tensor]
) -> None:
    """Compares what was read with what was saved.

    Args:
        path: the file.
        saved: the digest in the file; None in files of earlier versions, which are believed.
        values: plain values, without the digest.
        tensors: name → tensor, as they were read.

    Raises:
        ModelError: they differ.
    """
    if saved is None:
        return
    found = digest_of(values, tensors)
    if found != saved:
        raise ModelError(
            f"{path} is damaged: its weights and settings have the digest {found[:19]}…, but were "
            f"saved with {saved[:19]}…; {COPY_AGAIN}"
        )


def check_tensors(path: Path, tensors: Any) -> None:
    """Checks that all are plain tensors of finite numbers, no larger than what holds them.

    Args:
        path: the file.
        tensors: what should be name → tensor.

    Raises:
        ModelError: names the first that is not.
    """
    if not isinstance(tensors, Mapping) or not all(type(name) is str for name in tensors):
        found = type(tensors).__name__
        raise misfit(path, f"its weights are a {found}: expected tensors by their names")
    for name, tensor in tensors.items():
        if type(tensor) not in (Tensor, nn.Parameter):
            found = type(tensor).__name__
            raise misfit(path, f"{name} is a {found}: expected a tensor")
        plain = tensor.layout is torch.strided and tensor.device.type == "cpu"
        # A stride of 0 makes 4 bytes a tensor of any size, which fills the memory once it is used.
        if (
            not plain
            or tensor.is_quantized
            or tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes()
        ):
            shape = tuple(tensor.shape)
            raise misfit(path, f"{name} has no {shape} values in the file: expected all")
        if not is_finite(tensor):
            raise ModelError(
                f"{path} holds weights that are not finite numbers ({name}), because its training "
                "diverged or the file is damaged: use another one, or train again with a lower "
                "optimizer.lr or trainer.gradient_clip_val=1"
            )


def is_finite(tensor: Tensor) -> bool:
    """Whether no value is nan or infinite."""
    return bool(torch.isfinite(tensor).all())


def check_fit(path: Path, expected: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> None:
    """Checks that the tensors of a file are those of the net that its settings describe.

    Args:
        path: the file.
        expected: the net's, on any device.
        found: the file's.

    Raises:
        ModelError: names the first that is missing, unknown, or of another shape or type.
    """
    for name, tensor in expected.items():
        if name not in found:
            raise misfit(path, f"{name} is missing among its {len(found)} tensors")
        has, needs = _described(found[name]), _described(tensor)
        if has != needs:
            raise misfit(path, f"{name} is {has}: expected {needs}")
    for name in found:
        if name not in expected:
            raise misfit(path, f"{name[:100]} is in the file, but not in its net")


def _described(tensor: Tensor) -> str:
    return f"{tuple(tensor.shape)} {str(tensor.dtype).removeprefix('torch.')}"
