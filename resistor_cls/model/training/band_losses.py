"""The loss of what a band reader reads of synthetic crops."""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from resistor_cls.model.band_reader import Reading

# Weights of the parts of the loss. The bands decide on the value; the columns only teach the trunk
# where bands are, which it learns ten times as fast by them; direction and power rating are easy.
_WEIGHTS = {"bands": 2.0, "columns": 1.0, "direction": 0.5, "watts": 0.2}


def band_losses(reading: Reading, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Cross-entropies of a batch, each a mean.

    Args:
        reading: of the crops.
        batch: what they show, see `resistor_cls.model.training.online_crops.SyntheticCrops`.
    """
    return {
        "bands": cross_entropy(reading.slots.transpose(1, 2), batch["bands"]),
        "columns": cross_entropy(reading.columns.transpose(1, 2), batch["columns"]),
        "direction": cross_entropy(reading.direction, batch["direction"]),
        "watts": cross_entropy(reading.watts, batch["watts"]),
    }


def total_band_loss(losses: Mapping[str, Tensor]) -> Tensor:
    """The weighted sum of `band_losses`."""
    return torch.stack([_WEIGHTS[name] * value for name, value in losses.items()]).sum()
