"""The activations that turn logits into probabilities, each with the losses that need it."""

from collections.abc import Callable

from torch import Tensor

from resistor_cls.errors import ConfigError, nearest


def _softmax(logits: Tensor) -> Tensor:
    return logits.softmax(dim=1)


ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "sigmoid": Tensor.sigmoid,
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
