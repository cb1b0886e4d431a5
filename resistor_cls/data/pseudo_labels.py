"""Pseudo-labelled photos: unlabelled photos that train with the confident labels of a model."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from resistor_cls.categories import Categories
from resistor_cls.data.images.cache import PhotoCache, open_cache
from resistor_cls.data.images.preprocessed import ImagePreprocessing
from resistor_cls.data.sources.photo_set import PhotoSet
from resistor_cls.errors import DataError

COLUMNS = ("photo", "category", "confidence", "used", "reason")
NO_TABLE = pd.DataFrame(columns=list(COLUMNS))  # where nothing is pseudo-labelled
_AMONG = {"train": "training", "validation": "validation", "test": "test", "dropped": "dropped"}


@dataclass(frozen=True)
class PseudoLabels:
    """Predictions of a model for unlabelled photos.

    Attributes:
        root: the folder that `names` are relative to.
        names: file names of the photos with a confident prediction.
        labels: category name of each.
        confidences: probability of each label.
        count: how many photos were predicted, unconfident ones among them.
        threshold: the minimum confidence.
    """

    root: Path
    names: tuple[str, ...]
    labels: tuple[str, ...]
    confidences: tuple[float, ...]
    count: int
    threshold: float

    def photo_set(self, categories: Categories) -> PhotoSet:
        """The photos with their labels.

        Raises:
            DataError: a label that is none of the categories.
        """
        unexpected = next((label for label in self.labels if label not in categories.names), None)
        if unexpected is not None:
            raise DataError(
                f"pseudo.teacher predicts {unexpected!r}, which is not one of the {len(categories)}"
                " categories of the photos: choose a teacher of the same categories"
            )
        targets = tuple(categories.index(label) for label in self.labels)
        return PhotoSet(Path(self.root), tuple(self.names), targets, categories)

    def open(
        self, categories: Categories, preprocess: ImagePreprocessing, folder: Path
    ) -> PhotoCache:
        """Decodes and preprocesses the photos if they are not cached.

        Args:
            categories: the label space.
            preprocess: what is done to each photo.
            folder: of everything that is cached.

        Raises:
            DataError: see `photo_set` and `resistor_cls.data.images.cache.open_cache`.
        """
        return open_cache(self.photo_set(categories), preprocess, folder)


@dataclass(frozen=True)
class PseudoPhotos:
    """Pseudo-labelled photos that can be read.

    Attributes:
        photos: (readable, rows, columns, channels) uint8, memory-mapped.
        targets: (readable,) class index of each.
        used: positions of those that train.
        pixel_hashes: of those that train, sorted.
        table: a row per pseudo-labelled photo: `photo`, `category`, `confidence`, `used` and the
            `reason` where it is not.
    """

    photos: np.ndarray
    targets: np.ndarray
    used: np.ndarray
    pixel_hashes: tuple[str, ...]
    table: pd.DataFrame

    def counts(self, categories: int) -> np.ndarray:
        """(categories,) int, how many photos train each category."""
        return np.bincount(self.targets[self.used], minlength=categories)


def pseudo_photos(
    labels: PseudoLabels,
    categories: Categories,
    preprocess: ImagePreprocessing,
    folder: Path,
    role_of: Mapping[str, str],
) -> PseudoPhotos:
    """Chooses the photos that train.

    Photos that cannot be read are left out, and so are pictures that are among the labelled photos:
    a validation or test photo must not train, one that was dropped was dropped for a reason, and
    one that trains has a label already.

    Args:
        labels: predictions of a model.
        categories: the label space.
        preprocess: what is done to each photo.
        folder: of everything that is cached.
        role_of: pixel hash of each labelled photo → its role.

    Raises:
        DataError: see `PseudoLabels.open`.
    """
    cache = labels.open(categories, preprocess, folder)
    reasons = [cache.unreadable.get(name, "") for name in labels.names]
    for index, pixel_hash in zip(cache.readable, cache.pixel_hashes, strict=True):
        if pixel_hash in role_of:
            reasons[index] = f"the same picture is among the {_AMONG[role_of[pixel_hash]]} photos"
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
    hashes = tuple(sorted({cache.pixel_hashes[place] for place in used}))
    return PseudoPhotos(cache.photos, targets, np.array(used, dtype=int), hashes, table)
