"""The risk guarantee holds: by simulation over many draws of held-out photos."""

from collections.abc import Callable

import numpy as np
import pytest

from resistor_cls.evaluation.calibration import CONFIDENCE, RISKS, fewest_photos, fit_threshold
from resistor_cls.evaluation.calibration.risk_threshold import accepted_at

# Accuracy as a function of confidence: equal to it; below it; in steps.
ACCURACIES: tuple[Callable[[np.ndarray], np.ndarray], ...] = (
    lambda confidences: confidences,
    lambda confidences: confidences**3,
    lambda confidences: np.where(confidences > 0.9, 0.995, 0.8),
)


@pytest.mark.parametrize("accuracy", ACCURACIES)
@pytest.mark.parametrize(("risk", "photos"), [(0.05, 300), (0.01, 1500)])
def test_the_risk_guarantee_holds_over_many_draws(
    accuracy: Callable[[np.ndarray], np.ndarray], risk: float, photos: int
) -> None:
    def drawn(rng: np.random.Generator, count: int) -> np.ndarray:
        return 1 - rng.beta(0.25, 3, count)

    population = np.sort(drawn(np.random.default_rng(1), 1_000_000))
    # Share of wrong predictions among those of at least each confidence.
    wrong = np.cumsum(1 - accuracy(population)[::-1])[::-1] / np.arange(len(population), 0, -1)
    broken, guaranteed, draws = 0, 0, 600
    for seed in range(draws):
        rng = np.random.default_rng([2, seed])
        confidences = drawn(rng, photos)
        right = rng.random(photos) < accuracy(confidences)
        threshold = fit_threshold(confidences, right, risk)
        if threshold is None:
            continue
        guaranteed += 1
        place = min(int(np.searchsorted(population, threshold)), len(population) - 1)
        broken += wrong[place] > risk
    # 5 % of the draws may break it, and three standard deviations of that.
    allowed = 1 - CONFIDENCE + 3 * np.sqrt(CONFIDENCE * (1 - CONFIDENCE) / draws)
    assert broken <= allowed * draws
    assert guaranteed > 0.1 * draws


def test_too_few_photos_guarantee_nothing() -> None:
    assert [fewest_photos(risk) for risk in RISKS] == [2995, 299, 59]
    confidences, right = np.linspace(1, 0.5, 298), np.ones(298, bool)
    assert fit_threshold(confidences, right, 0.01) is None
    assert fit_threshold(np.append(confidences, 0.4), np.append(right, True), 0.01) == 0.4


def test_a_wrong_prediction_of_high_confidence_takes_the_guarantee_away() -> None:
    confidences, right = np.linspace(1, 0.5, 299), np.ones(299, bool)
    right[10] = False
    assert fit_threshold(confidences, right, 0.01) is None


def test_photos_of_equal_confidence_are_accepted_together() -> None:
    confidences = np.repeat([0.9, 0.8, 0.7], [50, 50, 100])
    right = np.ones(200, bool)
    right[[120, 130, 140, 150, 160, 170]] = False  # of the last group; with it 5 % is exceeded
    assert fit_threshold(confidences, right, 0.05) == 0.8


def test_what_is_not_usable_is_never_accepted() -> None:
    confidences, usable = np.array([0.9, 0.5, 0.99]), np.array([True, True, False])
    thresholds = np.array([[np.nan, 0.9]] * 3)
    accepted = accepted_at(confidences, thresholds, usable)
    np.testing.assert_equal(accepted, [[np.nan, 1], [np.nan, 0], [np.nan, 0]])
    np.testing.assert_equal(accepted_at(confidences, thresholds, None)[:, 1], [1, 0, 1])
