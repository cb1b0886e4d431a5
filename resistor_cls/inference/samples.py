"""Sample inputs of a model: training photos as figures, and a synthetic photo."""

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from resistor_cls.categories import parse_name
from resistor_cls.data.images.decode import as_rgb
from resistor_cls.evaluation.figures import augmentation_figure, gallery_figure
from resistor_cls.evaluation.results import Results
from resistor_cls.synthetic import draw, sample_scene

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from resistor_cls.data import PhotoDataModule

AUGMENTED = 6  # photos of the augmentation sheet
DRAWS = 5  # of each
EXAMPLE_SIZE = 128  # pixels: as JSON, a photo of 700 pixels would take 5 MB


def input_example(channels: int) -> np.ndarray:
    """One synthetic photo; one of the data set could show something private.

    Returns:
        (1, height, width, channels) uint8; three channels are RGB, others repeat the green one.
    """
    scene = sample_scene(parse_name("4K7_1-4W"), np.random.default_rng(0))
    photo = draw(scene, EXAMPLE_SIZE).photo
    if channels != photo.shape[2]:
        photo = np.repeat(photo[..., 1:2], channels, axis=2)
    return photo[np.newaxis]


def sample_figures(data: "PhotoDataModule", count: int) -> Results:
    """Figures of the training photos: as the model gets them, and what augmentation changes.

    Args:
        data: the photos.
        count: training photos, at most.
    """
    figures = {"train_samples": train_samples(data, count)}
    # Only photos of the photo set have their original in the cache, to compare with.
    if data.online_generator is None and data.shards is None:
        figures["augmentation"] = augmentation_sheet(data)
    return Results(figures=figures)


def train_samples(data: "PhotoDataModule", count: int) -> "Figure":
    """Training photos as the model gets them: augmented, and mixed where batches are.

    Args:
        data: the photos.
        count: how many, at most.
    """
    samples = data.train_dataset
    # Samples must not change the random numbers of the training.
    with torch.random.fork_rng(devices=[]):
        items = [samples[int(number)] for number in _chosen(data, count)]
        batch = {key: torch.stack([item[key] for item in items]) for key in ("photos", "targets")}
        if data.mix is not None:
            batch = data.mix(batch, len(data.categories))
    names = [*data.categories.names, "none of them"]  # a target of -1 is the last
    if data.mix is None:
        captions = [names[target] for target in batch["targets"].tolist()]
    else:
        captions = [_largest(targets, names) for targets in batch["soft_targets"]]
    photos = [_shown(photo) for photo in batch["photos"]]
    mixed = "" if data.mix is None else " and mixed"
    return gallery_figure(photos, captions, title=f"Training photos, augmented{mixed}")


def augmentation_sheet(data: "PhotoDataModule") -> "Figure":
    """Training photos as they are, each beside some augmented versions of it."""
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


def _chosen(data: "PhotoDataModule", count: int) -> np.ndarray:
    """Numbers of training items, the same every time."""
    return np.random.default_rng(0).permutation(data.train_length)[:count]


def _shown(photo: Tensor) -> np.ndarray:
    """A photo of a batch for people: (rows, columns, 3) uint8 RGB."""
    return as_rgb(photo.round().byte().permute(1, 2, 0).numpy())


def _largest(targets: Tensor, names: list[str]) -> str:
    """The two categories with the largest soft targets of a photo."""
    values, indices = targets.topk(min(2, len(targets)))
    return "\n".join(
        f"{names[index]} {value:.0%}"
        for value, index in zip(values.tolist(), indices.tolist(), strict=True)
        if value > 0
    )
