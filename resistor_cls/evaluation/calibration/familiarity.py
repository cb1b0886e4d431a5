"""A test for photos unlike those that calibrated a model.

The distance from a photo's pooled features, scaled to unit length, to the nearest calibration photo
(Sun, Ming, Zhu and Li 2022, "Out-of-distribution detection with deep nearest neighbors", ICML, with
one neighbour). A limit at a quantile of the calibration photos' own distances, each left out of its
neighbours, refuses a stated share of photos like them.
"""

import base64
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from resistor_cls.evaluation.calibration.temperature import chunks

# Share of photos like the calibration photos that the test refuses. It costs coverage, and each
# point refuses more of the others: experiments/familiarity shows how many.
REFUSED = 0.04
MIN_PHOTOS = 20  # fewer calibration photos say nothing about the share
MAX_PHOTOS = 2000  # that are kept with a model: 2 MB of 512 features
MAX_SCORE = 3.0  # of `scores`: what is farther away is clearly out of distribution


@dataclass(frozen=True)
class Familiarity:
    """The calibration photos that others are compared with; saved with the model.

    Attributes:
        references: (calibration photos, features) float16, each of unit length.
        limit: largest cosine distance to the nearest one of a photo that counts as like them.
    """

    references: np.ndarray
    limit: float

    def distances(self, features: np.ndarray, own: np.ndarray | None = None) -> np.ndarray:
        """How far photos are from the nearest calibration photo.

        Args:
            features: (photos, features) pooled features of the model.
            own: (photos,) which reference shows the photo itself and does not count; -1 for none.

        Returns:
            (photos,) float64, cosine distances from 0 to 2.
        """
        nearest = np.empty(len(features))
        references = self.references.astype(np.float32).T
        for rows in chunks(len(features)):
            similar = _unit(features[rows]) @ references
            if own is not None:
                themselves = np.flatnonzero(own[rows] >= 0)
                similar[themselves, own[rows][themselves]] = -1.0
            nearest[rows] = 1.0 - similar.max(axis=1)
        return nearest

    def familiar(self, distances: np.ndarray) -> np.ndarray:
        """(photos,) bool, whether photos of these distances are like the calibration photos."""
        return distances <= self.limit + 1e-6  # features differ that much from machine to machine

    def scores(self, distances: np.ndarray, located: np.ndarray | None) -> np.ndarray:
        """OOD scores: distances in units of the limit, at most `MAX_SCORE`.

        Args:
            distances: (photos,) of `distances`.
            located: (photos,) bool; a photo in which the detector found no body gets `MAX_SCORE`.
                None for a model without a detector.

        Returns:
            (photos,) float64.
        """
        scores = np.minimum(distances / max(self.limit, 1e-9), MAX_SCORE)
        return scores if located is None else np.where(located, scores, MAX_SCORE)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a checkpoint; the references are little-endian float16 in base64."""
        packed = base64.b64encode(self.references.astype("<f2").tobytes()).decode("ascii")
        return {"references": packed, "size": list(self.references.shape), "limit": self.limit}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Familiarity":
        """Takes back what `to_dict` gave, checked by `resistor_cls.model.checkpoint.schema`."""
        references = np.frombuffer(base64.b64decode(values["references"]), dtype="<f2")
        return cls(references.reshape(values["size"]), values["limit"])


@dataclass(frozen=True)
class FittedFamiliarity:
    """A test, and what it says about the photos that it was fitted on.

    Attributes:
        familiarity: the test.
        distances: (photos,) of each to the nearest other one.
        own: (photos,) which reference each photo is; -1 for none.
    """

    familiarity: Familiarity
    distances: np.ndarray
    own: np.ndarray


def fit_familiarity(
    features: np.ndarray | None, located: np.ndarray | None = None, refused: float = REFUSED
) -> FittedFamiliarity | None:
    """Fits the test on held-out photos.

    Args:
        features: (photos, features) pooled; None of a model that gives none.
        located: (photos,) bool; photos in which the detector found no body are not references. None
            for a model without a detector.
        refused: share of photos like these that the test is to refuse.

    Returns:
        None without features, or with fewer than `MIN_PHOTOS` photos.
    """
    if features is None or not np.isfinite(features).all():  # half precision overflowed
        return None
    usable = np.arange(len(features)) if located is None else np.flatnonzero(located)
    if len(usable) < MIN_PHOTOS:
        return None
    kept = usable
    if len(usable) > MAX_PHOTOS:
        kept = np.sort(np.random.default_rng(0).permutation(usable)[:MAX_PHOTOS])
    own = np.full(len(features), -1)
    own[kept] = np.arange(len(kept))
    references = _unit(features[kept]).astype(np.float16)
    distances = Familiarity(references, 0.0).distances(features, own)
    # The conformal quantile: a further photo like these lies within it so often.
    rank = min(math.ceil((len(kept) + 1) * (1 - refused)), len(kept))
    limit = max(0.0, float(np.sort(distances[kept])[rank - 1]))  # rounding goes below 0
    return FittedFamiliarity(Familiarity(references, limit), distances, own)


def _unit(features: np.ndarray) -> np.ndarray:
    """Features of unit length, float32."""
    features = np.asarray(features, dtype=np.float32)
    found: np.ndarray = features / np.maximum(
        np.linalg.norm(features, axis=1, keepdims=True), 1e-12
    )
    return found
