import numpy as np
import pytest
from mapie.classification import SplitConformalClassifier
from sklearn.base import BaseEstimator, ClassifierMixin

from resistor_cls.evaluation.calibration import (
    LEVELS,
    RISKS,
    apply_calibration,
    calibrated,
    fit_calibration,
)
from tests.helpers.simulated import simulated


@pytest.mark.parametrize("photos", [40, 400])
def test_sets_hold_the_label_with_the_stated_probability(photos: int) -> None:
    held = np.zeros(len(LEVELS))
    draws = 150
    for seed in range(draws):
        fitted = fit_calibration(*simulated(photos, seed, skill=2.0))
        likely, targets = simulated(500, 10_000 + seed, skill=2.0)
        sizes = apply_calibration(likely, fitted).set_sizes
        ranks = (likely > likely[np.arange(500), targets][:, None]).sum(axis=1) + 1
        held += (ranks[:, None] <= sizes).mean(axis=0) / draws
    # The probability is one of the average draw; its spread is some 0.03 a draw with 40 photos.
    assert (held >= np.array(LEVELS) - 3 * 0.03 / np.sqrt(draws)).all()


def test_sets_are_those_of_the_library_and_never_empty() -> None:
    class Model(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
        classes_ = np.arange(6)
        is_fitted_ = True

        def fit(self, x: np.ndarray, y: np.ndarray) -> "Model":
            return self

        def predict_proba(self, x: np.ndarray) -> np.ndarray:
            return x

        def predict(self, x: np.ndarray) -> np.ndarray:
            return x.argmax(axis=1)

    (likely, targets), (others, _) = simulated(300, 0), simulated(200, 1)
    fitted = fit_calibration(likely, targets)
    library = SplitConformalClassifier(Model(), confidence_level=list(LEVELS))
    library.conformalize(calibrated(likely, fitted.temperature), targets)
    _, sets = library.predict_set(calibrated(others, fitted.temperature))
    wanted = np.maximum(sets.sum(axis=1), 1)
    assert np.array_equal(apply_calibration(others, fitted).set_sizes, wanted)


@pytest.mark.parametrize("photos", [1, 5])
def test_a_few_photos_leave_every_category_in(photos: int) -> None:
    likely, targets = simulated(photos, 5)
    fitted = fit_calibration(likely, targets)
    assert fitted.thresholds == (None,) * len(RISKS)
    assert apply_calibration(likely, fitted).set_sizes[:, -1].tolist() == [6] * photos
