"""ROC curves of each category against the rest."""

from dataclasses import replace

import numpy as np
from matplotlib.figure import Figure
from sklearn.metrics import auc, roc_curve

from resistor_cls.categories import Categories
from resistor_cls.evaluation.figures.base import GREY, chart, plain, sentence_figure
from resistor_cls.evaluation.figures.one_vs_rest import (
    GRID,
    NO_CURVE,
    curves_of,
    draw_curves,
    name_curves,
)

_ZOOM = 0.1  # side of the corner of the figure that is enlarged where all curves end in it


def roc_figure(probabilities: np.ndarray, targets: np.ndarray, categories: Categories) -> Figure:
    """Draws ROC curves of each category against the rest, and their mean.

    The mean curve is the mean of the heights (vertical averaging: Fawcett 2006, Pattern
    Recognition Letters 27); the area beside it is the mean of the areas, the run's `roc_auc`.

    Args:
        probabilities: (photos, categories).
        targets: (photos,) class indices.
        categories: their names.
    """
    curves = curves_of(probabilities, targets, categories, _roc)
    if not curves:
        return sentence_figure(NO_CURVE)
    title = "ROC: each category against the rest"
    figure, axes = chart(4.9, title, "false positive rate", "true positive rate")
    draw_curves(axes, GRID, curves)
    if curves[0].area > 1 - _ZOOM:  # then no curve runs behind the enlarged corner
        corner = axes.inset_axes((0.36, 0.18, 0.58, 0.52))
        near = GRID <= 1.1 * _ZOOM
        draw_curves(corner, GRID[near], [replace(one, heights=one.heights[near]) for one in curves])
        corner.set_xlim(-0.003, _ZOOM + 0.003)
        corner.set_ylim(1 - _ZOOM - 0.003, 1.003)
        corner.set_xticks([0, _ZOOM / 2, _ZOOM])
        corner.set_yticks([1 - _ZOOM, 1 - _ZOOM / 2, 1])
        plain(corner)
        axes.indicate_inset_zoom(corner, edgecolor=GREY)
    name_curves(figure, curves, "ROC AUC")
    return figure


def _roc(positive: np.ndarray, scores: np.ndarray) -> tuple[float, np.ndarray]:
    false_rates, true_rates, _ = roc_curve(positive, scores)
    heights = np.interp(GRID, false_rates, true_rates)
    heights[0] = 0.0  # the curve begins in the corner even where it rises immediately
    return float(auc(false_rates, true_rates)), heights
