"""The label check on load: compares the categories of photos with those of a model."""

from collections.abc import Collection

import numpy as np

from resistor_cls.categories import Categories, check_labels
from resistor_cls.data.dataset import OOD_TARGET
from resistor_cls.data.sources.photo_set import PhotoSet
from resistor_cls.errors import DataError


def aligned_targets(
    photo_set: PhotoSet, categories: Categories, allow: Collection[str] = ()
) -> np.ndarray:
    """Numbers targets as a model does.

    Args:
        photo_set: the photos.
        categories: the model's.
        allow: `subset` if categories of the model may be missing among the photos; `unknown` if
            the photos may have unexpected ones.

    Returns:
        (photos,) class indices of the model, `OOD_TARGET` for a photo of an unexpected category.

    Raises:
        DataError: the categories differ otherwise; the first difference is named. Names that only
            look like the model's are never allowed.
    """
    found = photo_set.categories.names
    missing, unexpected = set(categories.names) - set(found), set(found) - set(categories.names)
    check_labels(missing | unexpected, f"the labels of the model and of {photo_set.root}")
    differences = {"subset": missing, "unknown": unexpected}
    needed = [word for word, names in differences.items() if names]
    if not allow or not set(needed) <= set(allow):
        try:
            categories.require(found, f"the photos in {photo_set.root}")
        except DataError as error:
            remedy = " and ".join(f"--allow {word}" for word in needed)
            raise DataError(
                f"{error}; add {remedy} to evaluate them all the same" if remedy else str(error)
            ) from None
    index_of = {name: index for index, name in enumerate(categories.names)}
    target_of = np.array([index_of.get(name, OOD_TARGET) for name in found])
    targets: np.ndarray = target_of[np.asarray(photo_set.targets)]
    return targets
