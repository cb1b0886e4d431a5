"""Losses, each with the activation that turns its logits into probabilities."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    one_hot,
)
from torchvision.ops import sigmoid_focal_loss

from resistor_cls.errors import ConfigError, nearest

# Ways to weigh categories; a sequence of one weight a category is another.
CLASS_WEIGHTS = ("none", "balanced")


class Loss(NamedTuple):
    """A loss and its activation.

    Attributes:
        each: (logits (batch, categories), shares (batch, categories)) → (batch,) loss of each item;
            shares are of the categories in the truth and add up to 1 for most.
        probabilities: logits (batch, categories) → probabilities of the same shape.
        takes_soft_targets: whether shares between 0 and 1 mean something: whether the loss is least
            where the probabilities are the shares.
        multi_label: whether each category is a question of its own, so that several may be true.
    """

    each: Callable[[Tensor, Tensor], Tensor]
    probabilities: Callable[[Tensor], Tensor]
    takes_soft_targets: bool = True
    multi_label: bool = False

    def plain(self, logits: Tensor, targets: Tensor) -> Tensor:
        """(batch,) loss of each item for class indices (batch,): what validation tells."""
        return self.each(logits, one_hot(targets, logits.shape[1]).to(logits))


def _bce(logits: Tensor, shares: Tensor) -> Tensor:
    """Each category as a yes-or-no question of its own, as in H2O Hydrogen Torch."""
    return binary_cross_entropy_with_logits(logits, shares, reduction="none").mean(dim=1)


def _focal(logits: Tensor, shares: Tensor, gamma: float) -> Tensor:
    """`bce` with what is already answered well counting less (Lin et al. 2017, eq. 4)."""
    # alpha < 0 weighs yes and no alike: class weights are a setting of their own.
    return sigmoid_focal_loss(logits, shares, alpha=-1, gamma=gamma).mean(dim=1)


def _softmax(logits: Tensor) -> Tensor:
    return logits.softmax(dim=1)


LOSSES = ("bce", "cross_entropy", "focal")


def loss_named(name: str, focal_gamma: float = 2.0) -> Loss:
    """The loss of a name.

    Args:
        name: one of `LOSSES`.
        focal_gamma: how much less `focal` counts what is already answered well; 0 is `bce`.

    Raises:
        ConfigError: there is none, or a negative `focal_gamma`.
    """
    if name not in LOSSES:
        raise ConfigError(f"loss={name}: no such loss; {nearest(name, LOSSES)}")
    if focal_gamma < 0:
        raise ConfigError(f"loss.focal_gamma={focal_gamma}: expected 0 or more")
    return {
        "bce": Loss(_bce, Tensor.sigmoid, multi_label=True),
        "cross_entropy": Loss(partial(cross_entropy, reduction="none"), _softmax),
        "focal": Loss(partial(_focal, gamma=focal_gamma), Tensor.sigmoid, takes_soft_targets=False),
    }[name]


class TrainingLoss:
    """What a training makes small: the mean loss, with smoothed labels and weighed categories.

    Args:
        loss: of an item.
        name: of the loss.
        categories: how many there are.
        label_smoothing: share of the truth that is dealt evenly to all categories (Szegedy et al.
            2016, section 7).
        class_weights: `none`; `balanced`, by which every category counts alike however many photos
            it has; or a weight for each category.

    Raises:
        ConfigError: values that cannot be used, or not with this loss.
    """

    def __init__(
        self,
        loss: Loss,
        name: str,
        categories: int,
        *,
        label_smoothing: float = 0.0,
        class_weights: str | Sequence[float] = "none",
    ) -> None:
        if not 0 <= label_smoothing < 1:
            raise ConfigError(
                f"loss.label_smoothing={label_smoothing}: expected 0 or more and less than 1"
            )
        if label_smoothing and not loss.takes_soft_targets:
            raise ConfigError(
                f"loss.label_smoothing={label_smoothing} with loss={name}, which takes whole "
                "labels alone: use bce or cross_entropy, or set loss.label_smoothing=0"
            )
        if isinstance(class_weights, str) and class_weights not in CLASS_WEIGHTS:
            raise ConfigError(
                f"loss.class_weights={class_weights}: {nearest(class_weights, CLASS_WEIGHTS)}; "
                "or a list of one weight a category"
            )
        self._loss, self._smoothing = loss, label_smoothing
        self._balanced = class_weights == "balanced"
        self._weights: Tensor | None = None
        if not isinstance(class_weights, str):
            if len(class_weights) != categories or min(class_weights) < 0:
                raise ConfigError(
                    f"loss.class_weights={list(class_weights)}: expected a weight of 0 or more for "
                    f"each of the {categories} categories"
                )
            self._weights = torch.tensor(list(class_weights), dtype=torch.float32)

    @property
    def needs_counts(self) -> bool:
        """Whether `count` must be called before the first batch."""
        return self._balanced and self._weights is None

    def count(self, counts: Sequence[int]) -> None:
        """Balances the categories.

        Args:
            counts: training photos of each.
        """
        numbers = torch.tensor(list(counts), dtype=torch.float64)
        # So that the mean weight of a training photo is 1, and the rate need not change.
        weights = numbers.sum() / (len(numbers) * numbers.clamp(min=1))
        self._weights = weights.float()

    def __call__(self, logits: Tensor, shares: Tensor) -> Tensor:
        """The mean loss of a batch, a scalar.

        Args:
            logits: (batch, categories).
            shares: (batch, categories) of each category in the truth.
        """
        weights = 1.0 if self._weights is None else shares @ self._weights.to(shares)
        if self._smoothing:
            even = shares.sum(dim=1, keepdim=True) / shares.shape[1]
            shares = shares * (1 - self._smoothing) + even * self._smoothing
        return (weights * self._loss.each(logits, shares)).mean()
