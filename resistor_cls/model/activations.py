"""The activations that turn logits into probabilities, each with the losses that need it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from resistor_cls.errors import ConfigError, nearest

if TYPE_CHECKING:
    from torch import Tensor

ACTIVATIONS: "dict[str, Callable[[Tensor], Tensor]]" = {
    "sigmoid": lambda logits: logits.sigmoid(),
    "softmax": lambda logits: logits.softmax(dim=1),
}


def _softmax(logits: NDArray[Any]) -> NDArray[Any]:
    exponentials: NDArray[Any] = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: NDArray[Any] = exponentials / exponentials.sum(axis=1, keepdims=True)
    return shares


def _sigmoid(logits: NDArray[Any]) -> NDArray[Any]:
    with np.errstate(over="ignore"):  # far below 0 the exponential is infinite, and the result 0
        shares: NDArray[Any] = 1 / (1 + np.exp(-logits))
    return shares


# The same for arrays (batch, categories).
ARRAY_ACTIVATIONS: dict[str, Callable[[NDArray[Any]], NDArray[Any]]] = {
    "sigmoid": _sigmoid,
    "softmax": _softmax,
}
ACTIVATION_OF_LOSS = {"bce": "sigmoid", "cross_entropy": "softmax", "focal": "sigmoid"}


def activation_name(loss: str, activation: str | None = None) -> str:
    """The activation that belongs to a loss.

    Args:
        loss: the name of a loss.
        activation: of a custom loss, whose name does not tell it.

    Returns:
        A name in `ACTIVATIONS`.

    Raises:
        ConfigError: an unknown loss without an activation, an unknown activation, or one that is
            given beside a loss of `ACTIVATION_OF_LOSS`.
    """
    if activation is None:
        if loss not in ACTIVATION_OF_LOSS:
            raise ConfigError(f"loss={loss}: no such loss; {nearest(loss, ACTIVATION_OF_LOSS)}")
        return ACTIVATION_OF_LOSS[loss]
    if loss in ACTIVATION_OF_LOSS:
        raise ConfigError(
            f"loss={loss} with activation={activation}: this loss has its own activation"
        )
    if activation not in ACTIVATIONS:
        hint = nearest(str(activation), ACTIVATIONS)
        raise ConfigError(f"loss {loss} has the activation {activation!r}: {hint}")
    return activation
