"""Calibrated predictions: temperature, abstention at a guaranteed risk, prediction sets.

Everything is fitted on held-out photos and then applied to others. Where the same photos have to do
both, they take turns (`cross_fitted`). The promises hold for photos that are drawn like the
held-out ones, each on its own. Libraries that fit are imported where they fit: applying a
calibration, as predicting does, needs none of them.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from resistor_cls.evaluation.familiarity import REFUSED, Familiarity, fit_familiarity

RISKS = (0.001, 0.01, 0.05)  # shares of wrong answers among the accepted ones that are promised
LEVELS = (0.90, 0.95, 0.99)  # how often a set of candidates holds the truth
CONFIDENCE = 0.95  # with which a risk is promised
FOLDS = 5  # of the photos that calibrate and are judged: four fifths of them fit at a time
_MAX_FITTED = 20_000  # photos: more of them change a temperature in its fourth digit
_AT_ONCE = 4096  # photos: a copy of that many rows stays small beside the predictions
_TINY = float(np.finfo(np.float32).tiny)  # probabilities below it have no logarithm worth the name
_SHARPEST, _SOFTEST = 0.05, 20.0  # temperatures


@dataclass(frozen=True)
class Calibration:
    """What held-out photos have taught about a model's probabilities; saved with the model.

    Attributes:
        temperature: what the logarithms of probabilities are divided by.
        thresholds: for each of `RISKS` the least confidence that is accepted; None where the
            photos are too few, or too many of them were read wrongly, to promise it.
        cuts: for each of `LEVELS` the least calibrated probability of a candidate; 0 where photos
            are too few to leave any category out.
        photos: that it was fitted on.
        familiarity: tells photos unlike these; None where they are too few, or the model gives no
            features.
    """

    temperature: float
    thresholds: tuple[float | None, ...]
    cuts: tuple[float, ...]
    photos: int
    familiarity: Familiarity | None = None

    @property
    def guaranteed_risk(self) -> float | None:
        """The risk that "accepted" stands for where none is named: 1 %, else 5 %, if promised."""
        for risk, threshold in zip(RISKS[1:], self.thresholds[1:], strict=True):
            if threshold is not None:
                return risk
        return None

    def record(self) -> dict[str, Any]:
        """Plain values for a checkpoint."""
        return {
            "temperature": self.temperature,
            "thresholds": {
                str(risk): one for risk, one in zip(RISKS, self.thresholds, strict=True)
            },
            "cuts": {str(level): one for level, one in zip(LEVELS, self.cuts, strict=True)},
            "confidence": CONFIDENCE,
            "photos": self.photos,
            "familiarity": None if self.familiarity is None else self.familiarity.record(),
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Calibration":
        """Takes back what `record` gave; what another version promised otherwise is left out.

        Args:
            record: of a loaded model, which was checked by `resistor_cls.model.checkpoint.schema`.
        """
        kept = record["thresholds"] if record["confidence"] == CONFIDENCE else {}
        familiarity = record.get("familiarity")  # earlier versions had none
        return cls(
            record["temperature"],
            tuple(kept.get(str(risk)) for risk in RISKS),
            tuple(record["cuts"].get(str(level), 0.0) for level in LEVELS),
            record["photos"],
            None if familiarity is None else Familiarity.from_record(familiarity),
        )


@dataclass(frozen=True)
class CalibratedPredictions:
    """What calibration makes of predictions.

    Attributes:
        basis: `saved` of a model's own calibration; `cross-fitted` where the judged photos took
            turns in fitting it.
        calibration: the model's own, or the one that all of the photos together give.
        temperatures: (photos,) float64, of the calibration that each photo was judged by.
        thresholds: (photos, risks) float64, the least confidence of each that is accepted; nan
            where no promise can be made.
        confidences: (photos,) float64, calibrated probability of the prediction.
        accepted: (photos, risks) float64, 1 or 0; nan where no promise can be made.
        candidates: (photos, levels) int64, how many of the most probable categories are in the set.
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
    candidates: np.ndarray
    distances: np.ndarray | None = None
    own: np.ndarray | None = None

    @property
    def familiar(self) -> np.ndarray | None:
        """(photos,) bool, whether each is like the calibration photos; None where not tested."""
        if self.distances is None or self.calibration.familiarity is None:
            return None
        return self.calibration.familiarity.familiar(self.distances)

    def unknown(self, located: np.ndarray | None) -> np.ndarray:
        """(photos,) how little each seems to show one of the categories.

        The score of the test for unfamiliar photos, see `Familiarity.scores`; without that test
        1 - confidence, and 1 where the body was looked for and not found.
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

    def to_other_photos(
        self, probabilities: np.ndarray, located: np.ndarray, features: np.ndarray | None = None
    ) -> "CalibratedPredictions":
        """CalibratedPredictions of photos that nothing was fitted on; see `apply_calibration`."""
        return apply_calibration(probabilities, self.calibration, located, features)

    def to_the_same_photos(
        self, probabilities: np.ndarray, located: np.ndarray | None, features: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Confidences (photos,) and acceptance (photos, risks) of other looks at the photos.

        Args:
            probabilities: (photos, categories), such as of the photos under other light.
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
        return confidences, _accepted(_sure(confidences, usable), self.thresholds)


def calibrated(probabilities: np.ndarray, temperature: float | np.ndarray) -> np.ndarray:
    """Probabilities of one answer among all categories, as sure as the temperature says.

    `softmax(log p / T)`; for a softmax's own probabilities this is temperature scaling of the
    logits (Guo et al. 2017, "On calibration of modern neural networks", ICML). Answers to separate
    yes-or-no questions are brought to a sum of 1 by the way.

    Args:
        probabilities: (photos, categories).
        temperature: one for all, or (photos,).

    Returns:
        (photos, categories) float64.
    """
    logs = np.log(np.maximum(np.asarray(probabilities, dtype=np.float64), _TINY))
    logs /= np.reshape(temperature, (-1, 1))
    logs -= logs.max(axis=1, keepdims=True)
    np.exp(logs, out=logs)
    return logs / logs.sum(axis=1, keepdims=True)


def fit_calibration(
    probabilities: np.ndarray,
    targets: np.ndarray,
    located: np.ndarray | None = None,
    features: np.ndarray | None = None,
    refused: float = REFUSED,
) -> Calibration:
    """Fits everything on held-out photos.

    Args:
        probabilities: (photos, categories), at least one photo.
        targets: (photos,) class indices.
        located: (photos,) bool, see `apply_calibration`.
        features: (photos, features), see `apply_calibration`.
        refused: see `fit_familiarity`.
    """
    fitted = fit_familiarity(features, located, refused)
    if fitted is not None:
        # Only what is familiar is ever accepted, and the guarantee is one about that.
        located = _both(located, fitted.familiarity.familiar(fitted.distances))
    chosen = np.arange(len(targets))
    if len(targets) > _MAX_FITTED:
        chosen = np.sort(np.random.default_rng(0).permutation(chosen)[:_MAX_FITTED])
    temperature = fit_temperature(probabilities[chosen], targets[chosen])
    confidences, of_label = np.empty(len(targets)), np.empty(len(targets))
    right = probabilities.argmax(axis=1) == targets
    for rows in chunks(len(targets)):
        likely = calibrated(probabilities[rows], temperature)
        confidences[rows] = likely.max(axis=1)
        of_label[rows] = likely[np.arange(len(likely)), targets[rows]]
    sure = _sure(confidences, located)
    thresholds = tuple(fit_threshold(sure, right, risk)[0] for risk in RISKS)
    return Calibration(
        temperature,
        thresholds,
        _cuts(of_label),
        len(targets),
        None if fitted is None else fitted.familiarity,
    )


def fit_temperature(probabilities: np.ndarray, targets: np.ndarray) -> float:
    """The temperature of the least log loss.

    Where every answer is right the loss falls for ever as the temperature does, which says nothing
    about how sure to be: then it is 1.

    Args:
        probabilities: (photos, categories).
        targets: (photos,) class indices.
    """
    rows = np.arange(len(targets))
    if (probabilities.argmax(axis=1) == targets).all():
        return 1.0

    from scipy.optimize import minimize_scalar

    def loss(log_temperature: float) -> float:
        likely = calibrated(probabilities, math.exp(log_temperature))
        return float(-np.log(np.maximum(likely[rows, targets], _TINY)).mean())

    bounds = (math.log(_SHARPEST), math.log(_SOFTEST))
    return math.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x)


def fit_threshold(
    confidences: np.ndarray, right: np.ndarray, risk: float, confidence: float = CONFIDENCE
) -> tuple[float | None, str]:
    """The least confidence above which at most `risk` of the answers are wrong.

    Learn then Test (Angelopoulos, Bates, Candès, Jordan and Lei 2025, "Learn then Test: calibrating
    predictive algorithms to achieve risk control", Ann. Appl. Stat. 19) with fixed-sequence testing
    and exact binomial p-values: beginning with the fewest photos that could prove the risk, ever
    lower thresholds are tested until one fails. With probability `confidence` over the held-out
    photos the answers that are accepted later have at most that risk, as long as being less
    sure never means being right more often.

    Args:
        confidences: (photos,) of the predictions; below 0 where none is ever accepted.
        right: (photos,) bool.
        risk: share of wrong answers among the accepted ones.
        confidence: probability that the promise holds.

    Returns:
        The threshold, or None and the reason.
    """
    from scipy.stats import binom

    fewest = fewest_photos(risk, confidence)
    confidences, right = confidences[confidences >= 0], right[confidences >= 0]
    if len(right) < fewest:
        return None, (
            f"too few photos: {len(right)} held out, at least {fewest} are needed to promise "
            f"{risk:.1%} with {confidence:.0%} confidence"
        )
    order = np.argsort(-confidences, kind="stable")
    sorted_confidences = confidences[order]
    wrong = np.cumsum(~right[order])
    # Photos of equal confidence are accepted together.
    last = np.append(sorted_confidences[1:] < sorted_confidences[:-1], True)
    counts = np.flatnonzero(last) + 1
    counts = counts[counts >= fewest]
    passed = binom.cdf(wrong[counts - 1], counts, risk) <= 1 - confidence
    until = len(passed) if passed.all() else int(passed.argmin())
    if until == 0:
        count = int(counts[0])
        return None, (
            f"{int(wrong[count - 1])} of the surest {count} answers are wrong: too many to promise "
            f"{risk:.1%} with {confidence:.0%} confidence"
        )
    return float(sorted_confidences[counts[until - 1] - 1]), ""


def fewest_photos(risk: float, confidence: float = CONFIDENCE) -> int:
    """How many right answers without a wrong one prove a risk."""
    return math.ceil(math.log(1 - confidence) / math.log(1 - risk))


def _cuts(of_label: np.ndarray) -> tuple[float, ...]:
    """The least probability of a candidate for each level.

    Split conformal prediction with the least ambiguous sets (Sadinle, Lei and Wasserman 2019,
    "Least ambiguous set-valued classifiers with bounded error levels", JASA 114).

    Args:
        of_label: (photos,) calibrated probability of the label.
    """
    from mapie.conformity_scores import LACConformityScore

    method = LACConformityScore()
    first = np.zeros(len(of_label), dtype=int)
    scores = method.get_conformity_scores(first, of_label[:, None], y_enc=first)
    # So few photos leave every category in.
    enough = [math.ceil((len(scores) + 1) * level) <= len(scores) for level in LEVELS]
    risks = 1 - np.array([level for level, can in zip(LEVELS, enough, strict=True) if can])
    found = iter(
        method.get_conformity_score_quantiles(scores, risks, "prefit") if len(risks) else ()
    )
    return tuple(max(0.0, 1 - float(next(found))) if can else 0.0 for can in enough)


def apply_calibration(
    probabilities: np.ndarray,
    calibration: Calibration,
    located: np.ndarray | None = None,
    features: np.ndarray | None = None,
    basis: str = "saved",
) -> CalibratedPredictions:
    """Applies a calibration.

    A set of candidates holds at least the prediction.

    Args:
        probabilities: (photos, categories).
        calibration: fitted on other photos.
        located: (photos,) bool; a photo in which the body was looked for and not found is never
            accepted, however sure a model is of it. None where nobody looks.
        features: (photos, features) of the model; a photo unlike the calibration photos is never
            accepted either. None where that is not tested.
        basis: see `CalibratedPredictions`.
    """
    count = len(probabilities)
    found = _empty_predictions(count, calibration, basis)
    found.thresholds[:] = [np.nan if one is None else one for one in calibration.thresholds]
    # A hair below the cuts: rounding must not take out a photo that the cut was fitted to.
    cuts = np.array(calibration.cuts) * (1 - 1e-9)
    for rows in chunks(count):
        likely = calibrated(probabilities[rows], calibration.temperature)
        confidences = likely.max(axis=1)
        found.temperatures[rows] = calibration.temperature
        found.confidences[rows] = confidences
        for place, cut in enumerate(cuts):
            found.candidates[rows, place] = np.maximum(1, (likely >= cut).sum(axis=1))
    if features is not None and calibration.familiarity is not None:
        found = replace(found, distances=calibration.familiarity.distances(features))
        located = _both(located, found.familiar)
    found.accepted[:] = _accepted(_sure(found.confidences, located), found.thresholds)
    return found


def _both(located: np.ndarray | None, familiar: np.ndarray | None) -> np.ndarray | None:
    """(photos,) bool, what holds for photos whose predictions may be accepted."""
    if located is None or familiar is None:
        return familiar if located is None else located
    return located & familiar


def _sure(confidences: np.ndarray, located: np.ndarray | None) -> np.ndarray:
    """Confidences by which photos are accepted; see `apply_calibration`."""
    return confidences if located is None else np.where(located, confidences, -1.0)


def _accepted(confidences: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    yes = confidences[:, None] >= thresholds * (1 - 1e-9)  # as with the cuts
    return np.where(np.isnan(thresholds), np.nan, yes)


def _empty_predictions(count: int, calibration: Calibration, basis: str) -> CalibratedPredictions:
    return CalibratedPredictions(
        basis,
        calibration,
        np.empty(count),
        np.empty((count, len(RISKS))),
        np.empty(count),
        np.empty((count, len(RISKS))),
        np.empty((count, len(LEVELS)), dtype=int),
    )


def cross_fitted(
    probabilities: np.ndarray,
    targets: np.ndarray,
    groups: np.ndarray,
    located: np.ndarray | None = None,
    features: np.ndarray | None = None,
) -> CalibratedPredictions | None:
    """Predictions of photos by calibrations that were each fitted on the other photos.

    The test for unfamiliar photos leaves out the photo itself, not its whole group: a group is
    often all that there is of a category, and nothing would be like it.

    Args:
        probabilities: (photos, categories).
        targets: (photos,) class indices.
        groups: (photos,) photos of one group, such as a burst, never part.
        located: (photos,) bool, see `apply_calibration`.
        features: (photos, features), see `apply_calibration`.

    Returns:
        None where fewer than `FOLDS` groups leave nothing to take turns with.
    """
    if len(np.unique(groups)) < FOLDS:
        return None
    there = np.ones(len(targets), dtype=bool) if located is None else located
    test = fit_familiarity(features, there)
    if test is not None:
        there = there & test.familiarity.familiar(test.distances)
    whole = fit_calibration(probabilities, targets, there)
    found = _empty_predictions(len(targets), whole, "cross-fitted")
    if test is not None:
        whole = replace(whole, familiarity=test.familiarity)
        found = replace(found, calibration=whole, distances=test.distances, own=test.own)
    from sklearn.model_selection import GroupKFold

    turns = GroupKFold(FOLDS, shuffle=True, random_state=0)
    for others, own in turns.split(targets, groups=groups):
        fitted = fit_calibration(probabilities[others], targets[others], there[others])
        part = apply_calibration(probabilities[own], fitted, there[own])
        for name in ("temperatures", "thresholds", "confidences", "accepted", "candidates"):
            getattr(found, name)[own] = getattr(part, name)
    return found


def chunks(count: int) -> Iterator[slice]:
    """Photos whose calibrated probabilities are in memory together, in their order."""
    for start in range(0, count, _AT_ONCE):
        yield slice(start, start + _AT_ONCE)
