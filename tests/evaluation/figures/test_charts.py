from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from sklearn.metrics import average_precision_score, roc_auc_score

from resistor_cls.categories import Categories
from resistor_cls.evaluation import (
    precision_recall_figure,
    reliability_figure,
    risk_coverage_figure,
    roc_figure,
    stress_figure,
    svg,
    unknown_figure,
)
from resistor_cls.evaluation.figures.base import LINE, MARK
from resistor_cls.evaluation.figures.roc import MAX_CURVES, PALE


def drawn(figure: Figure) -> None:
    figure.savefig(BytesIO(), format="png", dpi=40)


def words(figure: Figure) -> list[str]:
    """Of the legend; of the figure itself where it has none."""
    (legend,) = figure.legends or [figure]
    return [text.get_text() for text in getattr(legend, "texts", [])]


def lines(figure: Figure, colour: str) -> list[Any]:
    return [line for line in figure.axes[0].lines if line.get_color() == colour]


def at_random(photos: int, size: int, skill: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, size, photos)
    logits = rng.normal(size=(photos, size))
    logits[np.arange(photos), targets] += skill
    odds = np.exp(logits)
    return (odds / odds.sum(axis=1, keepdims=True)).astype("f4"), targets


def named(size: int) -> Categories:
    return Categories([f"_{index}$" for index in range(size)])


FIGURES = [(roc_figure, roc_auc_score), (precision_recall_figure, average_precision_score)]


@settings(max_examples=10)
@given(st.integers(40, 200), st.floats(0, 4), st.integers(0, 1000))
def test_the_mean_curve_has_the_mean_area_of_scikit_learn(photos: int, skill: float, seed: int):
    probabilities, targets = at_random(photos, 4, skill, seed)
    for draw, area in FIGURES:
        figure = draw(probabilities, targets, named(4))
        each = [area(targets == index, probabilities[:, index]) for index in range(4)]
        assert words(figure)[0].startswith(f"{np.mean(each):.4f}  mean")
        (mean,) = lines(figure, LINE)
        assert np.trapezoid(mean.get_ydata(), mean.get_xdata()) == pytest.approx(
            np.mean(each), abs=0.02
        )
        assert len(lines(figure, PALE)) == 4


@pytest.mark.parametrize(("draw", "area"), FIGURES)
def test_the_three_worst_categories_are_named(
    draw: Callable[..., Figure], area: Callable[..., float]
):
    probabilities, targets = at_random(400, 8, 3.0)
    figure = draw(probabilities, targets, named(8))
    drawn(figure)
    areas = [area(targets == index, probabilities[:, index]) for index in range(8)]
    worst = np.argsort(areas)[:3]
    assert words(figure)[1:4] == [f"{areas[index]:.4f}  _{index}$" for index in worst]
    (line,) = lines(figure, MARK)
    assert any(np.array_equal(line.get_ydata(), pale.get_ydata()) for pale in lines(figure, PALE))


@pytest.mark.parametrize("draw", [roc_figure, precision_recall_figure])
def test_perfect_categories_are_nobodys_worst(draw: Callable[..., Figure]):
    figure = draw(np.eye(3, dtype="f4")[[0, 1, 2, 0]], np.array([0, 1, 2, 0]), named(3))
    drawn(figure)
    assert words(figure)[0].startswith("1.0000")
    assert len(words(figure)) == 2
    assert not lines(figure, MARK)


@pytest.mark.parametrize("draw", [roc_figure, precision_recall_figure])
def test_of_many_categories_the_worst_are_drawn(draw: Callable[..., Figure]):
    probabilities, targets = at_random(2000, MAX_CURVES + 30, 2.0)
    figure = draw(probabilities, targets, named(MAX_CURVES + 30))
    assert len(lines(figure, PALE)) == MAX_CURVES
    assert words(figure)[-1] == f"the worst {MAX_CURVES} categories"
    assert len(svg(figure)) < 400_000  # characters: a page holds several


@pytest.mark.parametrize("draw", [roc_figure, precision_recall_figure])
@pytest.mark.parametrize("photos", [0, 1, 5])
def test_what_has_no_curve_says_so(draw: Callable[..., Figure], photos: int):
    figure = draw(np.full((photos, 3), 1 / 3, "f4"), np.zeros(photos, int), named(3))
    drawn(figure)
    assert "No category" in words(figure)[0]
    broken, targets = np.full((4, 3), np.nan, "f4"), np.array([0, 1, 2, 0])
    assert "No category" in words(draw(broken, targets, named(3)))[0]


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
        "risk_coverage": [[0.5, 0.0], [1.0, 0.03]],
        "aurc": 0.004,
        "reject": [],
        **given,
    }


