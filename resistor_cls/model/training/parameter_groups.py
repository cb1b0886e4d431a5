"""Parameter groups: the learning-rate scale of each layer, and layers that are frozen at first."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from timm.optim import param_groups_layer_decay
from torch import nn
from torch.nn import Parameter
from torch.optim import Optimizer

from resistor_cls.errors import ConfigError


def check_layers(
    net: nn.Module, layer_lr: Mapping[str, float], layer_decay: float | None, freeze_epochs: int
) -> None:
    """Checks before any training what only a training would find out.

    Args:
        net: whose layers are spoken of.
        layer_lr: see `parameter_groups`.
        layer_decay: see `parameter_groups`.
        freeze_epochs: epochs in which only the head learns.

    Raises:
        ConfigError: values that cannot be used; a pattern that no layer has.
    """
    if layer_decay is not None and not 0 < layer_decay <= 1:
        raise ConfigError(
            f"model.layer_decay={layer_decay}: expected more than 0 and at most 1, or null"
        )
    if freeze_epochs < 0:
        raise ConfigError(f"model.freeze_epochs={freeze_epochs}: expected 0 or more")
    names = [name for name, _ in net.named_parameters()]
    for pattern, factor in layer_lr.items():
        if not isinstance(factor, int | float) or factor < 0:
            raise ConfigError(f"model.layer_lr.{pattern}={factor}: expected 0 or more")
        try:
            found = any(re.search(pattern, name) for name in names)
        except re.error as error:
            raise ConfigError(f"model.layer_lr: {pattern!r} is not a pattern: {error}") from error
        if not found:
            layers = ", ".join(dict.fromkeys(name.split(".")[0] for name in names))
            raise ConfigError(f"model.layer_lr: no layer is named like {pattern!r}; {layers}")


def parameter_groups(
    parameters: Iterable[tuple[str, Parameter]],
    net: nn.Module,
    layer_lr: Mapping[str, float],
    layer_decay: float | None,
) -> list[tuple[float, list[Parameter]]]:
    """Parameters by the factor of the learning rate that they learn with.

    Args:
        parameters: names within the net, and those beside it under any other name.
        net: a net of timm, which knows the order of its layers.
        layer_lr: pattern (a regular expression that is searched for in names) → factor; of
            patterns that fit, the last counts. 0 keeps a layer as it is.
        layer_decay: factor by which each layer learns slower than the one behind it (Bao et al.
            2022, BEiT, appendix); None for none.

    Returns:
        (factor, parameters), the largest factor first; a single group where nothing is asked for.
    """
    decayed: dict[int, float] = {}
    if layer_decay is not None:
        groups = param_groups_layer_decay(net, layer_decay=layer_decay)
        decayed = {id(one): group["lr_scale"] for group in groups for one in group["params"]}
    found: dict[float, list[Parameter]] = {}
    for name, parameter in parameters:
        factor = decayed.get(id(parameter), 1.0)
        for pattern, scale in layer_lr.items():
            if re.search(pattern, name):
                factor = decayed.get(id(parameter), 1.0) * scale
        found.setdefault(factor, []).append(parameter)
    return sorted(found.items(), key=lambda group: -group[0])


def scale_learning_rates(optimizer: Optimizer, factors: Iterable[float]) -> None:
    """Multiplies the learning rate of each group, before a schedule takes note of it."""
    for group, factor in zip(optimizer.param_groups, factors, strict=True):
        group["lr"] *= factor


def freeze(net: Any, frozen: bool) -> None:
    """Lets only the head of a net learn, or all of it again.

    What is frozen keeps its statistics too, and drops nothing.

    Args:
        net: a net of timm, in training mode.
        frozen: whether it shall be.
    """
    head = net.get_classifier()
    own = {id(parameter) for parameter in head.parameters()}
    for parameter in net.parameters():
        parameter.requires_grad_(not frozen or id(parameter) in own)
    for module in net.modules():
        module.train(not frozen)
    head.train()
