"""What a backbone makes of photos before it names a category, and how exactly."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor


def logits_and_features(
    backbone: Any, photos: Tensor, training: bool = False
) -> tuple[Tensor, Tensor | None]:
    """The logits of photos and the pooled features that they are made of.

    Args:
        backbone: the net.
        photos: (batch, channels, rows, columns) as the net takes them.
        training: whether the net learns, and nobody asks for features.

    Returns:
        (batch, categories) and (batch, features); None instead of features in training, and of
        a custom network.
    """
    # The methods of a custom network need not do what it does as a whole.
    ours = type(backbone).__module__.startswith(("timm.", "resistor_cls."))
    if training or not ours:
        return backbone(photos), None
    maps = backbone.forward_features(photos)
    features = backbone.forward_head(maps, pre_logits=True)
    return backbone.forward_head(maps), features.flatten(1)


@contextmanager
def full_precision(device: torch.device) -> Iterator[None]:
    """Convolutions and products of a GPU in float32, and not in the TF32 that is its default."""
    if device.type != "cuda":
        yield
        return
    places: tuple[Any, ...] = (torch.backends.cudnn, torch.backends.cuda.matmul)
    before = [place.allow_tf32 for place in places]
    for place in places:
        place.allow_tf32 = False
    try:
        yield
    finally:
        for place, was in zip(places, before, strict=True):
            place.allow_tf32 = was