def test_reliability_leaves_empty_bins_out():
    figure = reliability_figure(calibration())
    drawn(figure)
    before, after = lines(figure, MARK)[0], lines(figure, LINE)[0]
    assert before.get_xdata().tolist() == pytest.approx([1 / 2, 5 / 6])
    assert after.get_xdata().tolist() == pytest.approx([1 / 6, 5 / 6])
    assert words(figure)[1:] == ["before calibration: ECE 0.0400", "after calibration"]


def test_one_judged_photo_is_drawn():
    one = {"before": bins(0, 1), "after": bins(0, 0)}
    drawn(reliability_figure(calibration(reliability=one)))
    drawn(risk_coverage_figure(calibration(risk_coverage=[[1.0, 0.0]], aurc=None)))


def test_risk_levels_stand_where_they_were_evaluated():
    kept = {"risk": 0.01, "threshold": 0.9, "coverage": 0.95, "realised": 0.002}
    nothing = {"risk": 0.05, "threshold": 1.0, "coverage": 0.0, "realised": None}
    none = {"risk": 0.001, "threshold": None, "coverage": None, "realised": None}
    figure = risk_coverage_figure(calibration(reject=[none, kept, nothing]))
    drawn(figure)
    marked = [line for line in figure.axes[0].lines if line.get_marker() in {"s", "D", "^"}]
    marks = [line.get_xydata()[0].tolist() for line in marked]
    assert marks == [[0.95, 0.002], [0.0, 0.0]]
    assert words(figure)[1:] == [
        "0.1% risk: not guaranteed",
        "1% risk: 95.0% accepted, 0.2% wrong",
        "5% risk: 0.0% accepted",
    ]


def unknown(kinds: dict[str, list[int]], known: list[int]) -> dict[str, Any]:
    return {
        "score": "1 - confidence",
        "known": sum(known),
        "kinds": [{"kind": kind, "photos": sum(kinds[kind]), "auroc": None} for kind in kinds],
        "histogram": {"edges": [0, 0.5, 1], "known": known, "kinds": kinds},
    }


def test_each_kind_of_unknown_photos_gets_a_panel():
    part = unknown({"$empty$ tables": [1, 9], "noise": [0, 0]}, [20, 0])
    part["kinds"][0]["auroc"] = 0.95
    figure = unknown_figure(part)
    drawn(figure)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["$empty$ tables (10), AUROC 0.950", "noise (0)"]
    steps = [patch.get_data().values.tolist() for patch in figure.axes[0].patches]
    assert steps == [[1, 0], [0.1, 0.9]]


def stress(kinds: int, coverage: float | None) -> dict[str, Any]:
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
def test_each_kind_of_stress_gets_a_panel(kinds: int, coverage: float | None):
    figure = stress_figure(stress(kinds, coverage))
    drawn(figure)
    panels = [axes for axes in figure.axes if axes.axison]
    assert [axes.get_title(loc="left") for axes in panels] == [f"kind {i}" for i in range(kinds)]
    for axes in panels:
        assert axes.lines[0].get_xydata() == pytest.approx(
            np.array([[strength, 1 - strength / 10] for strength in range(6)])
        )
    assert len(words(figure)) == (1 if coverage is None else 2)
    for axes in panels[-2:]:
        shown = [tick.get_text() for tick in axes.get_xticklabels() if tick.get_visible()]
        assert shown == ["unchanged", "slight", "mild", "moderate", "strong", "extreme"]


@pytest.mark.parametrize(
    ("draw", "empty"),
    [
        (reliability_figure, calibration(reliability={"before": bins(0), "after": []})),
        (risk_coverage_figure, calibration(risk_coverage=[[None, None]])),
        (unknown_figure, unknown({}, [])),
        (unknown_figure, unknown({"noise": [0, 1]}, [0, 0])),
        (stress_figure, stress(0, None)),
    ],
)
def test_what_was_not_measured_says_so(draw: Callable[..., Figure], empty: dict[str, Any]):
    for part in (None, empty):
        figure = draw(part)
        drawn(figure)
        assert words(figure)[0].startswith("No ")
