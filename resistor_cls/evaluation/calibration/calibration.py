"""A calibration: what held-out photos say about a model's probabilities, fitted and applied."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from resistor_cls.evaluation.calibration.familiarity import REFUSED, Familiarity, fit_familiarity
from resistor_cls.evaluation.calibration.prediction_sets import (
    LEVELS,
    fit_set_thresholds,
    set_sizes,
)
from resistor_cls.evaluation.calibration.risk_threshold import (
    CONFIDENCE,
    RISKS,
    accepted_at,
    fit_threshold,
    usable_confidences,
)
from resistor_cls.evaluation.calibration.temperature import calibrated, chunks, fit_temperature


@dataclass(frozen=True)
class Calibration:
    """What held-out photos say about a model's probabilities; saved with the model.

    Attributes:
        temperature: what the logarithms of probabilities are divided by.
        thresholds: for each of `RISKS` the lowest confidence that is accepted; None where the
            photos are too few, or too many of their predictions are wrong, to guarantee it.
        set_thresholds: for each of `LEVELS` the lowest calibrated probability of a category in the
            prediction set; 0 where the photos are too few to leave any category out.
        photos: how many it was fitted on.
        familiarity: tells photos unlike these; None where they are too few, or the model gives no
            features.
    """

    temperature: float
    thresholds: tuple[float | None, ...]
    set_thresholds: tuple[float, ...]
    photos: int
    familiarity: Familiarity | None = None

    @property
    def guaranteed_risk(self) -> float | None:
        """The risk level that "accepted" stands for where none is named: 1 %, else 5 %.

        None where neither is guaranteed.
        """
        for risk, threshold in zip(RISKS[1:], self.thresholds[1:], strict=True):
            if threshold is not None:
                return risk
        return None

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a checkpoint; the thresholds of prediction sets are called `cuts`."""
        sets = zip(LEVELS, self.set_thresholds, strict=True)
        return {
            "temperature": self.temperature,
            "thresholds": {
                str(risk): one for risk, one in zip(RISKS, self.thresholds, strict=True)
            },
            "cuts": {str(level): one for level, one in sets},
            "confidence": CONFIDENCE,
            "photos": self.photos,
            "familiarity": None if self.familiarity is None else self.familiarity.to_dict(),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Calibration":
        """Takes back what `to_dict` gave.

        Thresholds that another version guaranteed with another confidence are left out.

        Args:
            values: of a loaded model, checked by `resistor_cls.model.checkpoint.schema`.
        """
        kept = values["thresholds"] if values["confidence"] == CONFIDENCE else {}
        familiarity = values.get("familiarity")  # earlier versions had none
        return cls(
            values["temperature"],
            tuple(kept.get(str(risk)) for risk in RISKS),
            tuple(values["cuts"].get(str(level), 0.0) for level in LEVELS),
            values["photos"],
            None if familiarity is None else Familiarity.from_dict(familiarity),
        )


@dataclass(frozen=True)
class CalibratedPredictions:
    """Predictions with what a calibration says about them.

    Attributes:
        basis: `saved` for a model's own calibration; `cross-fitted` where each evaluated photo has
            a calibration that was fitted on the other folds.
        calibration: the model's own, or the one that all of the photos together give.
        temperatures: (photos,) float64, of the calibration of each photo.
        thresholds: (photos, risks) float64, the lowest confidence that is accepted; nan where the
            risk level is not guaranteed.
        confidences: (photos,) float64, calibrated probability of the prediction.
        accepted: (photos, risks) float64, 1 or 0; nan where the risk level is not guaranteed.
        set_sizes: (photos, levels) int64, how many of the most probable categories the prediction
            set holds.
        distances: (photos,) float64, to the nearest calibration photo, see `Familiarity`; None
            where it is not tested.
        own: (photos,) which calibration photo each is; see `Familiarity.distances`.
    """

    basis: str
    calibration: Calibration
    temperatures: np.ndarray
    thresholds: np.ndarray
    confidences: np.ndarray
    accepted: np.ndarray
    set_sizes: np.ndarray
    distances: np.ndarray | None = None
    own: np.ndarray | None = None

    @property
    def familiar(self) -> np.ndarray | None:
        """(photos,) bool, whether each is like the calibration photos; None where not tested."""
        if self.distances is None or self.calibration.familiarity is None:
            return None
        return self.calibration.familiarity.familiar(self.distances)

    def ood_scores(self, located: np.ndarray | None) -> np.ndarray:
        """(photos,) OOD score: the higher, the less a photo seems to show one of the categories.

        The score of the test for unfamiliar photos, see `Familiarity.scores`; without that test
        1 - confidence, and 1 where the detector found no body.
        """
        test = self.calibration.familiarity
        if test is not None and self.distances is not None:
            return test.scores(self.distances, located)
        scores = 1 - self.confidences
        return scores if located is None else np.where(located, scores, 1.0)

    def select(self, chosen: np.ndarray) -> "CalibratedPredictions":
        """Those of some photos."""
        arrays = {
            field.name: getattr(self, field.name)[chosen]
            for field in fields(self)
            if isinstance(getattr(self, field.name), np.ndarray)
        }
        return replace(self, **arrays)

    def apply_to_corrupted(
        self, probabilities: np.ndarray, located: np.ndarray | None, features: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Confidences (photos,) and acceptance (photos, risks) of other versions of the photos.

        Args:
            probabilities: (photos, categories), such as of corrupted photos.
            located: (photos,) bool, see `apply_calibration`.
            features: (photos, features), see `apply_calibration`.
        """
        confidences = np.empty(len(probabilities))
        for rows in chunks(len(confidences)):
            likely = calibrated(probabilities[rows], self.temperatures[rows])
            confidences[rows] = likely.max(axis=1)
        usable, test = located, self.calibration.familiarity
        if test is not None and features is not None:
            usable = _both(located, test.familiar(test.distances(features, self.own)))
        return confidences, accepted_at(confidences, self.thresholds, usable)


def fit_calibration(
    probabilities: np.ndarray,
    targets: np.ndarray,
    located: np.ndarray | None = None,
    features: np.ndarray | None = None,
    refused: float = REFUSED,
) -> Calibration:
    """Fits a calibration on held-out photos.

    Args:
        probabilities: (photos, categories), at least one photo.
        targets: (photos,) class indices.
        located: (photos,) bool, see `apply_calibration`.
        features: (photos, features), see `apply_calibration`.
        refused: see `fit_familiarity`.
    """
    fitted = fit_familiarity(features, located, refused)
    usable = located
    if fitted is not None:
        # Only familiar photos are ever accepted, and the guarantee is about those.
        usable = _both(located, fitted.familiarity.familiar(fitted.distances))
    temperature = fit_temperature(probabilities, targets)
    confidences, of_label = np.empty(len(targets)), np.empty(len(targets))
    right = probabilities.argmax(axis=1) == targets
    for rows in chunks(len(targets)):
        likely = calibrated(probabilities[rows], temperature)
        confidences[rows] = likely.max(axis=1)
        of_label[rows] = likely[np.arange(len(likely)), targets[rows]]
    confidences = usable_confidences(confidences, usable)
    return Calibration(
        temperature,
        tuple(fit_threshold(confidences, right, risk) for risk in RISKS),
        fit_set_thresholds(of_label),
        len(targets),
        None if fitted is None else fitted.familiarity,
    )


def apply_calibration(
    probabilities: np.ndarray,
    calibration: Calibration,
    located: np.ndarray | None = None,
    features: np.ndarray | None = None,
) -> CalibratedPredictions:
    """Applies a calibration.

    Args:
        probabilities: (photos, categories).
        calibration: fitted on other photos.
        located: (photos,) bool; a photo in which the detector found no body is never accepted,
            whatever its confidence. None for a model without a detector.
        features: (photos, features) of the model; a photo unlike the calibration photos is never
            accepted either. None where that is not tested.
    """
    count = len(probabilities)
    found = empty_predictions(count, calibration, "saved")
    found.temperatures[:] = calibration.temperature
    found.thresholds[:] = [np.nan if one is None else one for one in calibration.thresholds]
    for rows in chunks(count):
        likely = calibrated(probabilities[rows], calibration.temperature)
        found.confidences[rows] = likely.max(axis=1)
        found.set_sizes[rows] = set_sizes(likely, calibration.set_thresholds)
    usable = located
    if features is not None and calibration.familiarity is not None:
        found = replace(found, distances=calibration.familiarity.distances(features))
        usable = _both(located, found.familiar)
    found.accepted[:] = accepted_at(found.confidences, found.thresholds, usable)
    return found


def empty_predictions(count: int, calibration: Calibration, basis: str) -> CalibratedPredictions:
    """Calibrated predictions of so many photos whose arrays are still to be filled."""
    return CalibratedPredictions(
        basis,
        calibration,
        temperatures=np.empty(count),
        thresholds=np.empty((count, len(RISKS))),
        confidences=np.empty(count),
        accepted=np.empty((count, len(RISKS))),
        set_sizes=np.empty((count, len(LEVELS)), dtype=int),
    )


def _both(located: np.ndarray | None, familiar: np.ndarray | None) -> np.ndarray | None:
    """(photos,) bool, whether the prediction of each photo may be accepted."""
    if located is None or familiar is None:
        return familiar if located is None else located
    found: np.ndarray | None = located & familiar
    return found
