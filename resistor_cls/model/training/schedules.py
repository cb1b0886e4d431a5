"""Learning rates over the optimizer steps of a run.

A schedule is made of an optimizer, the steps of the run and the steps of an epoch. It sets
factors: every parameter group keeps its scale of the learning rate.
"""

from torch.optim import Optimizer
from torch.optim.lr_scheduler import (
    ConstantLR,
    CosineAnnealingLR,
    LinearLR,
    LRScheduler,
    OneCycleLR,
    SequentialLR,
    StepLR,
)


def cosine(
    optimizer: Optimizer, total_steps: int, epoch_steps: int, *, warmup_epochs: float = 0
) -> LRScheduler:
    """Half a cosine from the optimizer's learning rate to 0, per step.

    Source: Loshchilov and Hutter, SGDR (2017), eq. 5 with a single period.
    """
    warmup = _warmup(total_steps, epoch_steps, warmup_epochs)
    after = CosineAnnealingLR(optimizer, T_max=total_steps - warmup)
    return _warmed_up(optimizer, after, warmup)


def linear(
    optimizer: Optimizer, total_steps: int, epoch_steps: int, *, warmup_epochs: float = 0
) -> LRScheduler:
    """A straight line from the optimizer's learning rate to 0, per step."""
    warmup = _warmup(total_steps, epoch_steps, warmup_epochs)
    after = LinearLR(optimizer, 1.0, 0.0, total_iters=total_steps - warmup)
    return _warmed_up(optimizer, after, warmup)


def constant(
    optimizer: Optimizer, total_steps: int, epoch_steps: int, *, warmup_epochs: float = 0
) -> LRScheduler:
    """The optimizer's learning rate throughout."""
    warmup = _warmup(total_steps, epoch_steps, warmup_epochs)
    after = ConstantLR(optimizer, factor=1.0, total_iters=total_steps)
    return _warmed_up(optimizer, after, warmup)


def step(
    optimizer: Optimizer,
    total_steps: int,
    epoch_steps: int,
    *,
    warmup_epochs: float = 0,
    every_epochs: float = 1,
    factor: float = 0.1,
) -> LRScheduler:
    """The learning rate times a factor every so many epochs, counted from the end of the warm-up.

    Raises:
        ValueError: epochs that are not a step.
    """
    warmup = _warmup(total_steps, epoch_steps, warmup_epochs)
    steps = round(every_epochs * epoch_steps)
    if steps < 1:
        raise ValueError(f"scheduler.every_epochs={every_epochs}: expected more than 0")
    return _warmed_up(optimizer, StepLR(optimizer, steps, factor), warmup)


def one_cycle(
    optimizer: Optimizer, total_steps: int, epoch_steps: int, *, warmup_epochs: float = 0
) -> LRScheduler:
    """Up from a 25th of the optimizer's learning rate, then down to almost nothing, by cosines.

    Momentum goes the other way. Source: Smith and Topin 2018, "Super-Convergence"; the numbers are
    PyTorch's.

    Args:
        optimizer: whose learning rate is the top.
        total_steps: of the run.
        epoch_steps: of an epoch.
        warmup_epochs: of the way up; 0 takes three tenths of the run.
    """
    warmup = _warmup(total_steps, epoch_steps, warmup_epochs)
    rising = warmup / total_steps if warmup else 0.3
    tops = [group["lr"] for group in optimizer.param_groups]
    # A step more: PyTorch takes one at once, and Lightning another behind the last.
    return OneCycleLR(optimizer, tops, total_steps=total_steps + 1, pct_start=rising)


def _warmup(total_steps: int, epoch_steps: int, epochs: float) -> int:
    """Steps of a warm-up.

    Raises:
        ValueError: fewer than 0 epochs, or no step left behind them.
    """
    steps = round(epochs * epoch_steps)
    if epochs < 0 or steps >= total_steps:
        raise ValueError(
            f"scheduler.warmup_epochs={epochs:g}: expected 0 or more, and less than "
            f"trainer.max_epochs ({total_steps / epoch_steps:g})"
        )
    return steps


def _warmed_up(optimizer: Optimizer, after: LRScheduler, steps: int) -> LRScheduler:
    """A schedule behind as many steps on which the learning rate grows evenly to its top."""
    if not steps:
        return after
    before = LinearLR(optimizer, 1 / (steps + 1), 1.0, total_iters=steps)
    return SequentialLR(optimizer, [before, after], milestones=[steps])
