"""The photos of a run as data sets of MLflow."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from resistor_cls.data import PhotoDataModule
from resistor_cls.data.images.cache import fingerprint
from resistor_cls.tracking.run.names import photos_name


@dataclass(frozen=True)
class DataSet:
    """Some labelled photos.

    Attributes:
        name: of their source, such as `folder my_photos`.
        digest: identifies them by content and label, whatever their order, names or place.
        folder: where they lie.
        photos: how many they are.
        categories: how many of the categories they show.
    """

    name: str
    digest: str
    folder: str
    photos: int
    categories: int

    def values(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


def name_of(data: PhotoDataModule) -> str:
    """Names the source of the photos; see `photos_name`."""
    settings = data.settings
    return photos_name(settings["source"], settings.get("root"), settings.get("table"))


def data_set(data: PhotoDataModule, indices: np.ndarray) -> DataSet:
    """Some of the photos (after `setup`).

    Args:
        data: the photos.
        indices: positions in `photo_set`.
    """
    every = data.photo_set.labels
    labels = tuple(every[index] for index in indices)
    contents = tuple(data.metadata[index].content for index in indices)
    return DataSet(
        name=name_of(data),
        digest=fingerprint(contents, labels),
        folder=str(data.photo_set.root.absolute()),
        photos=len(indices),
        categories=len(set(labels)),
    )


def training_sets(data: PhotoDataModule) -> Mapping[str, DataSet]:
    """What each part of the photos does in a training → these photos; without empty parts."""
    parts = {
        "training": data.train_indices,
        "validation": data.validation_indices,
        "test": np.flatnonzero(data.split.role_of == "test"),
    }
    return {use: data_set(data, indices) for use, indices in parts.items() if len(indices)}
