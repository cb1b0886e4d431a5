from typing import Any

import pytest

from resistor_cls.evaluation.figures import reliability_figure
from resistor_cls.evaluation.figures.base import LINE, MARK
from tests.helpers.figures import legend_texts, lines, pixels


def bins(*photos: int) -> list[dict[str, Any]]:
    rows = []
    for place, count in enumerate(photos):
        start, end = place / len(photos), (place + 1) / len(photos)
        middle = (start + end) / 2 if count else None
        rows.append(
            {"from": start, "to": end, "photos": count, "confidence": middle, "accuracy": middle}
        )
    return rows


def calibration(**given: Any) -> dict[str, Any]:
    return {
        "reliability": {"before": bins(0, 3, 90), "after": bins(1, 0, 92)},
        "ece": {"before": 0.04, "after": None},
        **given,
    }


def test_reliability_leaves_empty_bins_out() -> None:
    figure = reliability_figure(calibration())
    pixels(figure)
    before, after = lines(figure, MARK)[0], lines(figure, LINE)[0]
    assert before.get_xdata().tolist() == pytest.approx([1 / 2, 5 / 6])
    assert after.get_xdata().tolist() == pytest.approx([1 / 6, 5 / 6])
    assert legend_texts(figure)[1:] == ["before calibration: ECE 0.0400", "after calibration"]


def test_one_evaluated_photo_is_drawn() -> None:
    one = {"before": bins(0, 1), "after": bins(0, 0)}
    pixels(reliability_figure(calibration(reliability=one)))


def test_without_photos_a_sentence_stands_instead() -> None:
    for part in (None, calibration(reliability={"before": bins(0), "after": []})):
        figure = reliability_figure(part)
        pixels(figure)
        assert legend_texts(figure) == ["No calibration was measured."]
