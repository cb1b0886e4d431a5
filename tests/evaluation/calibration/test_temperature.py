import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resistor_cls.evaluation.calibration import calibrated, fit_temperature
from tests.helpers.simulated import simulated


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_restores_probabilities_that_were_sharpened_or_softened(
    temperature: float,
) -> None:
    assert fit_temperature(*simulated(20_000, 0, temperature=temperature)) == pytest.approx(
        temperature, rel=0.05
    )


def test_without_a_wrong_prediction_the_temperature_is_1() -> None:
    probabilities = np.full((50, 3), 0.2, "f4")
    probabilities[:, 1] = 0.6
    assert fit_temperature(probabilities, np.ones(50, int)) == 1.0


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 10))
def test_calibrated_probabilities_sum_to_one_and_keep_their_order(
    seed: int, temperature: float
) -> None:
    rng = np.random.default_rng(seed)
    probabilities = (rng.random((20, 7)) ** 20).astype("f4")  # separate yes-or-no outputs
    probabilities[0] = 0
    likely = calibrated(probabilities, temperature)
    assert likely.sum(axis=1) == pytest.approx(1)
    rows = np.arange(20)
    assert np.array_equal(likely[rows, probabilities.argmax(axis=1)], likely.max(axis=1))
