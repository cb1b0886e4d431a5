"""Custom losses: a function or class that is named by an import path.

A network that predicts needs the activation that belongs to its loss, and not the loss. Therefore a
checkpoint keeps the name of the loss and of its activation, and none of its code is imported again.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from resistor_cls.custom_code import reason
from resistor_cls.errors import ConfigError
from resistor_cls.model.activations import activation_name
from resistor_cls.model.training.losses import Loss

CustomLoss = Callable[[Tensor, Tensor], Tensor]


class CheckedLoss(NamedTuple):
    """A custom loss that works.

    Attributes:
        loss: what is computed.
        settings: plain values that are saved with the network: `loss`, its name, and `activation`.
    """

    loss: Loss
    settings: Mapping[str, str]


def checked_loss(loss: CustomLoss) -> CheckedLoss:
    """Tries a custom loss.

    Args:
        loss: a function of logits (batch, categories) and of soft targets (batch, categories),
            which returns the loss of each photo (batch,). Its attributes are read where it has
            them: `activation`, `softmax` (the default) or `sigmoid`, and `takes_soft_targets`,
            false by default.

    Raises:
        ConfigError: a function that does something else.
    """
    kind = loss if hasattr(loss, "__qualname__") else type(loss)
    name = f"{kind.__module__}.{kind.__qualname__}"
    activation = activation_name(name, getattr(loss, "activation", "softmax"))
    if isinstance(loss, nn.Module) and next(loss.parameters(), None) is not None:
        raise ConfigError(
            f"loss {name} has parameters, which no optimizer changes: make them layers of a "
            "backbone, or buffers"
        )
    _try(loss, name)
    made = Loss(
        loss,
        takes_soft_targets=bool(getattr(loss, "takes_soft_targets", False)),
        multi_label=activation == "sigmoid",
    )
    return CheckedLoss(made, {"loss": name, "activation": activation})


def _try(loss: Any, name: str) -> None:
    """Computes a loss of two photos of three categories."""
    logits = torch.zeros(2, 3, device="cpu", requires_grad=True)
    try:
        found = loss(logits, torch.eye(3, device="cpu")[:2])
    except Exception as error:  # whatever the code of a user raises
        raise ConfigError(
            f"loss {name} fails for logits (2, 3) and soft targets (2, 3): {reason(error)}"
        ) from error
    shape = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
    if shape != (2,) or not bool(found.isfinite().all()) or not found.requires_grad:
        raise ConfigError(
            f"loss {name} makes {shape} of logits (2, 3): expected (2,), a finite loss for each "
            "photo that depends on the logits"
        )
