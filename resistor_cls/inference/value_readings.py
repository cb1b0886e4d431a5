"""The values that a network reads of preprocessed photos."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from resistor_cls.bands import BandScores
from resistor_cls.categories import Categories
from resistor_cls.decoding import ValueReading
from resistor_cls.inference.batches import as_batch, batched
from resistor_cls.model.network import ResistorNetwork

# Probability from which a reading is accepted, of a network whose readings were not calibrated.
DEFAULT_THRESHOLD = 0.9


@dataclass(frozen=True)
class ReadingCalibration:
    """How the scores of bands become probabilities, and which readings are accepted.

    Attributes:
        temperature: that the log-probabilities of the bands are divided by.
        threshold: probability from which a reading is accepted.
    """

    temperature: float = 1.0
    threshold: float = DEFAULT_THRESHOLD

    @classmethod
    def of(cls, metadata: Mapping[str, Any]) -> "ReadingCalibration":
        """That of a network, by its metadata; the defaults where it has none."""
        return cls(**metadata.get("reading_calibration", {}))


def read_band_scores(network: ResistorNetwork, photos: Iterable[np.ndarray]) -> BandScores:
    """Reads the bands of preprocessed photos, a batch at a time.

    Args:
        network: in eval mode, on any device; `reads_bands` is true.
        photos: (rows, columns, channels) uint8 each, at least one.
    """
    parts = []
    for group in batched(photos):
        with torch.inference_mode():
            parts.append(network.read_bands(as_batch(group, network.device)))
    return _joined(parts)


def with_temperature(scores: BandScores, temperature: float) -> BandScores:
    """The scores with all log-probabilities divided by a temperature, and normalized again."""
    if temperature == 1.0:
        return scores
    slots, direction, watts = (
        _log_softmax(values / temperature)
        for values in (scores.slots, scores.direction, scores.watts)
    )
    turned = scores.turned
    return BandScores(
        slots, direction, watts, None if turned is None else with_temperature(turned, temperature)
    )


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


def _log_softmax(values: NDArray[Any]) -> NDArray[Any]:
    normalized: NDArray[Any] = values - np.logaddexp.reduce(values, axis=-1, keepdims=True)
    return normalized


def _joined(parts: Sequence[BandScores]) -> BandScores:
    """The scores of several batches together."""
    slots, direction, watts = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("slots", "direction", "watts")
    )
    turned = [part.turned for part in parts if part.turned is not None]
    whole = BandScores(slots, direction, watts)
    return replace(whole, turned=_joined(turned)) if turned else whole
