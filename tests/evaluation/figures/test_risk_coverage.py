from typing import Any

import numpy as np

from resistor_cls.evaluation.figures import risk_coverage_figure
from tests.helpers.figures import legend_texts, pixels


def calibration(**given: Any) -> dict[str, Any]:
    curve = [[0.5, 0.0], [1.0, 0.03]]
    return {"risk_coverage": curve, "aurc": 0.004, "reject": [], **given}


def test_risk_levels_stand_where_they_were_evaluated() -> None:
    kept = {"risk": 0.01, "threshold": 0.9, "coverage": 0.95, "realised": 0.002}
    nothing = {"risk": 0.05, "threshold": 1.0, "coverage": 0.0, "realised": None}
    none = {"risk": 0.001, "threshold": None, "coverage": None, "realised": None}
    figure = risk_coverage_figure(calibration(reject=[none, kept, nothing]))
    pixels(figure)
    marked = [line for line in figure.axes[0].lines if line.get_marker() in {"s", "D", "^"}]
    marks = [np.asarray(line.get_xydata())[0].tolist() for line in marked]
    assert marks == [[0.95, 0.002], [0.0, 0.0]]
    assert legend_texts(figure)[1:] == [
        "0.1 % risk: not guaranteed",
        "1 % risk: 95.0 % accepted, 0.2 % wrong",
        "5 % risk: 0 % accepted",
    ]


def test_one_evaluated_photo_is_drawn() -> None:
    pixels(risk_coverage_figure(calibration(risk_coverage=[[1.0, 0.0]], aurc=None)))


def test_without_photos_a_sentence_stands_instead() -> None:
    for part in (None, calibration(risk_coverage=[[None, None]])):
        figure = risk_coverage_figure(part)
        pixels(figure)
        assert legend_texts(figure) == ["No risk was measured."]
