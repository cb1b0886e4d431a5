"""Optimizer steps in one pass over memory."""

import torch
from torch.optim import Optimizer

_DEVICES = ("cpu", "cuda")  # that PyTorch has such kernels for, among those that we train on


def use_fused_step(optimizer: Optimizer) -> None:
    """Lets an optimizer of PyTorch update each parameter in one pass, where it can.

    A step of AdamW is a dozen passes over parameters, gradients and moments otherwise, which wait
    for memory: of ResNet-18 they take three times as long. Results differ in their last digits
    from those of separate passes, which round in between. Optimizers that have no such step, and
    those for which somebody has chosen how to step (`fused`, `foreach`), stay as they are.

    Args:
        optimizer: before its first step, with its parameters where they are trained.
    """
    # In the groups and not by an argument of the optimizer: Lightning would refuse to clip
    # gradients, because such an optimizer can also undo the scaling of a loss. Here it does not.
    for group in optimizer.param_groups:
        chosen = any(group.get(name) for name in ("foreach", "capturable", "differentiable"))
        if group.get("fused", False) is None and not chosen and _can_be_fused(group["params"]):
            group["fused"] = True


def _can_be_fused(parameters: list[torch.Tensor]) -> bool:
    return all(one.is_floating_point() and one.device.type in _DEVICES for one in parameters)
