"""ROC and precision-recall curves of every category, the worst of them named."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from sklearn.metrics import auc, precision_recall_curve, roc_curve

from resistor_cls.categories import Categories
from resistor_cls.evaluation.figures.base import INK, LINE, MARK, sentence_figure
from resistor_cls.evaluation.figures.charts import GREY, OTHERS, chart, legend, plain, short

PALE = "#cbd2d9"
MAX_CURVES = 150  # thin lines: more are a grey area, and make the page heavy
NAMED = 3  # worst categories with a colour and a name
_ZOOM = 0.1  # side of the corner of a ROC figure that is drawn large where all curves end in it
_NO_CURVE = "No category has photos of its own, photos of others beside them, and probabilities."
# Where curves are read: everywhere, and closer where the good ones rise.
_GRID = np.union1d(np.linspace(0, 1, 101), np.geomspace(1e-4, 0.1, 40))


@dataclass(frozen=True)
class _Curve:
    """Of one category: its name, the area under it, and its heights on the grid (float32)."""

    name: str
    area: float
    heights: np.ndarray

    def only(self, kept: np.ndarray) -> "_Curve":
        """The part on those points of the grid."""
        return replace(self, heights=self.heights[kept])


def roc_figure(probabilities: np.ndarray, targets: np.ndarray, categories: Categories) -> Figure:
    """Draws ROC curves of each category against the rest, and their mean.

    The mean curve is the mean of the heights (vertical averaging: Fawcett 2006, Pattern
    Recognition Letters 27); the area beside it is the mean of the areas, the run's `roc_auc`.

    Args:
        probabilities: (photos, categories).
        targets: (photos,) class indices.
        categories: their names.
    """
    curves = _curves(probabilities, targets, categories, _roc)
    if not curves:
        return sentence_figure(_NO_CURVE)
    figure, axes = chart(4.9)
    axes.set_title("ROC: each category against the rest", fontsize=10, color=INK, loc="left")
    axes.set_xlabel("false positive rate", fontsize=9)
    axes.set_ylabel("true positive rate", fontsize=9)
    _draw_curves(axes, _GRID, curves)
    if curves[0].area > 1 - _ZOOM:  # then no curve comes where the corner is drawn large
        corner = axes.inset_axes((0.36, 0.18, 0.58, 0.52))
        near = _GRID <= 1.1 * _ZOOM
        _draw_curves(corner, _GRID[near], [curve.only(near) for curve in curves])
        corner.set_xlim(-0.003, _ZOOM + 0.003)
        corner.set_ylim(1 - _ZOOM - 0.003, 1.003)
        corner.set_xticks([0, _ZOOM / 2, _ZOOM])
        corner.set_yticks([1 - _ZOOM, 1 - _ZOOM / 2, 1])
        plain(corner)
        axes.indicate_inset_zoom(corner, edgecolor=GREY)
    _name_curves(figure, curves, "ROC AUC")
    return figure


def precision_recall_figure(
    probabilities: np.ndarray, targets: np.ndarray, categories: Categories
) -> Figure:
    """Draws precision over recall of each category against the rest, and their mean.

    The area is average precision: no line is drawn between two points of the curve, because
    precision does not go straight (Davis and Goadrich 2006, ICML).

    Args:
        probabilities: (photos, categories).
        targets: (photos,) class indices.
        categories: their names.
    """
    curves = _curves(probabilities, targets, categories, _precision_recall)
    if not curves:
        return sentence_figure(_NO_CURVE)
    figure, axes = chart(4.9)
    axes.set_title(
        "Precision and recall: each category against the rest", fontsize=10, color=INK, loc="left"
    )
    axes.set_xlabel("recall", fontsize=9)
    axes.set_ylabel("precision", fontsize=9)
    _draw_curves(axes, 1 - _GRID[::-1], curves)
    _name_curves(figure, curves, "average precision")
    return figure


def _curves(
    probabilities: np.ndarray,
    targets: np.ndarray,
    categories: Categories,
    judge: Callable[[np.ndarray, np.ndarray], tuple[float, np.ndarray]],
) -> list[_Curve]:
    """Curves of the categories that have one, the smallest area first.

    Columns follow one another: a matrix of all results beside that of probabilities
    would need their memory several times.
    """
    curves = []
    for index, name in enumerate(categories.names):
        positive, scores = targets == index, probabilities[:, index]
        if positive.any() and not positive.all() and np.isfinite(scores).all():
            area, heights = judge(positive, scores)
            curves.append(_Curve(name, area, heights.astype(np.float32)))
    return sorted(curves, key=lambda curve: curve.area)


def _roc(positive: np.ndarray, scores: np.ndarray) -> tuple[float, np.ndarray]:
    false_rates, true_rates, _ = roc_curve(positive, scores)
    heights = np.interp(_GRID, false_rates, true_rates)
    heights[0] = 0.0  # the curve begins in the corner, also where it rises at once
    return float(auc(false_rates, true_rates)), heights


def _precision_recall(positive: np.ndarray, scores: np.ndarray) -> tuple[float, np.ndarray]:
    precision, recall, _ = precision_recall_curve(positive, scores)
    # Descending in recall. The precision at a recall is that of the photos needed to reach it.
    precision, recall = precision[::-1], recall[::-1]
    places = np.searchsorted(recall, 1 - _GRID[::-1], side="left")
    # The sum of steps, as scikit-learn's average_precision_score, which would sort once more.
    return float(np.sum(np.diff(recall) * precision[1:])), precision[places]


def _draw_curves(axes: Axes, grid: np.ndarray, curves: Sequence[_Curve]) -> None:
    """Draws curves, the worst first, and their mean.

    Args:
        axes: to draw on.
        grid: (points,) x of the heights.
        curves: the worst first.
    """
    for curve in curves[:MAX_CURVES]:
        axes.plot(grid, curve.heights, color=PALE, linewidth=0.6)
    for curve, colour in _worst(curves):
        axes.plot(grid, curve.heights, color=colour, linewidth=1.1)
    macro = np.mean([curve.heights for curve in curves], axis=0)
    axes.plot(grid, macro, color=LINE, linewidth=2.4)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)


def _name_curves(figure: Figure, curves: Sequence[_Curve], area: str) -> None:
    mean = np.mean([curve.area for curve in curves])
    entries = [(LINE, 2.4, f"{mean:.4f}  mean {area} of {len(curves)} categories")]
    entries += [
        (colour, 1.1, f"{curve.area:.4f}  {short(curve.name)}") for curve, colour in _worst(curves)
    ]
    all_drawn = len(curves) <= MAX_CURVES
    some = "each category" if all_drawn else f"the worst {MAX_CURVES} categories"
    entries.append((PALE, 0.8, some))
    handles = [Line2D([], [], color=colour, linewidth=width) for colour, width, _ in entries]
    legend(figure, handles, [text for _, _, text in entries])


def _worst(curves: Sequence[_Curve]) -> list[tuple[_Curve, str]]:
    """Those that get a colour: a perfect curve is nobody's worst."""
    worst = [curve for curve in curves[:NAMED] if curve.area < 1]
    return list(zip(worst, (MARK, *OTHERS), strict=False))
