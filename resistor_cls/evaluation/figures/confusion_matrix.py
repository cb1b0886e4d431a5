"""The confusion matrix, readable at the width of a page."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, PowerNorm
from matplotlib.figure import Figure

from resistor_cls.categories import Categories
from resistor_cls.evaluation.figures.base import INK
from resistor_cls.evaluation.pages.readings import reading, size_order

MAX_WRITTEN = 60  # categories up to which the numbers in the cells are readable
MAX_SIDE = 26.0  # inches: a matrix of 160 categories; more of them get smaller cells
RIGHT = LinearSegmentedColormap.from_list("right", ["#f1f6fb", "#1769aa"])
WRONG = LinearSegmentedColormap.from_list("wrong", ["#fdebdf", "#c2410c"])
# Inches: 37 categories make 9, of which a page of 900 pixels shows each in its size.
_CELL, _NARROW, _NAMES = 0.2, 0.16, 1.6


def confusion_figure(
    counts: np.ndarray, categories: Categories, title: str = "", order: Sequence[int] | None = None
) -> Figure:
    """Draws a confusion matrix: numbers are photos, colours are shares of the label's photos.

    The diagonal is blue, everything else is orange on a separate scale, so that a few confused
    photos are visible beside many right ones. Both axes name ohms and watts.

    Args:
        counts: (categories, categories), rows are labels, columns are predictions.
        categories: of both axes.
        title: above the matrix.
        order: category indices in the order of both axes; None for the order of ohms.
    """
    order = size_order(categories.names) if order is None else order
    names = axis_names([categories.names[index] for index in order])
    counts = counts[np.ix_(order, order)]
    size = len(names)
    side = min(max(4.0, size * (_CELL if size <= MAX_WRITTEN else _NARROW)), MAX_SIDE)
    figure = Figure(figsize=(side + _NAMES, side + _NAMES + 0.5 * bool(title)), dpi=150)
    # Padding in inches, else names touch the edge.
    figure.set_layout_engine("constrained", w_pad=0.06, h_pad=0.06)
    axes = figure.subplots()
    draw_cells(axes, counts)
    _names(axes, names)
    words = "number: photos; colour: share of the label's photos; blue is right, orange is wrong"
    # The default height, given: searching for it measures every tick label once more.
    axes.set_title(words, fontsize=8.5, color=INK, loc="left", y=1.0)
    if title:
        figure.suptitle(title, fontsize=11, color=INK, parse_math=False)
    return figure


def axis_names(names: Sequence[str]) -> list[str]:
    """Ohms and watts of categories; the label where they are not known or not unique."""
    readings = [reading(name, tolerance=False) for name in names]
    times = Counter(readings)
    return [
        said if said and times[said] == 1 else name
        for name, said in zip(names, readings, strict=True)
    ]


def draw_cells(axes: Axes, counts: np.ndarray) -> None:
    """Draws the cells of a confusion matrix: the diagonal blue, everything else orange.

    Args:
        axes: the panel.
        counts: (rows, columns), rows are labels, columns are predictions.
    """
    size = len(counts)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    diagonal = np.eye(size, counts.shape[1], dtype=bool)
    # Coloured here and not by Matplotlib, which would colour every pixel of every cell.
    cells = np.zeros((*counts.shape, 4), np.uint8)
    for mask, colours in ((diagonal, RIGHT), (~diagonal, WRONG)):
        top = 1.0 if mask is diagonal else max(float(shares[mask].max(initial=0)), 0.01)
        # The square root makes single confused photos visible.
        norm = PowerNorm(1.0 if mask is diagonal else 0.5, vmin=0, vmax=top)
        shown = mask & (counts > 0)
        depths = np.asarray(norm(shares[shown]))
        cells[shown] = colours(depths, bytes=True)
        if size <= MAX_WRITTEN:
            for row, column, depth in zip(*np.nonzero(shown), depths, strict=True):
                text = axes.text(
                    column,
                    row,
                    f"{counts[row, column]:.0f}",
                    ha="center",
                    va="center",
                    fontsize=8.5,
                    color="white" if depth > 0.55 else INK,
                )
                text.set_in_layout(False)  # it lies in the panel: measuring it changes nothing
    axes.imshow(cells)


def _names(axes: Axes, names: Sequence[str]) -> None:
    size = len(names)
    font = 8.5 if size <= MAX_WRITTEN else 7
    # A name needs the height of a cell of MAX_SIDE / 160: of more categories, some are named.
    named = range(0, size, max(1, -(-size // 160)))
    texts = [names[index] for index in named]
    # Labels are free text: two $ in one are not a formula.
    axes.set_xticks(named, texts, rotation=90, fontsize=font, parse_math=False)
    axes.set_yticks(named, texts, fontsize=font, parse_math=False)
    if len(named) == size:  # in smaller cells the grid would cover the colours
        draw_grid(axes, size, size)
    axes.set_xlim(-0.5, size - 0.5)
    axes.set_ylim(size - 0.5, -0.5)
    axes.set_xlabel("Prediction", fontsize=10)
    axes.set_ylabel("Label", fontsize=10)


def draw_grid(axes: Axes, rows: int, columns: int) -> None:
    """Draws lines between the cells of a matrix."""
    # Two sets of lines: a grid of minor ticks takes a fifth of the time of the figure.
    across = axes.hlines(np.arange(-0.5, rows), -0.5, columns - 0.5)
    down = axes.vlines(np.arange(-0.5, columns), -0.5, rows - 0.5)
    for lines in (across, down):
        lines.set(color="#d9dee3", linewidth=0.5, in_layout=False)
