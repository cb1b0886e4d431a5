from dataclasses import replace

import numpy as np

from resistor_cls.evaluation.calibration import Calibration, apply_calibration, fit_calibration
from tests.helpers.simulated import simulated


def test_a_calibration_survives_as_plain_values() -> None:
    fitted = fit_calibration(*simulated(400, 4))
    assert fitted.thresholds[0] is None  # 0.1 % needs more photos
    assert Calibration.from_dict(fitted.to_dict()) == fitted


def test_the_keys_on_disk_are_those_of_saved_models() -> None:
    values = fit_calibration(*simulated(400, 4)).to_dict()
    assert list(values) == [
        "temperature", "thresholds", "cuts", "confidence", "photos", "familiarity",
    ]  # fmt: skip
    assert list(values["thresholds"]) == ["0.001", "0.01", "0.05"]
    assert list(values["cuts"]) == ["0.9", "0.95", "0.99"]


def test_thresholds_of_another_confidence_are_left_out() -> None:
    values = fit_calibration(*simulated(400, 4)).to_dict()
    other = Calibration.from_dict({**values, "confidence": 0.9})
    assert other.thresholds == (None, None, None)
    assert other.guaranteed_risk is None


def test_the_risk_level_by_default_is_the_lowest_guaranteed_of_1_and_5_percent() -> None:
    fitted = fit_calibration(*simulated(400, 4))
    for thresholds, risk in (((0.9, 0.8, 0.7), 0.01), ((0.9, None, 0.7), 0.05)):
        assert replace(fitted, thresholds=thresholds).guaranteed_risk == risk
    assert replace(fitted, thresholds=(0.9, None, None)).guaranteed_risk is None


def test_some_of_the_photos_keep_their_values() -> None:
    likely, targets = simulated(60, 4)
    found = apply_calibration(likely, fit_calibration(likely, targets))
    chosen = np.array([7, 3])
    some = found.select(chosen)
    assert some.calibration is found.calibration
    assert np.array_equal(some.confidences, found.confidences[chosen])
    assert np.array_equal(some.set_sizes, found.set_sizes[chosen])
    assert some.distances is None
