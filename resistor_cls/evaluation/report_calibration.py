"""The part of a report about calibration: reliability, risk guarantee, prediction sets."""

from collections.abc import Callable
from typing import Any

import numpy as np

from resistor_cls.evaluation.calibration import (
    CONFIDENCE,
    LEVELS,
    RISKS,
    Calibration,
    calibrated,
    chunks,
    fewest_photos,
)
from resistor_cls.evaluation.calibration.temperature import TINY
from resistor_cls.evaluation.predictions import Predictions
from resistor_cls.evaluation.wording import percent

BINS = 15  # of confidence, as in Guo et al. 2017
METHOD = (
    "Learn then Test (Angelopoulos et al. 2025), fixed-sequence testing of thresholds with exact "
    "binomial p-values"
)
_MAX_POINTS = 200  # of a curve


def calibration_report(
    predictions: Predictions, calibration: Calibration, basis: str
) -> dict[str, Any]:
    """The part `calibration` of a report.

    Args:
        predictions: calibrated ones.
        calibration: fitted on other photos, or on all of these together (`cross-fitted`).
        basis: see `resistor_cls.evaluation.calibration.CalibratedPredictions`.

    Returns:
        The part under the keys of `report.json`. `photos` is how many the calibration was fitted
        on; the report's `counts.photos` is how many it is evaluated on. `promised` is the risk
        level that is guaranteed and that the page reports. `familiarity` is None without a test for
        unfamiliar photos; else its `limit`, and how many of the photos are `unfamiliar`.
    """
    confidences = predictions.confidences
    assert confidences is not None
    right = predictions.right
    before = predictions.probabilities[np.arange(len(right)), predictions.predicted].astype(float)
    bins = {"before": _reliability(before, right), "after": _reliability(confidences, right)}
    raw = _proper_scores(predictions, lambda part, _: part.astype(np.float64))
    normalised = _proper_scores(predictions, lambda part, _: calibrated(part, 1.0))
    after = _proper_scores(predictions, calibrated)
    coverages, risks = risk_coverage(confidences, right)
    kept = np.unique(np.linspace(0, len(risks) - 1, min(_MAX_POINTS, len(risks))).astype(int))
    return {
        "basis": basis,
        "photos": calibration.photos,
        "temperature": calibration.temperature,
        "reliability": bins,
        "ece": {name: _ece(found) for name, found in bins.items()},
        "brier": {"before": raw["brier"], "after": after["brier"]},
        "log_loss": {"before": normalised["log_loss"], "after": after["log_loss"]},
        "risk_coverage": [[coverages[place], risks[place]] for place in kept],
        "aurc": risks.mean(),
        "reject": _risk_levels(predictions, calibration, basis, coverages, risks),
        "promised": calibration.guaranteed_risk,
        "confidence": CONFIDENCE,
        "method": METHOD,
        "familiarity": _familiarity(predictions, calibration),
        "sets": _prediction_sets(predictions),
    }


def _familiarity(predictions: Predictions, calibration: Calibration) -> dict[str, Any] | None:
    if predictions.familiar is None or calibration.familiarity is None:
        return None
    unfamiliar = int((~predictions.familiar).sum())
    return {"limit": calibration.familiarity.limit, "unfamiliar": unfamiliar}


def _prediction_sets(predictions: Predictions) -> list[dict[str, Any]]:
    assert predictions.set_sizes is not None
    rows = []
    for level, sizes in zip(LEVELS, predictions.set_sizes.T, strict=True):
        counts = zip(*np.unique(sizes, return_counts=True), strict=True)
        rows.append(
            {
                "level": level,
                "coverage": (predictions.ranks <= sizes).mean(),
                "mean_size": sizes.mean(),
                "sizes": [[int(size), int(count)] for size, count in counts],
            }
        )
    return rows


def _reliability(confidences: np.ndarray, right: np.ndarray) -> list[dict[str, Any]]:
    place = np.minimum((confidences * BINS).astype(int), BINS - 1)
    rows = []
    for number in range(BINS):
        inside = place == number
        some = bool(inside.any())
        rows.append(
            {
                "from": number / BINS,
                "to": (number + 1) / BINS,
                "photos": int(inside.sum()),
                "confidence": confidences[inside].mean() if some else None,
                "accuracy": right[inside].mean() if some else None,
            }
        )
    return rows


