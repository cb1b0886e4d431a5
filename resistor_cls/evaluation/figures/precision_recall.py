"""Precision-recall curves of each category against the rest."""

import numpy as np
from matplotlib.figure import Figure
from sklearn.metrics import precision_recall_curve

from resistor_cls.categories import Categories
from resistor_cls.evaluation.figures.base import chart, sentence_figure
from resistor_cls.evaluation.figures.one_vs_rest import (
    GRID,
    NO_CURVE,
    curves_of,
    draw_curves,
    name_curves,
)


def precision_recall_figure(
    probabilities: np.ndarray, targets: np.ndarray, categories: Categories
) -> Figure:
    """Draws precision over recall of each category against the rest, and their mean.

    The area is average precision: points of the curve are not joined by lines, because precision
    is not linear between them (Davis and Goadrich 2006, ICML).

    Args:
        probabilities: (photos, categories).
        targets: (photos,) class indices.
        categories: their names.
    """
    curves = curves_of(probabilities, targets, categories, _precision_recall)
    if not curves:
        return sentence_figure(NO_CURVE)
    title = "Precision and recall: each category against the rest"
    figure, axes = chart(4.9, title, "recall", "precision")
    draw_curves(axes, 1 - GRID[::-1], curves)
    name_curves(figure, curves, "average precision")
    return figure


def _precision_recall(positive: np.ndarray, scores: np.ndarray) -> tuple[float, np.ndarray]:
    precision, recall, _ = precision_recall_curve(positive, scores)
    # Descending in recall. The precision at a recall is that of the photos needed to reach it.
    precision, recall = precision[::-1], recall[::-1]
    places = np.searchsorted(recall, 1 - GRID[::-1], side="left")
    # Equals scikit-learn's average_precision_score, which would sort once more.
    return float(np.sum(np.diff(recall) * precision[1:])), precision[places]
