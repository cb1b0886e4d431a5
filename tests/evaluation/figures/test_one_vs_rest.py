"""ROC and precision-recall curves of each category against the rest."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from sklearn.metrics import average_precision_score, roc_auc_score

from resistor_cls.categories import Categories
from resistor_cls.evaluation.figures import precision_recall_figure, roc_figure, svg
from resistor_cls.evaluation.figures.base import LINE, MARK
from resistor_cls.evaluation.figures.one_vs_rest import MAX_CURVES, PALE
from tests.helpers.figures import legend_texts, lines, pixels


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
def test_the_mean_curve_has_the_mean_area_of_scikit_learn(
    photos: int, skill: float, seed: int
) -> None:
    probabilities, targets = at_random(photos, 4, skill, seed)
    for draw, area in FIGURES:
        figure = draw(probabilities, targets, named(4))
        each = [area(targets == index, probabilities[:, index]) for index in range(4)]
        assert legend_texts(figure)[0].startswith(f"{np.mean(each):.4f}  mean")
        (mean,) = lines(figure, LINE)
        assert np.trapezoid(mean.get_ydata(), mean.get_xdata()) == pytest.approx(
            np.mean(each), abs=0.02
        )
        assert len(lines(figure, PALE)) == 4


@pytest.mark.parametrize(("draw", "area"), FIGURES)
def test_the_three_worst_categories_are_named(
    draw: Callable[..., Figure], area: Callable[..., float]
) -> None:
    probabilities, targets = at_random(400, 8, 3.0)
    figure = draw(probabilities, targets, named(8))
    pixels(figure)
    areas = [area(targets == index, probabilities[:, index]) for index in range(8)]
    worst = np.argsort(areas)[:3]
    assert legend_texts(figure)[1:4] == [f"{areas[index]:.4f}  _{index}$" for index in worst]
    (line,) = lines(figure, MARK)
    assert any(np.array_equal(line.get_ydata(), pale.get_ydata()) for pale in lines(figure, PALE))


@pytest.mark.parametrize("draw", [roc_figure, precision_recall_figure])
def test_perfect_categories_are_not_named(draw: Callable[..., Figure]) -> None:
    figure = draw(np.eye(3, dtype="f4")[[0, 1, 2, 0]], np.array([0, 1, 2, 0]), named(3))
    pixels(figure)
    assert legend_texts(figure)[0].startswith("1.0000")
    assert len(legend_texts(figure)) == 2
    assert not lines(figure, MARK)


@pytest.mark.parametrize("draw", [roc_figure, precision_recall_figure])
def test_of_many_categories_the_worst_are_drawn(draw: Callable[..., Figure]) -> None:
    probabilities, targets = at_random(2000, MAX_CURVES + 30, 2.0)
    figure = draw(probabilities, targets, named(MAX_CURVES + 30))
    assert len(lines(figure, PALE)) == MAX_CURVES
    assert legend_texts(figure)[-1] == f"the worst {MAX_CURVES} categories"
    assert len(svg(figure)) < 400_000  # characters: a page holds several


@pytest.mark.parametrize("draw", [roc_figure, precision_recall_figure])
@pytest.mark.parametrize("photos", [0, 1, 5])
def test_what_has_no_curve_says_so(draw: Callable[..., Figure], photos: int) -> None:
    figure = draw(np.full((photos, 3), 1 / 3, "f4"), np.zeros(photos, int), named(3))
    pixels(figure)
    assert "No category" in legend_texts(figure)[0]
    broken, targets = np.full((4, 3), np.nan, "f4"), np.array([0, 1, 2, 0])
    assert "No category" in legend_texts(draw(broken, targets, named(3)))[0]
