"""Predicts preprocessed photos, a batch at a time."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from resistor_cls.data.images.preprocessed import PreprocessedImage
from resistor_cls.evaluation.calibration import (
    CalibratedPredictions,
    Calibration,
    apply_calibration,
    calibrated,
)
from resistor_cls.model.network import ResistorNetwork
from resistor_cls.model.training.gather import concatenate

_Item = TypeVar("_Item")

BATCH = 32  # photos at a time, as in validation


def predict_probabilities(network: ResistorNetwork, photos: Iterable[np.ndarray]) -> np.ndarray:
    """Probabilities of photos, equal to those of validation to the digit.

    Args:
        network: in eval mode, on any device.
        photos: (rows, columns, channels) uint8 each, preprocessed for the network. An iterator is
            consumed a batch at a time.

    Returns:
        (photos, categories) float32.
    """
    return probabilities_and_features(network, photos)[0]


def probabilities_and_features(
    network: ResistorNetwork, photos: Iterable[np.ndarray]
) -> tuple[np.ndarray, np.ndarray | None]:
    """See `predict_probabilities`, and the features that the probabilities are computed from.

    Returns:
        (photos, categories) float32; and (photos, features) float16, None of a model that gives
        none, and of no photos.
    """
    parts, pooled = [torch.empty((0, len(network.categories)))], []
    for likely, features in predict_batches(network, photos):
        parts.append(torch.from_numpy(likely))
        if features is not None:
            pooled.append(torch.from_numpy(features))
    # `concatenate` empties the lists, so that no tensor is in memory twice.
    return concatenate(parts).numpy(), concatenate(pooled).numpy() if pooled else None


def predict_batches(
    network: ResistorNetwork, photos: Iterable[np.ndarray]
) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    """See `probabilities_and_features`, a batch at a time."""
    for group in batched(photos):
        with torch.inference_mode():
            logits, features = network.predict(as_batch(group, network.device))
            likely = network.probabilities(logits).cpu().numpy()
            yield likely, None if features is None else features.cpu().numpy()


def as_batch(photos: Iterable[np.ndarray], device: torch.device) -> Tensor:
    """Photos as (photos, channels, rows, columns) float32 in [0, 1] on a device."""
    batch = torch.from_numpy(np.stack(list(photos)))
    # 8 bits travel to a device four times as fast.
    return batch.permute(0, 3, 1, 2).to(device).float().div(255)


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
    network: ResistorNetwork, calibration: Calibration | None, bodies: Sequence[PreprocessedImage]
) -> Evaluated:
    """Predicts preprocessed photos, and applies the calibration of the model."""
    likely, features = probabilities_and_features(network, (one.photo for one in bodies))
    located = np.array([one.located for one in bodies], dtype=bool)
    if calibration is None:
        return Evaluated(likely, likely, located, None)
    found = apply_calibration(likely, calibration, located, features)
    return Evaluated(likely, calibrated(likely, calibration.temperature), located, found)
