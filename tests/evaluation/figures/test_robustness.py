from typing import Any

import numpy as np
import pytest

from resistor_cls.evaluation.figures import robustness_figure
from tests.helpers.figures import legend_texts, pixels


def robustness_part(kinds: int, coverage: float | None) -> dict[str, Any]:
    names = ("slight", "mild", "moderate", "strong", "extreme")
    rows = [
        {
            "kind": f"kind {kind}",
            "strength": strength,
            "name": names[strength - 1],
            "accuracy": 1 - strength / 10,
            "coverage": coverage,
        }
        for kind in range(kinds)
        for strength in (3, 1, 2, 5, 4)
    ]
    return {"plain": {"accuracy": 1.0, "coverage": coverage}, "rows": rows}


@pytest.mark.parametrize("kinds", [1, 3, 8])
@pytest.mark.parametrize("coverage", [None, 0.9])
def test_each_corruption_has_a_panel(kinds: int, coverage: float | None) -> None:
    figure = robustness_figure(robustness_part(kinds, coverage))
    pixels(figure)
    panels = [axes for axes in figure.axes if axes.axison]
    assert [axes.get_title(loc="left") for axes in panels] == [f"kind {i}" for i in range(kinds)]
    for axes in panels:
        assert axes.lines[0].get_xydata() == pytest.approx(
            np.array([[strength, 1 - strength / 10] for strength in range(6)])
        )
    assert len(legend_texts(figure)) == (1 if coverage is None else 2)
    for axes in panels[-2:]:
        shown = [tick.get_text() for tick in axes.get_xticklabels() if tick.get_visible()]
        assert shown == ["unchanged", "slight", "mild", "moderate", "strong", "extreme"]


def test_without_photos_a_sentence_stands_instead() -> None:
    for part in (None, robustness_part(0, None)):
        figure = robustness_figure(part)
        pixels(figure)
        assert legend_texts(figure) == ["No robustness checks were made."]
