"""Promises are kept: by simulation over many draws of held-out photos."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mapie.classification import SplitConformalClassifier
from sklearn.base import BaseEstimator, ClassifierMixin

from resistor_cls.evaluation.calibration import (
    CONFIDENCE,
    FOLDS,
    LEVELS,
    RISKS,
    Calibration,
    apply_calibration,
    calibrated,
    cross_fitted,
    fewest_photos,
    fit_calibration,
    fit_temperature,
    fit_threshold,
)


def drawn(
    photos: int, seed: int, skill: float = 4.0, temperature: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of 6 categories and labels drawn by them; then made too sure or too soft."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(photos, 6)) * skill
    likely = calibrated(np.exp(logits - logits.max(axis=1, keepdims=True)), 1.0)
    targets = (likely.cumsum(axis=1) > rng.random((photos, 1))).argmax(axis=1)
    return calibrated(likely, 1 / temperature).astype("f4"), targets


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_undoes_what_made_a_model_too_sure(temperature: float):
    assert fit_temperature(*drawn(20_000, 0, temperature=temperature)) == pytest.approx(
        temperature, rel=0.05
    )


def test_without_a_wrong_answer_nothing_is_learned_of_sureness():
    probabilities = np.full((50, 3), 0.2, "f4")
    probabilities[:, 1] = 0.6
    assert fit_temperature(probabilities, np.ones(50, int)) == 1.0


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 10))
def test_calibrated_probabilities_sum_to_one_and_keep_their_order(seed: int, temperature: float):
    rng = np.random.default_rng(seed)
    probabilities = (rng.random((20, 7)) ** 20).astype("f4")  # answers to separate questions
    probabilities[0] = 0
    likely = calibrated(probabilities, temperature)
    assert likely.sum(axis=1) == pytest.approx(1)
    rows = np.arange(20)
    assert np.array_equal(likely[rows, probabilities.argmax(axis=1)], likely.max(axis=1))


# How often an answer of some confidence is right: as it says; less often than it says; in steps.
HONEST: tuple[Callable[[np.ndarray], np.ndarray], ...] = (
    lambda sure: sure,
    lambda sure: sure**3,
    lambda sure: np.where(sure > 0.9, 0.995, 0.8),
)


@pytest.mark.parametrize("right_at", HONEST)
@pytest.mark.parametrize(("risk", "photos"), [(0.05, 300), (0.01, 1500)])
def test_a_stated_risk_is_kept_over_many_draws(
    right_at: Callable[[np.ndarray], np.ndarray], risk: float, photos: int
):
    def sureness(rng: np.random.Generator, count: int) -> np.ndarray:
        return 1 - rng.beta(0.25, 3, count)

    everyone = np.sort(sureness(np.random.default_rng(1), 1_000_000))
    # Share of wrong answers among those of at least each confidence.
    wrong = np.cumsum(1 - right_at(everyone)[::-1])[::-1] / np.arange(len(everyone), 0, -1)
    broken, promised, draws = 0, 0, 600
    for seed in range(draws):
        rng = np.random.default_rng([2, seed])
        sure = sureness(rng, photos)
        threshold, reason = fit_threshold(sure, rng.random(photos) < right_at(sure), risk)
        if threshold is None:
            assert "too many to promise" in reason
            continue
        promised += 1
        place = min(np.searchsorted(everyone, threshold), len(everyone) - 1)
        broken += wrong[place] > risk
    # 5 % of the draws may break it, and three standard deviations of that.
    allowed = 1 - CONFIDENCE + 3 * np.sqrt(CONFIDENCE * (1 - CONFIDENCE) / draws)
    assert broken <= allowed * draws
    assert promised > 0.1 * draws


def test_too_few_photos_promise_nothing_and_say_so():
    assert [fewest_photos(risk) for risk in RISKS] == [2995, 299, 59]
    sure, right = np.linspace(1, 0.5, 298), np.ones(298, bool)
    threshold, reason = fit_threshold(sure, right, 0.01)
    assert threshold is None
    assert reason.startswith(
        "too few photos: 298 held out, at least 299 are needed to promise 1.0%"
    )
    assert fit_threshold(np.append(sure, 0.4), np.append(right, True), 0.01) == (0.4, "")


def test_photos_of_equal_confidence_are_accepted_together():
    sure = np.repeat([0.9, 0.8, 0.7], [50, 50, 100])
    right = np.ones(200, bool)
    right[[120, 130, 140, 150, 160, 170]] = False  # among the last, which stand for 5 % no more
    assert fit_threshold(sure, right, 0.05) == (0.8, "")


@pytest.mark.parametrize("photos", [40, 400])
def test_sets_hold_the_truth_as_often_as_promised(photos: int):
    held = np.zeros(len(LEVELS))
    draws = 150
    for seed in range(draws):
        fitted = fit_calibration(*drawn(photos, seed, skill=2.0))
        likely, targets = drawn(500, 10_000 + seed, skill=2.0)
        sizes = apply_calibration(likely, fitted).candidates
        ranks = (likely > likely[np.arange(500), targets][:, None]).sum(axis=1) + 1
        held += (ranks[:, None] <= sizes).mean(axis=0) / draws
    # The promise is one of the average draw; its spread is some 0.03 a draw with 40 photos.
    assert (held >= np.array(LEVELS) - 3 * 0.03 / np.sqrt(draws)).all()


def test_sets_are_those_of_the_library_and_never_empty():
    class Judged(ClassifierMixin, BaseEstimator):
        classes_ = np.arange(6)
        is_fitted_ = True

        def fit(self, x: np.ndarray, y: np.ndarray) -> "Judged":
            return self

        def predict_proba(self, x: np.ndarray) -> np.ndarray:
            return x

        def predict(self, x: np.ndarray) -> np.ndarray:
            return x.argmax(axis=1)

    (likely, targets), (others, _) = drawn(300, 0), drawn(200, 1)
    fitted = fit_calibration(likely, targets)
    library = SplitConformalClassifier(Judged(), confidence_level=list(LEVELS))
    library.conformalize(calibrated(likely, fitted.temperature), targets)
    _, sets = library.predict_set(calibrated(others, fitted.temperature))
    wanted = np.maximum(sets.sum(axis=1), 1)
    assert np.array_equal(apply_calibration(others, fitted).candidates, wanted)


def test_each_photo_is_judged_by_a_calibration_of_other_bursts():
    likely, targets = drawn(400, 3, temperature=2.0)
    bursts = np.repeat(np.arange(40), 10)
    found = cross_fitted(likely, targets, bursts)
    assert found is not None
    assert len(np.unique(found.temperatures)) == FOLDS
    for temperature in np.unique(found.temperatures):
        own = found.temperatures == temperature
        assert not set(bursts[own]) & set(bursts[~own])
        assert fit_temperature(likely[~own], targets[~own]) == pytest.approx(temperature)
    assert cross_fitted(likely, targets, np.zeros(400)) is None


def test_a_calibration_is_kept_as_plain_values():
    fitted = fit_calibration(*drawn(400, 4))
    assert fitted.thresholds[0] is None  # 0.1 % needs more photos
    assert Calibration.from_record(fitted.record()) == fitted


@pytest.mark.parametrize("photos", [1, 5])
def test_a_few_photos_leave_every_category_in(photos: int):
    likely, targets = drawn(photos, 5)
    fitted = fit_calibration(likely, targets)
    assert fitted.thresholds == (None,) * len(RISKS)
    assert apply_calibration(likely, fitted).candidates[:, -1].tolist() == [6] * photos
