"""The rows of the OOD check, and what is reported of them."""

from dataclasses import replace

import numpy as np
import pytest

from resistor_cls.evaluation.calibration import RISKS, Calibration, apply_calibration
from resistor_cls.evaluation.ood import ALL
from resistor_cls.inference.checks.ood import check_ood, report_ood
from resistor_cls.inference.checks.ood_photos import KINDS
from tests.helpers.fakes import BrightnessModel, Photos, photo_with_body, predictions_of

CALIBRATION = Calibration(1.0, (None, 0.9, None), (0.0, 0.0, 0.0), 100)


@pytest.fixture
def photos() -> Photos:
    """Two photos of the categories, and two of others: one is grey, in one no body was found."""
    shown, bodies = zip(
        *(photo_with_body(*kind) for kind in ((250, 40), (5, 200), (128, 40), (250, 40))),
        strict=True,
    )
    located = np.array([True, True, True, False])
    return Photos(shown, bodies, ood_indices=(2, 3), located=located)


def test_photos_of_other_categories_and_synthetic_ones_get_a_row_each(photos: Photos) -> None:
    predictions = predictions_of(photos, [1, 0], located=np.array([True, True]))
    found = apply_calibration(predictions.probabilities, CALIBRATION, predictions.located)
    predictions = predictions.with_calibration(found)
    table = check_ood(BrightnessModel(), photos, found, 1)  # type: ignore[arg-type]
    assert table is not None
    levels = [f"accepted:{risk}" for risk in RISKS]
    first = ["photo", "kind", "prediction", "confidence", "accepted", "located", "unknown"]
    assert list(table) == [*first, *levels]
    assert table["kind"].tolist() == [*KINDS, "other categories", "other categories"]
    assert table["photo"].tolist() == ["drawn 0", "drawn 0", "drawn 0", "2.jpg", "3.jpg"]
    grey, hidden = table.iloc[3], table.iloc[4]
    assert grey["confidence"] < 0.6
    assert (grey["accepted"], grey["located"]) == (False, True)
    assert grey["unknown"] == pytest.approx(1 - grey["confidence"])
    assert hidden["prediction"] == "2R"
    assert (hidden["accepted"], hidden["located"], hidden["unknown"]) == (False, False, 1)
    assert table[levels[0]].isna().all()  # not guaranteed
    assert table[levels[1]].tolist() == table["accepted"].tolist()

    report = report_ood(table, predictions)
    assert report is not None
    rows = {row["kind"]: row for row in report["kinds"]}
    assert list(rows) == [*KINDS, "other categories", ALL]
    assert rows["other categories"]["auroc"] == 1
    assert rows["other categories"]["not_located"] == 1
    assert rows["other categories"]["accepted_at"] == {"0.001": None, "0.01": 0, "0.05": None}
    assert report["score"].startswith("1 - calibrated confidence")
    assert report["known"] == 2


def test_photos_that_are_not_rgb_get_no_synthetic_ones(photos: Photos) -> None:
    predictions = predictions_of(photos, [1, 0])
    found = apply_calibration(predictions.probabilities, CALIBRATION)
    grey = replace(photos, channels=1)
    table = check_ood(BrightnessModel(), grey, found, 1)  # type: ignore[arg-type]
    assert table is not None
    assert set(table["kind"]) == {"other categories"}
    nothing = replace(grey, ood_indices=())
    assert check_ood(BrightnessModel(), nothing, found, 1) is None  # type: ignore[arg-type]
