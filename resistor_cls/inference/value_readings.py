"""The values that a network reads of preprocessed photos."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from resistor_cls.bands import BandScores
from resistor_cls.categories import Categories
from resistor_cls.decoding import ValueReading
from resistor_cls.inference.batches import batched
from resistor_cls.model.photo_network import PhotoNetwork


def read_band_scores(network: PhotoNetwork, photos: Iterable[np.ndarray]) -> BandScores:
    """Reads the bands of preprocessed photos, a batch at a time.

    Args:
        network: `reads_bands` is true.
        photos: (rows, columns, channels) uint8 each, at least one.
    """
    return BandScores.joined([network.read_photos(np.stack(group)) for group in batched(photos)])


def readings_by_category(
    probabilities: NDArray[np.float32], categories: Categories
) -> list[list[ValueReading]]:
    """The value of each photo, by the categories of a network that reads no bands.

    Args:
        probabilities: (photos, categories).
        categories: of the network; those without known ohms count for no value.

    Returns:
        Of each photo the most probable reading; empty where no category has a value.
    """
    known = [index for index, category in enumerate(categories) if category.ohms is not None]
    if not known:
        return [[] for _ in probabilities]
    ohms, values = np.unique([categories[index].ohms for index in known], return_inverse=True)
    found = []
    for row in probabilities[:, known]:
        likely = np.bincount(values, weights=row, minlength=len(ohms))
        best = int(likely.argmax())
        category = categories[known[int(np.where(values == best, row, -1).argmax())]]
        bands = category.markings[0] if category.markings else ()
        found.append([ValueReading(float(ohms[best]), float(likely[best]), None, bands, False)])
    return found
