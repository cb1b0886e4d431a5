"""The rows of the robustness check."""

import numpy as np
import pytest

from resistor_cls.evaluation.calibration import RISKS, Calibration, apply_calibration
from resistor_cls.inference.checks.corruptions import CORRUPTIONS, SEVERITIES
from resistor_cls.inference.checks.robustness import check_robustness, report_robustness
from tests.helpers.fakes import BrightnessModel, Photos, photo_with_body, predictions_of

CALIBRATION = Calibration(1.0, (None, 0.99, 0.6), (0.0, 0.0, 0.0), 100)


@pytest.fixture
def photos() -> Photos:
    """A light body, a dark one, and a light one whose place is unknown."""
    kinds = [(220, 40, "box"), (30, 200, "detector"), (220, 40, None)]
    shown, bodies = zip(*(photo_with_body(*kind) for kind in kinds), strict=True)
    return Photos(shown, bodies)


def test_each_photo_has_a_row_for_each_corruption_and_severity(photos: Photos) -> None:
    predictions = predictions_of(photos, [1, 0, 0])  # the last label is wrong
    table = check_robustness(BrightnessModel(), photos, predictions, None)  # type: ignore[arg-type]
    assert list(table) == ["photo", "kind", "strength", "prediction", "correct"]
    counts = table.groupby("kind").size()
    assert counts.pop("background") == 2 * len(SEVERITIES)  # two bodies are known
    assert set(counts) == {3 * len(SEVERITIES)}
    assert table["kind"].unique().tolist() == list(CORRUPTIONS)
    assert sorted(table["strength"].unique()) == [1, 2, 3, 4, 5]
    weak = table[(table["kind"] == "blur") & (table["strength"] == 1)]
    assert weak["photo"].tolist() == ["0.jpg", "1.jpg", "2.jpg"]
    assert weak["prediction"].tolist() == ["2R", "1R", "2R"]
    assert weak["correct"].tolist() == [True, True, False]
    # The body stays as it is, whatever is behind it.
    assert table.loc[table["kind"] == "background", "correct"].all()


def test_rows_of_calibrated_predictions_say_what_is_accepted(photos: Photos) -> None:
    predictions = predictions_of(photos, [1, 0, 1], located=np.array([True, True, False]))
    found = apply_calibration(predictions.probabilities, CALIBRATION, predictions.located)
    predictions = predictions.with_calibration(found)
    table = check_robustness(BrightnessModel(), photos, predictions, found)  # type: ignore[arg-type]
    assert table[f"accepted:{RISKS[0]}"].isna().all()  # not guaranteed
    located = table["photo"] != "2.jpg"
    assert not table.loc[~located, f"accepted:{RISKS[2]}"].astype(bool).any()
    sure = table["confidence"] >= 0.6
    assert table.loc[located, f"accepted:{RISKS[2]}"].astype(bool).equals(sure[located])

    report = report_robustness(table, predictions, RISKS[2])
    assert report["risk"] == RISKS[2]
    assert report["plain"]["accuracy"] == 1
    first = report["rows"][0]
    assert (first["kind"], first["strength"], first["photos"]) == ("white balance", 1, 3)
    assert (first["name"], first["amount"]) == ("slight", "±15 mired")
    assert len(report["rows"]) == len(CORRUPTIONS) * len(SEVERITIES)
