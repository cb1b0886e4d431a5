"""Photos that are judged by a model of other categories."""

from collections.abc import Collection

import numpy as np

from resistor_cls.categories import Categories, check_labels
from resistor_cls.data.dataset import UNKNOWN
from resistor_cls.data.sources.sources import PhotoSet
from resistor_cls.errors import DataError


def aligned_targets(
    photo_set: PhotoSet, categories: Categories, allow: Collection[str] = ()
) -> np.ndarray:
    """Counts targets as a model does.

    Args:
        photo_set: the photos.
        categories: the model's.
        allow: `subset` if the photos may lack categories of the model; `unknown` if they may have
            others.

    Returns:
        (photos,) class indices of the model, `UNKNOWN` where a photo is of none of its categories.

    Raises:
        DataError: the categories differ otherwise; the first difference is named. Names that only
            look like the model's are never allowed.
    """
    own = photo_set.categories.names
    missing, further = set(categories.names) - set(own), set(own) - set(categories.names)
    check_labels(missing | further, f"the labels of the model and of {photo_set.root}")
    allowed = ("subset" in allow or not missing) and ("unknown" in allow or not further)
    if not (allowed and allow):
        remedy = " and ".join(
            [
                f"--allow {word}"
                for word, found in (("subset", missing), ("unknown", further))
                if found
            ]
        )
        try:
            categories.require(own, f"the photos in {photo_set.root}")
        except DataError as error:
            raise DataError(
                f"{error}; {remedy} judges them all the same" if remedy else str(error)
            ) from None
    place = {name: index for index, name in enumerate(categories.names)}
    known = np.array([place.get(name, UNKNOWN) for name in own])
    return known[np.asarray(photo_set.targets)]
