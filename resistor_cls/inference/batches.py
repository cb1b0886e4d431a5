"""Predicts preprocessed photos, a batch at a time."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import numpy as np

from resistor_cls.data.images.preprocessed import PreprocessedImage
from resistor_cls.evaluation.calibration import (
    CalibratedPredictions,
    Calibration,
    apply_calibration,
    calibrated,
)
from resistor_cls.model.photo_network import PhotoNetwork

_Item = TypeVar("_Item")

BATCH = 32  # photos at a time, as in validation


def predict_probabilities(network: PhotoNetwork, photos: Iterable[np.ndarray]) -> np.ndarray:
    """Probabilities of photos, equal to those of validation to the digit.

    Args:
        network: that predicts.
        photos: (rows, columns, channels) uint8 each, preprocessed for the network. An iterator is
            consumed a batch at a time.

    Returns:
        (photos, categories) float32.
    """
    return probabilities_and_features(network, photos)[0]


def probabilities_and_features(
    network: PhotoNetwork, photos: Iterable[np.ndarray]
) -> tuple[np.ndarray, np.ndarray | None]:
    """See `predict_probabilities`, and the features that the probabilities are computed from.

    Returns:
        (photos, categories) float32; and (photos, features) float16, None of a model that gives
        none, and of no photos.
    """
    parts, pooled = [np.empty((0, len(network.categories)), np.float32)], []
    for likely, features in predict_batches(network, photos):
        parts.append(likely)
        if features is not None:
            pooled.append(features)
    return _joined(parts), _joined(pooled) if pooled else None


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    """Arrays one behind the other; the list is emptied on the way, so that none is held twice."""
    whole = np.empty((sum(map(len, parts)), *parts[0].shape[1:]), parts[0].dtype)
    place = len(whole)
    while parts:
        part = parts.pop()
        place -= len(part)
        whole[place : place + len(part)] = part
    return whole


def predict_batches(
    network: PhotoNetwork, photos: Iterable[np.ndarray]
) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    """See `probabilities_and_features`, a batch at a time."""
    for group in batched(photos):
        yield network.predict_photos(np.stack(group))


def batched(items: Iterable[_Item], size: int = BATCH) -> Iterator[tuple[_Item, ...]]:
    """Items in groups; the last may be smaller."""
    remaining = iter(items)  # itertools.batched needs Python 3.12
    while group := tuple(islice(remaining, size)):
        yield group


@dataclass(frozen=True)
class Evaluated:
    """What a model and its calibration give for some photos.

    Attributes:
        probabilities: (photos, categories) float32, of the model.
        confidences: (photos, categories), calibrated; the probabilities of a model without
            calibration.
        located: (photos,) bool, whether the body was found; true of a model that does not look.
        calibrated: acceptance and familiarity; None of a model without calibration.
    """

    probabilities: np.ndarray
    confidences: np.ndarray
    located: np.ndarray
    calibrated: CalibratedPredictions | None

    @property
    def familiar(self) -> np.ndarray | None:
        """(photos,) bool, whether each is like those that calibrated; None where not tested."""
        return None if self.calibrated is None else self.calibrated.familiar


def evaluate_bodies(
    network: PhotoNetwork, calibration: Calibration | None, bodies: Sequence[PreprocessedImage]
) -> Evaluated:
    """Predicts preprocessed photos, and applies the calibration of the model."""
    likely, features = probabilities_and_features(network, (one.photo for one in bodies))
    located = np.array([one.located for one in bodies], dtype=bool)
    if calibration is None:
        return Evaluated(likely, likely, located, None)
    found = apply_calibration(likely, calibration, located, features)
    return Evaluated(likely, calibrated(likely, calibration.temperature), located, found)
