"""Losses of single photos, and the mean loss that a training minimizes."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, one_hot
from torchvision.ops import sigmoid_focal_loss

from resistor_cls.errors import ConfigError, nearest
from resistor_cls.model.activations import ACTIVATION_OF_LOSS

# Ways to weigh categories; a sequence of one weight a category is another.
CLASS_WEIGHTS = ("none", "balanced")


class Loss(NamedTuple):
    """A loss and what it accepts.

    Attributes:
        each: (logits (batch, categories), soft targets (batch, categories)) → (batch,) loss of each
            photo; soft targets are the weight of each category in the truth, and add up to 1 for
            most losses.
        takes_soft_targets: whether soft targets between 0 and 1 have a meaning: whether the loss is
            least where the probabilities equal them.
        multi_label: whether each category is a separate yes-or-no output; several may be true.
    """

    each: Callable[[Tensor, Tensor], Tensor]
    takes_soft_targets: bool = True
    multi_label: bool = False

    def plain(self, logits: Tensor, targets: Tensor) -> Tensor:
        """(batch,) loss of each photo for class indices (batch,), as validation reports it."""
        return self.each(logits, one_hot(targets, logits.shape[1]).to(logits))


def _bce(logits: Tensor, soft_targets: Tensor) -> Tensor:
    """Each category as a separate yes-or-no output, as in H2O Hydrogen Torch."""
    return binary_cross_entropy_with_logits(logits, soft_targets, reduction="none").mean(dim=1)


def _focal(logits: Tensor, soft_targets: Tensor, gamma: float) -> Tensor:
    """`bce` in which photos that are predicted well count less (Lin et al. 2017, eq. 4)."""
    # alpha < 0 weighs yes and no alike: class weights are a setting of their own.
    each: Tensor = sigmoid_focal_loss(logits, soft_targets, alpha=-1, gamma=gamma)
    return each.mean(dim=1)


LOSSES = tuple(ACTIVATION_OF_LOSS)
# Activation → the built-in loss that is least where the probabilities are right.
STAND_INS = {"softmax": "cross_entropy", "sigmoid": "bce"}


def loss_named(name: str, focal_gamma: float = 2.0) -> Loss:
    """The loss of a name.

    Args:
        name: one of `LOSSES`.
        focal_gamma: how much less `focal` counts photos that are predicted well; 0 is `bce`.

    Raises:
        ConfigError: there is none, or a negative `focal_gamma`.
    """
    if name not in LOSSES:
        raise ConfigError(f"loss={name}: no such loss; {nearest(name, LOSSES)}")
    if focal_gamma < 0:
        raise ConfigError(f"loss.focal_gamma={focal_gamma}: expected 0 or more")
    return {
        "bce": Loss(_bce, multi_label=True),
        "cross_entropy": Loss(partial(cross_entropy, reduction="none")),
        "focal": Loss(partial(_focal, gamma=focal_gamma), takes_soft_targets=False),
    }[name]


def loss_of(settings: Mapping[str, Any]) -> Loss:
    """The loss that a network's settings name.

    Args:
        settings: `loss`, `focal_gamma`, and `activation` of a custom loss, which is in no file:
            `stand_in_of` takes its place.
    """
    return loss_named(stand_in_of(settings) or settings["loss"], settings["focal_gamma"])


def stand_in_of(settings: Mapping[str, Any]) -> str:
    """The built-in loss that is computed instead of a custom one; empty where there is none.

    Args:
        settings: see `loss_of`.
    """
    return STAND_INS.get(settings.get("activation", ""), "")


class TrainingLoss:
    """What a training minimizes: the mean loss, with smoothed labels and weighted categories.

    Args:
        loss: of an item.
        name: of the loss.
        categories: how many there are.
        label_smoothing: share of the truth that is spread over all categories (Szegedy et al.
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
        """Balances the categories."""
        numbers = torch.tensor(list(counts), dtype=torch.float64)
        # So that the mean weight of a training photo is 1, and the rate need not change.
        weights = numbers.sum() / (len(numbers) * numbers.clamp(min=1))
        self._weights = weights.float()

    def __call__(self, logits: Tensor, soft_targets: Tensor) -> Tensor:
        """The mean loss of a batch, a scalar.

        Args:
            logits: (batch, categories).
            soft_targets: (batch, categories) of each category in the truth.
        """
        weights = 1.0 if self._weights is None else soft_targets @ self._weights.to(soft_targets)
        if self._smoothing:
            even = soft_targets.sum(dim=1, keepdim=True) / soft_targets.shape[1]
            soft_targets = soft_targets * (1 - self._smoothing) + even * self._smoothing
        return (weights * self._loss.each(logits, soft_targets)).mean()
