"""Copies of one picture that a split sets apart: scores on them flatter."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from resistor_cls.data.images.metadata import ImageMetadata
from resistor_cls.data.sources.sources import PhotoSet
from resistor_cls.data.splits.near_duplicates import exact_duplicates

SCORED = ("validation", "test")


def copies_across(
    photo_set: PhotoSet, metadata: Sequence[ImageMetadata], role_of: np.ndarray
) -> pd.DataFrame:
    """Photos that are the same picture, by their pixels, in several of training, validation, test.

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


def copies_of_training(copies: pd.DataFrame) -> dict[str, list[str]]:
    """Photos that are scored although their picture trains.

    Args:
        copies: as from `copies_across`.

    Returns:
        `validation` and `test` → names of the photos; roles without any are left out.
    """
    train = set(copies.loc[copies["role"] == "train", "copy"])
    flattered = copies[copies["copy"].isin(train)]
    found = {role: flattered.loc[flattered["role"] == role, "photo"].tolist() for role in SCORED}
    return {role: names for role, names in found.items() if names}
