"""Generalised-mean pooling, which timm does not have."""

import torch
from timm.layers import SelectAdaptivePool2d
from torch import Tensor, nn

from resistor_cls.errors import ConfigError


class GeM(nn.Module):
    """Generalised mean over a map: between the average (power 1) and the maximum (infinite power).

    The power is learned. Source: Radenović et al. 2019, "Fine-tuning CNN Image Retrieval with No
    Human Annotation", eq. 4, whose first power is 3.

    Args:
        flatten: give (batch, channels) instead of maps of one place.
        last_axis: whether channels are the last axis.
    """

    MINIMUM = 1e-6  # of features: roots of negative means do not exist

    def __init__(self, flatten: bool, last_axis: bool = False) -> None:
        super().__init__()
        self.power = nn.Parameter(torch.tensor(3.0))
        self._flatten = flatten
        self._places = (1, 2) if last_axis else (2, 3)

    def forward(self, maps: Tensor) -> Tensor:
        """Pools (batch, channels, rows, columns) maps."""
        # Powers of half-precision numbers overflow.
        raised = maps.float().clamp(min=self.MINIMUM).pow(self.power.float())
        pooled = raised.mean(self._places, keepdim=not self._flatten).pow(1 / self.power.float())
        return pooled.to(maps.dtype)


def use_gem(net: nn.Module, name: str) -> None:
    """Replaces the pool of a network by `GeM`.

    Args:
        net: a net of timm, changed in place.
        name: of it, for the message.

    Raises:
        ConfigError: a net that pools in another way.
    """
    pools = [
        (parent, child, pool)
        for parent in net.modules()
        for child, pool in parent.named_children()
        if isinstance(pool, SelectAdaptivePool2d) and not pool.is_identity()
    ]
    if len(pools) != 1:
        raise ConfigError(
            f"model.pool=gem with model.backbone={name}, which has no single pool of maps: "
            "set model.pool=avg, or take a convolutional net"
        )
    ((parent, child, pool),) = pools
    last_axis = getattr(pool.pool, "dim", None) == (1, 2)
    setattr(parent, child, GeM(_flattens(pool), last_axis))


def _flattens(pool: SelectAdaptivePool2d) -> bool:
    with torch.no_grad():
        pooled: Tensor = pool(torch.zeros(1, 2, 2, 2))
    return pooled.dim() == 2
