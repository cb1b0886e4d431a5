import math

import pytest
import torch
from torch import Tensor

from resistor_cls.model.training.gather import gather
from resistor_cls.model.training.metrics import metric_collection

PHOTOS, BATCH = 21, 4


def outputs_of(indices: list[int], whole: dict[str, Tensor]) -> list[dict[str, Tensor]]:
    """What a process collects of its photos, a dictionary a batch."""
    batches = [indices[start : start + BATCH] for start in range(0, len(indices), BATCH)]
    return [{name: values[batch] for name, values in whole.items()} for batch in batches]


@pytest.mark.parametrize("processes", [1, 2, 3, 8])
def test_each_photo_counts_once_whatever_the_number_of_processes(processes: int) -> None:
    torch.manual_seed(0)
    whole = {
        "indices": torch.arange(PHOTOS),
        "targets": torch.randint(4, (PHOTOS,)),
        "probabilities": torch.rand(PHOTOS, 4).softmax(dim=1),
        "losses": torch.rand(PHOTOS),
    }
    # As PyTorch's sampler shares photos: the first ones twice, so that all have as many.
    each = math.ceil(PHOTOS / processes)
    padded = [index % PHOTOS for index in range(each * processes)]
    shares = [outputs_of(padded[rank::processes], whole) for rank in range(processes)]
    names = iter(list(whole))

    def all_gather(values: Tensor) -> Tensor:
        name = next(names)
        return torch.stack([torch.cat([batch[name] for batch in share]) for share in others])

    others = [[dict(batch) for batch in share] for share in shares]
    found = gather(shares[0], all_gather, processes)
    scores = metric_collection(4)
    for name, values in whole.items():
        assert torch.equal(found[name], values)
    one = scores(whole["probabilities"], whole["targets"])
    scores.reset()
    assert scores(found["probabilities"], found["targets"]) == one
