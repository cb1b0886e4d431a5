"""The risk guarantee: the confidence from which predictions are accepted at a risk level."""

import math

import numpy as np

RISKS = (0.001, 0.01, 0.05)  # risk levels: shares of wrong predictions among the accepted ones
CONFIDENCE = 0.95  # with which a risk level is guaranteed
_ROUNDING = 1 - 1e-9  # a photo that a threshold was fitted to must not fall below it


def fit_threshold(confidences: np.ndarray, right: np.ndarray, risk: float) -> float | None:
    """The lowest threshold of confidence at which at most `risk` of the predictions are wrong.

    Learn then Test (Angelopoulos, Bates, Candès, Jordan and Lei 2025, "Learn then Test: calibrating
    predictive algorithms to achieve risk control", Ann. Appl. Stat. 19) with fixed-sequence testing
    and exact binomial p-values: beginning with the fewest photos that could prove the risk level,
    lower and lower thresholds are tested until one fails. With probability `CONFIDENCE` over the
    held-out photos, the predictions that are accepted later have at most that risk, provided that
    a lower confidence never means a higher accuracy.

    Args:
        confidences: (photos,) of the predictions; below 0 for photos that are never accepted.
        right: (photos,) bool, whether each prediction is right.
        risk: risk level, the share of wrong predictions among the accepted ones.

    Returns:
        The threshold; None where the photos are too few, or too many of those with the highest
        confidence are wrong.
    """
    from scipy.stats import binom

    fewest = fewest_photos(risk)
    confidences, right = confidences[confidences >= 0], right[confidences >= 0]
    if len(right) < fewest:
        return None
    order = np.argsort(-confidences, kind="stable")
    sorted_confidences = confidences[order]
    wrong = np.cumsum(~right[order])
    # Photos of equal confidence are accepted together.
    last = np.append(sorted_confidences[1:] < sorted_confidences[:-1], True)
    counts = np.flatnonzero(last) + 1
    counts = counts[counts >= fewest]
    passed = binom.cdf(wrong[counts - 1], counts, risk) <= 1 - CONFIDENCE
    until = len(passed) if passed.all() else int(passed.argmin())
    return float(sorted_confidences[counts[until - 1] - 1]) if until else None


def fewest_photos(risk: float, confidence: float = CONFIDENCE) -> int:
    """How many right predictions without a wrong one prove a risk level."""
    return math.ceil(math.log(1 - confidence) / math.log(1 - risk))


def accepted_at(
    confidences: np.ndarray, thresholds: np.ndarray, usable: np.ndarray | None
) -> np.ndarray:
    """Which predictions are accepted.

    Args:
        confidences: (photos,) of the predictions.
        thresholds: (photos, risks); nan where a risk level is not guaranteed.
        usable: (photos,) bool; predictions of other photos are never accepted. None where all are
            usable.

    Returns:
        (photos, risks) float64, 1 or 0; nan where a risk level is not guaranteed.
    """
    accepted = usable_confidences(confidences, usable)[:, None] >= thresholds * _ROUNDING
    return np.where(np.isnan(thresholds), np.nan, accepted)


def usable_confidences(confidences: np.ndarray, usable: np.ndarray | None) -> np.ndarray:
    """(photos,) confidences, -1 for photos whose predictions are never accepted."""
    return confidences if usable is None else np.where(usable, confidences, -1.0)
