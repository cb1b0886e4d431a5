import numpy as np
import pytest

from resistor_cls.evaluation.calibration import (
    Calibration,
    apply_calibration,
    cross_fitted,
    fit_calibration,
)
from resistor_cls.evaluation.calibration.familiarity import (
    MAX_PHOTOS,
    MAX_SCORE,
    MIN_PHOTOS,
    REFUSED,
    fit_familiarity,
)


def features(photos: int, seed: int, centre: float = 1.0) -> np.ndarray:
    """Eight clouds of features, as a network gives them for eight categories."""
    rng = np.random.default_rng(seed)
    clouds = np.random.default_rng(0).normal(size=(8, 64)) * 4 * centre
    return (clouds[rng.integers(0, 8, photos)] + rng.normal(size=(photos, 64))).astype(np.float16)


def probabilities(photos: int) -> tuple[np.ndarray, np.ndarray]:
    targets = np.arange(photos) % 4
    return np.eye(4, dtype=np.float32)[targets] * 0.9 + 0.025, targets


def test_photos_like_the_calibration_photos_are_refused_as_rarely_as_stated() -> None:
    shares = []
    for seed in range(20):
        fitted = fit_familiarity(features(300, seed))
        assert fitted is not None
        others = fitted.familiarity.distances(features(300, 100 + seed))
        shares.append(1 - fitted.familiarity.familiar(others).mean())
    assert np.mean(shares) == pytest.approx(REFUSED, abs=0.01)


def test_other_photos_are_unfamiliar_and_never_accepted() -> None:
    likely, targets = probabilities(300)
    calibration = fit_calibration(likely, targets, None, features(300, 0))
    assert calibration.thresholds[2] is not None
    other = features(300, 1, centre=-1.0)
    found = apply_calibration(likely, calibration, None, other)
    assert not found.familiar.any()
    assert not (found.accepted == 1).any()
    assert (found.ood_scores(None) == MAX_SCORE).all()
    untested = apply_calibration(likely, calibration, None, None)
    assert untested.familiar is None
    assert (untested.accepted[:, 2] == 1).all()


def test_a_calibration_survives_as_plain_values_with_its_test() -> None:
    likely, targets = probabilities(40)
    calibration = fit_calibration(likely, targets, None, features(40, 0))
    again = Calibration.from_dict(calibration.to_dict())
    other = features(40, 5)
    assert again.familiarity.distances(other) == pytest.approx(
        calibration.familiarity.distances(other)
    )
    assert again.familiarity.limit == calibration.familiarity.limit


def test_too_few_photos_or_no_features_leave_no_test() -> None:
    assert fit_familiarity(None) is None
    assert fit_familiarity(features(MIN_PHOTOS - 1, 0)) is None
    located = np.arange(MIN_PHOTOS) > 0
    assert fit_familiarity(features(MIN_PHOTOS, 0), located) is None


def test_no_more_photos_are_kept_than_a_model_should_carry() -> None:
    fitted = fit_familiarity(features(MAX_PHOTOS + 500, 0))
    assert len(fitted.familiarity.references) == MAX_PHOTOS
    assert (fitted.own >= 0).sum() == MAX_PHOTOS
    # The others have all references to be like; none is compared with itself.
    assert (fitted.distances > 1e-4).all()


def test_photos_that_fitted_the_test_are_not_compared_with_themselves() -> None:
    likely, targets = probabilities(200)
    found = cross_fitted(likely, targets, np.arange(200), None, features(200, 0))
    assert 1 - found.familiar.mean() == pytest.approx(REFUSED, abs=0.01)
    # Nor are other versions of them, such as corrupted ones.
    _, accepted = found.apply_to_corrupted(likely, None, features(200, 0))
    assert np.array_equal(accepted[:, 2] == 1, found.accepted[:, 2] == 1)
