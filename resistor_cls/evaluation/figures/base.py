"""What figures share: colours, panels, legends, empty figures."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

Part = Mapping[str, Any]  # a part of `report.json`

# Blue is right and orange is wrong in every figure: colour-blind readers tell them apart.
INK, LINE, MARK = "#1f2933", "#1769aa", "#c2410c"
GREY = "#94a3b8"
OTHERS = ("#0f766e", "#7c3aed", "#a16207", "#be185d")  # after LINE and MARK, for the same readers
WIDTH = 4.6  # inches: the width of a phone or half a page; text of 9 points can be read there
LONGEST_NAME = 34  # characters that fit into a legend


def chart(height: float, title: str, across: str, up: str) -> tuple[Figure, Axes]:
    """A figure of one panel, `height` inches tall, with its title and the names of its axes."""
    figure = Figure(figsize=(WIDTH, height), dpi=110, layout="constrained")
    axes = figure.subplots()
    plain(axes)
    axes.set_title(title, fontsize=10, color=INK, loc="left")
    axes.set_xlabel(across, fontsize=9)
    axes.set_ylabel(up, fontsize=9)
    return figure, axes


def plain(axes: Axes) -> None:
    """Gives a panel the grid and the ticks that all charts share."""
    axes.grid(color="#e4e7eb", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)


def in_percent(*axes: Axis) -> None:
    """Labels the ticks of axes of shares in percent."""
    for axis in axes:
        axis.set_major_formatter(PercentFormatter(1, symbol=" %"))


def legend(figure: Figure, handles: Sequence[Line2D], texts: Sequence[str]) -> None:
    """Puts a legend below the panels; a phone has no space for it beside them."""
    box = figure.legend(
        handles, texts, loc="outside lower left", fontsize=8, frameon=False, labelspacing=0.35
    )
    for text in box.get_texts():
        text.set_parse_math(False)  # names are free text: two $ in one are not a formula


def floats(values: Sequence[Any]) -> np.ndarray:
    """Numbers of a report as an array; what is undefined there (None) is nan."""
    return np.array(values, dtype=float)


def sentence_figure(sentence: str) -> Figure:
    """An empty figure with a sentence that says why it is empty."""
    figure = Figure(figsize=(4.6, 1.2), dpi=110)
    figure.text(0.5, 0.5, sentence, fontsize=10, color=INK, ha="center", va="center", wrap=True)
    return figure
