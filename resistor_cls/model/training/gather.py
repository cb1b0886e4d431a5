"""Brings the predictions of all processes of a distributed training (DDP) together."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


def gather(
    outputs: list[dict[str, Tensor]], all_gather: Callable[[Tensor], Any], processes: int
) -> dict[str, Tensor]:
    """The predictions of all processes, each photo once, sorted by index.

    Args:
        outputs: of this process, one dictionary a batch, `indices` among its tensors (batch, …);
            emptied on the way, because all of them twice would take too much memory.
        all_gather: gives (processes, photos, …) of (photos, …).
        processes: how many there are; the batches of a single one stay in their order.
    """
    mine = {
        name: concatenate([output.pop(name) for output in outputs]) for name in list(outputs[0])
    }
    outputs.clear()
    if processes == 1:
        return mine
    everyone = {name: all_gather(values).flatten(0, 1) for name, values in mine.items()}
    # Lightning's sampler repeats some photos, so that every process gets as many.
    order = torch.argsort(everyone["indices"], stable=True)
    ordered = everyone["indices"][order]
    first = torch.ones_like(ordered, dtype=torch.bool)
    first[1:] = ordered[1:] != ordered[:-1]
    return {name: values[order][first] for name, values in everyone.items()}


def concatenate(parts: list[Tensor]) -> Tensor:
    """Tensors one behind the other; the list is emptied on the way, so that none is held twice."""
    whole = parts[0].new_empty((sum(len(part) for part in parts), *parts[0].shape[1:]))
    place = len(whole)
    while parts:
        part = parts.pop()
        place -= len(part)
        whole[place : place + len(part)] = part
    return whole
