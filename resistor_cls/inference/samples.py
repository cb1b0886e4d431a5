"""What a model is going to see: training photos as figures."""

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from resistor_cls.data import PhotoDataModule
from resistor_cls.data.images.decode import as_rgb
from resistor_cls.evaluation import augmentation_figure, gallery_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

AUGMENTED = 6  # photos of the sheet of augmentation
DRAWS = 5  # of each


def train_samples(data: PhotoDataModule, count: int) -> "Figure":
    """Training photos as the model sees them: augmented, and mixed where batches are.

    Args:
        data: the photos.
        count: how many, at most.
    """
    samples = data.train_dataset
    # The drawing of samples must not shift the random numbers of the training.
    with torch.random.fork_rng(devices=[]):
        items = [samples[int(number)] for number in _chosen(data, count)]
        batch = {key: torch.stack([item[key] for item in items]) for key in ("photos", "targets")}
        if data.mix is not None:
            batch = data.mix(batch, len(data.categories))
    names = [*data.categories.names, "none of them"]  # a target of -1 is the last
    if data.mix is None:
        captions = [names[target] for target in batch["targets"].tolist()]
    else:
        captions = [_shares(shares, names) for shares in batch["soft_targets"]]
    photos = [_shown(photo) for photo in batch["photos"]]
    mixed = "" if data.mix is None else " and mixed"
    return gallery_figure(photos, captions, title=f"Training photos, augmented{mixed}")


def augmentation_sheet(data: PhotoDataModule) -> "Figure":
    """Training photos as they are, each beside some draws of what augmentation makes of it."""
    samples, rows, captions = data.train_dataset, [], []
    with torch.random.fork_rng(devices=[]):
        for number in _chosen(data, data.train_length).tolist():
            draws = [samples[number] for _ in range(DRAWS)]
            index = int(draws[0]["indices"])
            if index < 0:  # pseudo-labelled: it is not among the photos of the data set
                continue
            rows.append([as_rgb(data.photo(index)), *(_shown(draw["photos"]) for draw in draws)])
            captions.append(data.categories.names[int(draws[0]["targets"])])
            if len(rows) == AUGMENTED:
                break
    return augmentation_figure(rows, captions, "Training photos as they are, and as they train")


def _chosen(data: PhotoDataModule, count: int) -> np.ndarray:
    """Numbers of training items, the same every time."""
    return np.random.default_rng(0).permutation(data.train_length)[:count]


def _shown(photo: Tensor) -> np.ndarray:
    """A photo of a batch for people: (rows, columns, 3) uint8 RGB."""
    return as_rgb(photo.round().byte().permute(1, 2, 0).numpy())


def _shares(shares: Tensor, names: list[str]) -> str:
    """The two categories with the largest shares in a photo."""
    values, indices = shares.topk(min(2, len(shares)))
    return "\n".join(
        f"{names[index]} {value:.0%}"
        for value, index in zip(values.tolist(), indices.tolist(), strict=True)
        if value > 0
    )
