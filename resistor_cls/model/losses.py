"""Losses, each with the activation that turns its logits into probabilities."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from torch import Tensor
from torch.nn.functional import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    one_hot,
)

from resistor_cls.errors import ConfigError, nearest


class Loss(NamedTuple):
    """A loss and its activation.

    Attributes:
        each: (logits (batch, categories), targets (batch,)) → (batch,) loss of each item.
        probabilities: logits (batch, categories) → probabilities of the same shape.
    """

    each: Callable[[Tensor, Tensor], Tensor]
    probabilities: Callable[[Tensor], Tensor]

    def value(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The mean loss, a scalar."""
        return self.each(logits, targets).mean()


def _one_hot_bce(logits: Tensor, targets: Tensor) -> Tensor:
    """Each category as a yes-or-no question of its own, as in H2O Hydrogen Torch."""
    truth = one_hot(targets, logits.shape[1]).to(logits)
    return binary_cross_entropy_with_logits(logits, truth, reduction="none").mean(dim=1)


def _softmax(logits: Tensor) -> Tensor:
    return logits.softmax(dim=1)


LOSSES = {
    "bce": Loss(_one_hot_bce, Tensor.sigmoid),
    "cross_entropy": Loss(partial(cross_entropy, reduction="none"), _softmax),
}


def loss_named(name: str) -> Loss:
    """The loss of a name.

    Raises:
        ConfigError: there is none.
    """
    if name not in LOSSES:
        raise ConfigError(f"loss={name}: no such loss; {nearest(name, LOSSES)}")
    return LOSSES[name]
