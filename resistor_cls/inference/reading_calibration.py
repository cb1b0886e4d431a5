"""The calibration of readings of values: a temperature, and when to say "don't know"."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resistor_cls.bands import BandScores
from resistor_cls.errors import ModelError

# Of models without a calibration of readings. A provisional value that was not fitted to
# photos: nothing is guaranteed at this confidence.
DEFAULT_THRESHOLD = 0.9
KEY = "reading_calibration"  # of the metadata that are saved with a model


@dataclass(frozen=True)
class ReadingCalibration:
    """How the scores of bands become confidences, and which are accepted.

    Attributes:
        temperature: the log-probabilities of bands and directions are divided by it and
            normalized again, before values are decoded (Guo et al. 2017).
        threshold: values of less probability are "don't know".
        fitted: whether both were fitted to photos.
    """

    temperature: float = 1.0
    threshold: float = DEFAULT_THRESHOLD
    fitted: bool = False

    @classmethod
    def of(cls, metadata: Mapping[str, Any]) -> "ReadingCalibration":
        """The calibration in the metadata of a model; the default where they have none.

        Raises:
            ModelError: a temperature or threshold that cannot be used.
        """
        saved = metadata.get(KEY)
        if saved is None:
            return cls()
        try:
            temperature, threshold = float(saved["temperature"]), float(saved["threshold"])
        except (KeyError, TypeError, ValueError):
            temperature = threshold = np.nan
        if not (0 < temperature < np.inf and 0 <= threshold <= 1):
            raise ModelError(
                f"the model has {KEY} {saved!r}: expected a temperature above 0 and a threshold of "
                "0 to 1; take another model, or calibrate this one again"
            )
        return cls(temperature, threshold, fitted=True)

    def apply(self, scores: BandScores) -> BandScores:
        """The same scores at the temperature."""
        if self.temperature == 1:
            return scores
        return replace(
            scores,
            slots=self._softened(scores.slots),
            direction=self._softened(scores.direction),
            watts=self._softened(scores.watts),
            turned=None if scores.turned is None else self.apply(scores.turned),
        )

    def _softened(self, logs: NDArray[Any]) -> NDArray[np.float64]:
        logits = logs.astype(float) / self.temperature
        softened: NDArray[np.float64] = logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)
        return softened
