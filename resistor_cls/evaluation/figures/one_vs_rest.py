"""Curves of each category against the rest: the mean of all, and the worst by name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from resistor_cls.categories import Categories
from resistor_cls.evaluation.figures.base import LINE, LONGEST_NAME, MARK, OTHERS, legend
from resistor_cls.evaluation.wording import short

PALE = "#cbd2d9"
MAX_CURVES = 150  # thin lines: more are a grey area, and make the page heavy
NAMED = 3  # worst categories with a colour and a name
NO_CURVE = "No category has photos, photos of other categories beside them, and probabilities."
# Where curves are sampled: everywhere, and more densely where good curves rise.
GRID = np.union1d(np.linspace(0, 1, 101), np.geomspace(1e-4, 0.1, 40))


@dataclass(frozen=True)
class Curve:
    """The curve of one category.

    Attributes:
        name: of the category.
        area: under the curve.
        heights: (points,) float32 on `GRID`.
    """

    name: str
    area: float
    heights: np.ndarray


def curves_of(
    probabilities: np.ndarray,
    targets: np.ndarray,
    categories: Categories,
    curve: Callable[[np.ndarray, np.ndarray], tuple[float, np.ndarray]],
) -> list[Curve]:
    """Curves of the categories that have one, the smallest area first.

    One category follows another: a matrix of all curves beside that of probabilities would need
    their memory several times.

    Args:
        probabilities: (photos, categories).
        targets: (photos,) class indices.
        categories: their names.
        curve: ((photos,) bool, (photos,) probabilities) → the area and the heights on the grid.
    """
    curves = []
    for index, name in enumerate(categories.names):
        positive, scores = targets == index, probabilities[:, index]
        if positive.any() and not positive.all() and np.isfinite(scores).all():
            area, heights = curve(positive, scores)
            curves.append(Curve(name, area, heights.astype(np.float32)))
    return sorted(curves, key=lambda curve: curve.area)


def draw_curves(axes: Axes, grid: np.ndarray, curves: Sequence[Curve]) -> None:
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


def name_curves(figure: Figure, curves: Sequence[Curve], area: str) -> None:
    """Names the mean curve, the worst categories and the thin lines in a legend."""
    mean = np.mean([curve.area for curve in curves])
    entries = [(LINE, 2.4, f"{mean:.4f}  mean {area} of {len(curves)} categories")]
    for curve, colour in _worst(curves):
        entries.append((colour, 1.1, f"{curve.area:.4f}  {short(curve.name, LONGEST_NAME)}"))
    all_drawn = len(curves) <= MAX_CURVES
    some = "each category" if all_drawn else f"the worst {MAX_CURVES} categories"
    entries.append((PALE, 0.8, some))
    handles = [Line2D([], [], color=colour, linewidth=width) for colour, width, _ in entries]
    legend(figure, handles, [text for _, _, text in entries])


def _worst(curves: Sequence[Curve]) -> list[tuple[Curve, str]]:
    """The worst curves with their colours; a perfect curve is not among them."""
    worst = [curve for curve in curves[:NAMED] if curve.area < 1]
    return list(zip(worst, (MARK, *OTHERS), strict=False))