def _ece(bins: list[dict[str, Any]]) -> float:
    """Expected calibration error: the mean gap of confidence and accuracy, weighted by photos."""
    filled = [row for row in bins if row["photos"]]
    photos = sum(row["photos"] for row in filled)
    return float(
        sum(row["photos"] * abs(row["confidence"] - row["accuracy"]) for row in filled) / photos
    )


def _proper_scores(
    predictions: Predictions, likely_of: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> dict[str, float]:
    """Brier score (the sum over categories, 0 to 2) and log loss; a part of the photos at a time.

    Args:
        predictions: with temperatures.
        likely_of: (probabilities, temperatures) of some photos → the probabilities to score.
    """
    assert predictions.temperatures is not None
    brier, loss, count = 0.0, 0.0, len(predictions.names)
    for rows in chunks(count):
        likely = likely_of(predictions.probabilities[rows], predictions.temperatures[rows])
        of_label = likely[np.arange(len(likely)), predictions.targets[rows]]
        brier += float(((likely**2).sum(axis=1) - 2 * of_label + 1).sum())
        loss -= float(np.log(np.maximum(of_label, TINY)).sum())
    return {"brier": brier / count, "log_loss": loss / count}


def risk_coverage(confidences: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of photos that are accepted, and share of wrong ones among them (El-Yaniv 2010).

    Args:
        confidences: (photos,).
        right: (photos,) bool.

    Returns:
        (photos,) each, the photos of highest confidence first.
    """
    order = np.argsort(-confidences, kind="stable")
    accepted = np.arange(1, len(order) + 1)
    return accepted / len(order), np.cumsum(~right[order]) / accepted


def _risk_levels(
    predictions: Predictions,
    calibration: Calibration,
    basis: str,
    coverages: np.ndarray,
    risks: np.ndarray,
) -> list[dict[str, Any]]:
    assert predictions.accepted is not None
    return [
        {
            **_risk_level(risk, accepted, predictions.right, coverages, risks),
            "threshold": calibration.thresholds[place],
            "reason": _reason(calibration, place, basis, accepted),
        }
        for place, (risk, accepted) in enumerate(zip(RISKS, predictions.accepted.T, strict=True))
    ]


def _risk_level(
    risk: float, accepted: np.ndarray, right: np.ndarray, coverages: np.ndarray, risks: np.ndarray
) -> dict[str, Any]:
    """What is accepted at a risk level on the evaluated photos, and how many of these are wrong."""
    taken, within = accepted == 1, np.flatnonzero(risks <= risk)
    count, wrong = int(taken.sum()), int((taken & ~right).sum())
    guaranteed = not np.isnan(accepted).all()
    return {
        "risk": risk,
        "coverage": taken.mean() if guaranteed else None,
        "accepted": count if guaranteed else None,
        "wrong": wrong if guaranteed else None,
        "realised": wrong / count if count else None,
        "oracle_coverage": coverages[within[-1]] if len(within) else 0.0,
    }


def _reason(calibration: Calibration, place: int, basis: str, accepted: np.ndarray) -> str:
    """Why a risk level is not guaranteed, or not for all photos; empty where it is."""
    fewest, photos = fewest_photos(RISKS[place]), calibration.photos
    if calibration.thresholds[place] is None and photos < fewest:
        return f"too few photos: {photos} held out, at least {fewest} are needed"
    if calibration.thresholds[place] is None:
        return (
            f"not shown by {photos} held-out photos: at least {fewest} familiar ones of the "
            "highest confidence have to be right, and more where one of them is wrong"
        )
    missing = np.isnan(accepted).mean()
    if basis == "cross-fitted" and missing:
        return (
            f"guaranteed by all {photos} photos together; without the fold that each photo is in, "
            f"too few photos or too many wrong ones are left for {percent(missing)} of them"
        )
    return ""
