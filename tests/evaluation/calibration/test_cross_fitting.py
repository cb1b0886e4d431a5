import numpy as np
import pytest

from resistor_cls.evaluation.calibration import FOLDS, cross_fitted, fit_temperature
from tests.helpers.simulated import simulated


def test_each_photo_has_a_calibration_of_other_bursts() -> None:
    likely, targets = simulated(400, 3, temperature=2.0)
    bursts = np.repeat(np.arange(40), 10)
    found = cross_fitted(likely, targets, bursts)
    assert found is not None
    assert len(np.unique(found.temperatures)) == FOLDS
    for temperature in np.unique(found.temperatures):
        own = found.temperatures == temperature
        assert not set(bursts[own]) & set(bursts[~own])
        assert fit_temperature(likely[~own], targets[~own]) == pytest.approx(temperature)
    assert cross_fitted(likely, targets, np.zeros(400)) is None
