"""Which colour is read for which band, with the colours beside their names."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from resistor_cls.colour_code import SWATCHES
from resistor_cls.evaluation.figures.base import INK, Part, sentence_figure
from resistor_cls.evaluation.figures.confusion_matrix import draw_cells, draw_grid
from resistor_cls.evaluation.wording import share

_SWATCH = 0.56  # of a cell
_PAD = 25  # points between the matrix and the names: room for a swatch


def band_confusion_figure(confusion: Part | None, title: str = "") -> Figure:
    """Draws the confusion matrix of the band colours: numbers are bands.

    Args:
        confusion: part `band_confusion` of the report on values.
        title: above the matrix.
    """
    if confusion is None:
        return sentence_figure("Of no photo the colours of the bands are known.")
    counts = np.array(confusion["counts"])
    rows, columns = confusion["rows"], confusion["columns"]
    figure = Figure(figsize=(6.4, 6.3 + 0.4 * bool(title)), dpi=150, layout="constrained")
    axes = figure.subplots()
    draw_cells(axes, counts)
    draw_grid(axes, len(rows), len(columns))
    names = [name if name in SWATCHES else "no band" for name in columns]
    axes.set_xticks(range(len(columns)), names, rotation=90, fontsize=8.5)
    axes.set_yticks(range(len(rows)), rows, fontsize=8.5)
    axes.tick_params(which="major", length=0, pad=_PAD)
    _swatches(axes, rows, columns)
    axes.set_xlim(-0.5, len(columns) - 0.5)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlabel("Colour that is read", fontsize=10)
    axes.set_ylabel("True colour", fontsize=10)
    right = share(confusion["right"] / confusion["bands"])
    words = f"number: bands; colour: share of the true colour's bands; {right} of bands right"
    axes.set_title(words, fontsize=8.5, color=INK, loc="left")
    if title:
        figure.suptitle(title, fontsize=11, color=INK, parse_math=False)
    return figure


def _swatches(axes: Axes, rows: list[str], columns: list[str]) -> None:
    """Shows the colours between the matrix and their names."""
    places = [(-0.95, float(row), name) for row, name in enumerate(rows)]
    places += [(column, len(rows) - 0.05, name) for column, name in enumerate(columns)]
    for across, down, name in places:
        if name in SWATCHES:
            corner = (across - _SWATCH / 2, down - _SWATCH / 2)
            axes.add_patch(
                Rectangle(
                    corner,
                    _SWATCH,
                    _SWATCH,
                    facecolor=SWATCHES[name],
                    edgecolor="#5b6570",
                    linewidth=0.6,
                    clip_on=False,
                )
            )
