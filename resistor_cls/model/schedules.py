"""Learning rates over the optimizer steps of a run."""

from torch.optim import Optimizer
from torch.optim.lr_scheduler import ConstantLR, CosineAnnealingLR, LRScheduler


def cosine(optimizer: Optimizer, total_steps: int) -> LRScheduler:
    """Half a cosine from the optimizer's learning rate to 0, per step, no warm-up.

    Source: Loshchilov and Hutter, SGDR (2017), eq. 5 with a single period.
    """
    return CosineAnnealingLR(optimizer, T_max=total_steps)


def constant(optimizer: Optimizer, total_steps: int) -> LRScheduler:
    """The optimizer's learning rate throughout."""
    return ConstantLR(optimizer, factor=1.0, total_iters=total_steps)
