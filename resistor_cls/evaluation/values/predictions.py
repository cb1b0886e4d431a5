"""The values that were read, beside the true ones."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

# Values are equal if they differ by less: rounding in tables, far below the next value of a code.
_RELATIVE_ERROR = 1e-6

Bands = tuple[str, ...]


@dataclass(frozen=True)
class ValuePredictions:
    """The most probable reading of each photo, beside the value of its part.

    Attributes:
        names: file name of each photo.
        ohms_true: (photos,) float64, all known.
        ohms: (photos,) float64, the most probable value; nan where nothing was read.
        probabilities: (photos,) float64, of that value; 0 where nothing was read.
        accepted: (photos,) bool; the others are "don't know".
        bands: of each photo the code that was read, first digit first; empty where nothing was.
        true_bands: of each photo the bands on its part; an empty text is a band whose colour is not
            known. Empty where the code is not known.
        read_bands: of each photo the colour that is most probable for each of `true_bands`; see
            `align_bands`.
        clusters: (photos,) int; photos with the same number are right or wrong together.
        cluster_name: what a cluster is: `part`, `burst` or `photo`.
        threshold: probability from which a reading is accepted.
        groups: name of a property, such as `light` → its value for each photo, an empty text where
            it is not known.
    """

    names: tuple[str, ...]
    ohms_true: NDArray[np.float64]
    ohms: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    accepted: NDArray[np.bool_]
    bands: tuple[Bands, ...]
    true_bands: tuple[Bands, ...]
    read_bands: tuple[Bands, ...]
    clusters: NDArray[np.int64]
    cluster_name: str = "photo"
    threshold: float = 0.0
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def right(self) -> NDArray[np.bool_]:
        """(photos,) whether the value that was read is the true one."""
        return np.isclose(self.ohms, self.ohms_true, rtol=_RELATIVE_ERROR, atol=0.0)

    def table(self) -> pd.DataFrame:
        """A row per photo: the columns that `predictions.csv` has for readings of values."""
        columns: dict[str, Any] = {
            "ohms_true": self.ohms_true,
            "ohms": self.ohms,
            "value_correct": self.right,
            "value_probability": self.probabilities,
            "value_accepted": self.accepted,
            "bands": [" ".join(bands) for bands in self.bands],
            "bands_true": [_in_words(bands) for bands in self.true_bands],
            "bands_read": [_in_words(bands) for bands in self.read_bands],
            **self.groups,
        }
        return pd.DataFrame({"photo": list(self.names), **columns})


def _in_words(bands: Bands) -> str:
    return " ".join(colour or "?" for colour in bands)
