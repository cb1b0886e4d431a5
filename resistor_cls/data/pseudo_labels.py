"""Photos without labels that train all the same, labelled by a model that was sure of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from resistor_cls.categories import Categories
from resistor_cls.data.images.cache import PhotoCache, open_cache
from resistor_cls.data.images.decode import ImagePreprocessing
from resistor_cls.data.sources.sources import PhotoSet
from resistor_cls.errors import DataError

COLUMNS = ("photo", "category", "confidence", "used", "reason")
NO_TABLE = pd.DataFrame(columns=list(COLUMNS))  # where nothing is pseudo-labelled
_AMONG = {"train": "training", "validation": "validation", "test": "test", "dropped": "dropped"}


@dataclass(frozen=True)
class PseudoLabels:
    """What a model said of photos that nobody has labelled.

    Attributes:
        root: the folder that `names` are relative to.
        names: file names of the photos that it was sure of.
        labels: category name of each.
        confidences: probability of each label.
        looked_at: how many photos it judged, those that it was not sure of among them.
        bar: the least confidence that counts as sure.
    """

    root: Path
    names: tuple[str, ...]
    labels: tuple[str, ...]
    confidences: tuple[float, ...]
    looked_at: int
    bar: float

    def photo_set(self, categories: Categories) -> PhotoSet:
        """The photos with their labels.

        Raises:
            DataError: a label that is none of the categories.
        """
        unknown = next((label for label in self.labels if label not in categories.names), None)
        if unknown is not None:
            raise DataError(
                f"pseudo.teacher names {unknown!r}, which is none of the {len(categories)} "
                "categories of the photos: choose a teacher of the same categories"
            )
        targets = tuple(categories.index(label) for label in self.labels)
        return PhotoSet(Path(self.root), tuple(self.names), targets, categories)

    def open(self, categories: Categories, prepare: ImagePreprocessing, folder: Path) -> PhotoCache:
        """Decodes and prepares the photos where they are not yet.

        Args:
            categories: the label space.
            prepare: the preparation.
            folder: of everything that is cached.

        Raises:
            DataError: see `photo_set` and `resistor_cls.data.images.cache.open_cache`.
        """
        return open_cache(self.photo_set(categories), prepare, folder)


@dataclass(frozen=True)
class PseudoPhotos:
    """Pseudo-labelled photos that can be read.

    Attributes:
        photos: (readable, rows, columns, channels) uint8, memory-mapped.
        targets: (readable,) class index of each.
        used: positions of those that train.
        pixels: `ImageMetadata.pixels` of those that train, sorted.
        table: a row per pseudo-labelled photo: `photo`, `category`, `confidence`, `used` and the
            `reason` where it is not.
    """

    photos: np.ndarray
    targets: np.ndarray
    used: np.ndarray
    pixels: tuple[str, ...]
    table: pd.DataFrame

    def counts(self, categories: int) -> np.ndarray:
        """(categories,) int, how many photos train each category."""
        return np.bincount(self.targets[self.used], minlength=categories)


def pseudo_photos(
    labels: PseudoLabels,
    categories: Categories,
    prepare: ImagePreprocessing,
    folder: Path,
    known: Mapping[str, str],
) -> PseudoPhotos:
    """Chooses the photos that train.

    Left out are those that cannot be read, and pictures that are among the labelled photos: a
    validation or test photo must not train, one that was dropped would spoil what it was dropped
    for, and one that trains has a label that somebody has given it.

    Args:
        labels: what a model said.
        categories: the label space.
        prepare: the preparation.
        folder: of everything that is cached.
        known: `ImageMetadata.pixels` of the labelled photos → the role of each.

    Raises:
        DataError: see `PseudoLabels.open`.
    """
    cache = labels.open(categories, prepare, folder)
    reasons = [cache.unreadable.get(name, "") for name in labels.names]
    for index, fact in zip(cache.readable, cache.metadata, strict=True):
        if fact.pixels in known:
            reasons[index] = f"the same picture is among the {_AMONG[known[fact.pixels]]} photos"
    used = [place for place, index in enumerate(cache.readable) if not reasons[index]]
    table = pd.DataFrame(
        {
            "photo": list(labels.names),
            "category": list(labels.labels),
            "confidence": list(labels.confidences),
            "used": [not reason for reason in reasons],
            "reason": reasons,
        }
    )
    targets = np.array([categories.index(labels.labels[i]) for i in cache.readable], dtype=np.int64)
    pixels = tuple(sorted({cache.metadata[place].pixels for place in used}))
    return PseudoPhotos(cache.photos, targets, np.array(used, dtype=int), pixels, table)
