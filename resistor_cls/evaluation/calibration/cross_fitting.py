"""Cross-fitting: each photo is evaluated by a calibration that was fitted on the other folds."""

from dataclasses import replace

import numpy as np

from resistor_cls.evaluation.calibration.calibration import (
    CalibratedPredictions,
    apply_calibration,
    empty_predictions,
    fit_calibration,
)
from resistor_cls.evaluation.calibration.familiarity import fit_familiarity

FOLDS = 5  # a calibration is fitted on four fifths of the photos at a time


def cross_fitted(
    probabilities: np.ndarray,
    targets: np.ndarray,
    groups: np.ndarray,
    located: np.ndarray | None = None,
    features: np.ndarray | None = None,
) -> CalibratedPredictions | None:
    """Calibrated predictions of photos, each by a calibration that was fitted on other photos.

    The test for unfamiliar photos leaves out the photo itself, not its whole group: a group is
    often all that there is of a category, and nothing would be like it.

    Args:
        probabilities: (photos, categories).
        targets: (photos,) class indices.
        groups: (photos,) photos of one group, such as a burst, are in one fold.
        located: (photos,) bool, see `apply_calibration`.
        features: (photos, features), see `apply_calibration`.

    Returns:
        None for fewer than `FOLDS` groups.
    """
    if len(np.unique(groups)) < FOLDS:
        return None
    usable = np.ones(len(targets), dtype=bool) if located is None else located
    test = fit_familiarity(features, usable)
    if test is not None:
        usable = usable & test.familiarity.familiar(test.distances)
    whole = fit_calibration(probabilities, targets, usable)
    found = empty_predictions(len(targets), whole, "cross-fitted")
    if test is not None:
        whole = replace(whole, familiarity=test.familiarity)
        found = replace(found, calibration=whole, distances=test.distances, own=test.own)
    from sklearn.model_selection import GroupKFold

    folds = GroupKFold(FOLDS, shuffle=True, random_state=0)
    for others, fold in folds.split(targets, groups=groups):
        fitted = fit_calibration(probabilities[others], targets[others], usable[others])
        part = apply_calibration(probabilities[fold], fitted, usable[fold])
        for name in ("temperatures", "thresholds", "confidences", "accepted", "set_sizes"):
            getattr(found, name)[fold] = getattr(part, name)
    return found
