"""Overlap between training photos and those that are evaluated: such scores are too high."""

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from resistor_cls.data.images.metadata import ImageMetadata
from resistor_cls.data.sources.photo_set import PhotoSet
from resistor_cls.data.splits.near_duplicates import exact_duplicates

SCORED = ("validation", "test")


def overlap_table(
    photo_set: PhotoSet, metadata: Sequence[ImageMetadata], role_of: np.ndarray
) -> pd.DataFrame:
    """Lists photos that are the same picture, by their pixels, and have several roles.

    Args:
        photo_set: the photos.
        metadata: of the photos.
        role_of: (photos,) `train`, `validation`, `test` or `dropped`.

    Returns:
        A row per photo of such a picture: `copy` (number of the picture), `photo`, `category` and
        `role`. Dropped photos are left out.
    """
    rows = []
    pictures = 0
    for group in exact_duplicates(metadata):
        members = [index for index in group if role_of[index] in ("train", *SCORED)]
        if len({role_of[index] for index in members}) < 2:
            continue
        rows += [
            (pictures, photo_set.names[index], photo_set.labels[index], role_of[index])
            for index in members
        ]
        pictures += 1
    return pd.DataFrame(rows, columns=["copy", "photo", "category", "role"])


def overlap_with_training(overlap: pd.DataFrame) -> dict[str, list[str]]:
    """Photos that are evaluated although their picture trains.

    Args:
        overlap: as from `overlap_table`.

    Returns:
        `validation` and `test` → names of the photos; roles without any are left out.
    """
    train = set(overlap.loc[overlap["role"] == "train", "copy"])
    trained = overlap[overlap["copy"].isin(train)]
    found = {role: trained.loc[trained["role"] == role, "photo"].tolist() for role in SCORED}
    return {role: names for role, names in found.items() if names}


def count_overlap(
    metadata: Sequence[ImageMetadata], indices: np.ndarray, trained_on: Collection[str]
) -> int:
    """Counts photos whose picture a model was trained on.

    Args:
        metadata: of all photos.
        indices: positions of the photos to look at.
        trained_on: `ImageMetadata.pixel_hash` of the training photos.
    """
    trained = set(trained_on)
    return sum(metadata[index].pixel_hash in trained for index in indices)
