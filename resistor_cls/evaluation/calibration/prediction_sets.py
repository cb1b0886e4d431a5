"""Prediction sets: the categories that hold the label with a stated probability."""

import math

import numpy as np

LEVELS = (0.90, 0.95, 0.99)  # probabilities with which a set holds the label
_ROUNDING = 1 - 1e-9  # a photo that a threshold was fitted to must not fall below it


def fit_set_thresholds(of_label: np.ndarray) -> tuple[float, ...]:
    """For each of `LEVELS` the lowest calibrated probability of a category in the set.

    Split conformal prediction with the least ambiguous sets (Sadinle, Lei and Wasserman 2019,
    "Least ambiguous set-valued classifiers with bounded error levels", JASA 114).

    Args:
        of_label: (photos,) calibrated probability of the label of each held-out photo.

    Returns:
        A threshold per level; 0, which leaves every category in, where the photos are too few.
    """
    from mapie.conformity_scores import LACConformityScore

    method = LACConformityScore()
    first = np.zeros(len(of_label), dtype=int)
    scores = method.get_conformity_scores(first, of_label[:, None], y_enc=first)
    enough = [math.ceil((len(scores) + 1) * level) <= len(scores) for level in LEVELS]
    risks = 1 - np.array([level for level, can in zip(LEVELS, enough, strict=True) if can])
    found = iter(
        method.get_conformity_score_quantiles(scores, risks, "prefit") if len(risks) else ()
    )
    return tuple(max(0.0, 1 - float(next(found))) if can else 0.0 for can in enough)


def set_sizes(likely: np.ndarray, thresholds: tuple[float, ...]) -> np.ndarray:
    """How many categories each prediction set holds: at least one, the prediction.

    Args:
        likely: (photos, categories) calibrated probabilities.
        thresholds: see `fit_set_thresholds`.

    Returns:
        (photos, levels) int64.
    """
    sizes = [(likely >= threshold * _ROUNDING).sum(axis=1) for threshold in thresholds]
    found: np.ndarray = np.maximum(1, np.stack(sizes, axis=1))
    return found
