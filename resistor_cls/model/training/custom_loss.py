"""Losses of a user's own, and what stands for them in a model that is loaded.

A model that predicts needs the activation that belongs to its loss, and not the loss. Therefore a
checkpoint keeps the name of the loss and of its activation, and no code of it is imported again.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from resistor_cls.custom_code import reason
from resistor_cls.errors import ConfigError, nearest
from resistor_cls.model.training.losses import LOSSES, Loss, loss_named

# Activation → the loss of ours that is least where the probabilities are right.
ACTIVATIONS = {"softmax": "cross_entropy", "sigmoid": "bce"}

CustomLoss = Callable[[Tensor, Tensor], Tensor]


class ChosenLoss(NamedTuple):
    """A loss and what is said of it.

    Attributes:
        loss: what is computed.
        name: of the loss that trained, or is to train.
        settings: plain values that are saved with a model: `loss`, and `activation` where the name
            alone does not say it.
        stand_in: name of the loss of ours that is computed instead; empty where it is the loss
            itself.
    """

    loss: Loss
    name: str
    settings: Mapping[str, str]
    stand_in: str = ""


def chosen_loss(
    loss: str | CustomLoss, focal_gamma: float = 2.0, activation: str | None = None
) -> ChosenLoss:
    """The loss of a model.

    Args:
        loss: a name in `LOSSES`; or a function of logits (batch, categories) and of the share of
            each category in the truth (batch, categories), which returns the loss of each photo
            (batch,); or, of a model that is loaded, the name of such a function.
        focal_gamma: see `loss_named`.
        activation: of a model that is loaded, a name in `ACTIVATIONS`.

    Raises:
        ConfigError: there is no such loss, or a function that does something else.
    """
    if isinstance(loss, str) or not callable(loss):
        loss = str(loss)
        if activation is None:
            return ChosenLoss(loss_named(loss, focal_gamma), loss, {"loss": loss})
        if loss in LOSSES:
            raise ConfigError(
                f"loss={loss} with activation={activation}: a loss has one of its own"
            )
        stand_in = ACTIVATIONS[_checked(activation, loss)]
        saved = {"loss": loss, "activation": activation}
        return ChosenLoss(loss_named(stand_in), loss, saved, stand_in)
    kind = loss if hasattr(loss, "__qualname__") else type(loss)
    name = f"{kind.__module__}.{kind.__qualname__}"
    activation = _checked(getattr(loss, "activation", "softmax"), name)
    if isinstance(loss, nn.Module) and next(loss.parameters(), None) is not None:
        raise ConfigError(
            f"loss {name} has parameters, which no optimizer changes: make them layers of a "
            "backbone, or buffers"
        )
    ours = loss_named(ACTIVATIONS[activation])
    _try(loss, name)
    made = Loss(
        loss,
        ours.probabilities,
        takes_soft_targets=bool(getattr(loss, "takes_shares", False)),
        multi_label=ours.multi_label,
    )
    return ChosenLoss(made, name, {"loss": name, "activation": activation})


def _checked(activation: Any, name: str) -> str:
    if activation not in ACTIVATIONS:
        hint = nearest(str(activation), ACTIVATIONS)
        raise ConfigError(f"loss {name} has the activation {activation!r}: {hint}")
    return str(activation)


def _try(loss: Any, name: str) -> None:
    """Computes a loss of two photos of three categories."""
    logits = torch.zeros(2, 3, device="cpu", requires_grad=True)
    try:
        found = loss(logits, torch.eye(3, device="cpu")[:2])
    except Exception as error:  # whatever the code of a user raises
        raise ConfigError(
            f"loss {name} fails for logits (2, 3) and the shares of the truth (2, 3): "
            f"{reason(error)}"
        ) from error
    shape = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
    if shape != (2,) or not bool(found.isfinite().all()) or not found.requires_grad:
        raise ConfigError(
            f"loss {name} makes {shape} of logits (2, 3): expected (2,), a finite loss for each "
            "photo that depends on the logits"
        )
