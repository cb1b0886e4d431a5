"""Figures of a run, as matplotlib objects; whoever asks for one decides where it goes."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from resistor_cls.categories import Categories
from resistor_cls.evaluation.comparison import (
    SCORES,
    Comparison,
    counts_text,
    estimate_text,
)

INK, RIGHT, WRONG = "#1f2933", "Greens", "Reds"
LINE, MARK = "#1769aa", "#c2410c"
MOST_WRITTEN = 60  # categories up to which the numbers in the cells can still be read
LONGEST_NAME = 32  # characters of a value beside a panel; a path would leave the panel no room


def confusion_figure(counts: np.ndarray, categories: Categories, title: str = "") -> Figure:
    """Draws a confusion matrix as counts and as shares of each label.

    The diagonal is green and everything beside it is red on a scale of its own, so that a few
    confused photos are seen beside a long row of right ones.

    Args:
        counts: (categories, categories), rows are labels, columns are predictions.
        categories: names of both axes.
        title: above both panels.
    """
    size = len(categories)
    # A cell of 0.3 inch holds a number of two digits; many categories get narrower cells.
    side = max(5.0, size * (0.3 if size <= MOST_WRITTEN else 0.16))
    figure = Figure(figsize=(side + 1.6, 2 * (side + 1.6) + 0.6), dpi=100)
    # Padding in inches, else labels touch the edge.
    figure.set_layout_engine("constrained", w_pad=0.15, h_pad=0.15)
    # One above the other: pages that show a figure fit it to their width.
    above, below = figure.subplots(2, 1)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    _matrix(above, counts, categories, "Photos", "{:.0f}")
    _matrix(below, 100 * shares, categories, "Percent of each label", "{:.0f}")
    if title:
        figure.suptitle(title, fontsize=15, color=INK, parse_math=False)
    return figure


def _matrix(axes: Axes, values: np.ndarray, categories: Categories, title: str, form: str) -> None:
    size = len(categories)
    diagonal = np.eye(size, dtype=bool)
    for mask, colours in ((diagonal, RIGHT), (~diagonal, WRONG)):
        top = max(float(values[mask].max(initial=0)), 1.0)
        # The square root lifts single confused photos off the white.
        shown = np.ma.masked_where(~mask | (values == 0), values)
        axes.imshow(shown, cmap=colours, norm=PowerNorm(0.5, vmin=0, vmax=top * 1.25))
        if size <= MOST_WRITTEN:
            for row, column in zip(*np.nonzero(mask & (values >= 0.5)), strict=True):
                value = values[row, column]
                axes.text(
                    column,
                    row,
                    form.format(value),
                    ha="center",
                    va="center",
                    fontsize=8,
                    color="white" if value > 0.5 * top else INK,
                )
    names = categories.names
    font = 9 if size <= MOST_WRITTEN else 6
    # Labels are anybody's text: two $ in one are no formula.
    axes.set_xticks(range(size), names, rotation=90, fontsize=font, parse_math=False)
    axes.set_yticks(range(size), names, fontsize=font, parse_math=False)
    axes.set_xticks(np.arange(-0.5, size), minor=True)
    axes.set_yticks(np.arange(-0.5, size), minor=True)
    axes.grid(which="minor", color="#d9dee3", linewidth=0.5)
    axes.tick_params(which="minor", length=0)
    axes.set_xlim(-0.5, size - 0.5)
    axes.set_ylim(size - 0.5, -0.5)
    axes.set_xlabel("Prediction", fontsize=12)
    axes.set_ylabel("Label", fontsize=12)
    axes.set_title(title, fontsize=12)


def curves_figure(history: Mapping[str, Sequence[tuple[int, float]]]) -> Figure:
    """Draws metrics over optimizer steps, a panel for each.

    Args:
        history: metric name → (step, value) pairs.
    """
    columns = min(3, max(1, len(history)))
    rows = -(-len(history) // columns) or 1
    figure = Figure(figsize=(4.6 * columns, 3.0 * rows), layout="constrained", dpi=110)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, (name, points) in zip(panels, history.items(), strict=False):
        steps, values = zip(*points, strict=True) if points else ((), ())
        few = len(points) <= 30  # epochs, not steps: mark each
        axes.plot(steps, values, color=LINE, linewidth=1.4, marker="o" if few else "", markersize=4)
        axes.set_title(name, fontsize=11, color=INK, loc="left")
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.grid(color="#e4e7eb", linewidth=0.7)
        axes.ticklabel_format(axis="y", useOffset=False)  # 0.9999, not 1e-5+9.999e-1
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_xlabel("step", fontsize=9)
    for axes in panels[len(history) :]:
        axes.set_visible(False)
    return figure


def gallery_figure(
    photos: Sequence[np.ndarray],
    captions: Sequence[str],
    right: Sequence[bool] | None = None,
    title: str = "",
) -> Figure:
    """Draws photos in rows of six, each with its caption.

    Args:
        photos: (height, width, 3) uint8 RGB each.
        captions: text under each photo.
        right: whether a prediction was right; wrong ones get a coloured caption.
        title: above all.
    """
    columns = max(1, min(6, len(photos)))
    rows = -(-len(photos) // columns) or 1
    lines = max((caption.count("\n") + 1 for caption in captions), default=1)
    tall = 2.3 * max((photo.shape[0] / photo.shape[1] for photo in photos), default=1.0)
    height = (tall + 0.16 * lines) * rows + 0.5  # inches: photos, lines of caption, title
    figure = Figure(figsize=(2.3 * columns, height), dpi=100)
    figure.set_layout_engine("constrained", w_pad=0.06, h_pad=0.06)  # inches
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in panels:
        axes.set_axis_off()
    for place, (axes, photo, caption) in enumerate(zip(panels, photos, captions, strict=False)):
        wrong = right is not None and not right[place]
        axes.imshow(photo)
        ink = MARK if wrong else INK
        axes.set_title(caption, fontsize=8, color=ink, y=0, pad=-4, va="top", parse_math=False)
    if title:
        figure.suptitle(title, fontsize=13, color=INK, parse_math=False)
    return figure


def comparison_figure(comparison: Comparison, key: str) -> Figure:
    """Draws the values of a swept key side by side, a panel for each score.

    A row per value: its jobs as small dots, their mean as a large one with its 95 % interval; below
    each other value, its gap to the first in words.

    Args:
        comparison: the scores.
        key: that was swept.
    """
    values = comparison.values.drop_duplicates("value").to_dict("records")
    # Inches: a row holds a bar and a line of text on both sides of it.
    figure = Figure(figsize=(4.0 * len(SCORES) + 2.2, 1.6 + 0.95 * len(values)), dpi=110)
    figure.set_layout_engine("constrained", w_pad=0.1, h_pad=0.1)
    panels = figure.subplots(1, len(SCORES), sharey=True)
    for axes, score in zip(panels, SCORES, strict=True):
        _comparison_panel(axes, comparison, score)
    labels = [f"{_shortened(row['value'])}\n{counts_text(row)}" for row in values]
    panels[0].set_yticks(range(len(values)), labels, fontsize=9, color=INK, parse_math=False)
    panels[0].set_ylim(len(values) - 0.45, -0.55)
    title = f"{_shortened(key)}: the mean (large dot) of jobs (small dots). {comparison.basis}."
    figure.suptitle(title, fontsize=12, color=INK, parse_math=False)
    return figure


def _shortened(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"…{name[1 - LONGEST_NAME :]}"


def _comparison_panel(axes: Axes, comparison: Comparison, score: str) -> None:
    rows = comparison.values[comparison.values["score"] == score].to_dict("records")
    gaps = comparison.gaps[comparison.gaps["score"] == score].to_dict("records")
    across = axes.get_yaxis_transform()  # x in shares of the panel, y in rows
    for place, row in enumerate(rows):
        jobs = comparison.jobs.loc[comparison.jobs["value"] == row["value"], score]
        axes.plot([row["low"], row["high"]], [place, place], color=LINE, linewidth=3, alpha=0.45)
        axes.plot(jobs, [place] * len(jobs), "o", color=INK, markersize=3.5, alpha=0.7, zorder=3)
        axes.plot(row["mean"], place, "o", color=LINE, markersize=9, zorder=2)
        words = [(estimate_text(row), -0.2, "bottom", INK)]
        if place > 0:
            words.append((f"gap {estimate_text(gaps[place - 1])}", 0.2, "top", MARK))
        for text, shift, side, ink in words:
            axes.text(
                0.5,
                place + shift,
                text,
                transform=across,
                fontsize=9,
                color=ink,
                ha="center",
                va=side,
            )
    axes.set_title(SCORES[score], fontsize=12, color=INK, loc="left")
    axes.margins(x=0.12)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.grid(axis="x", color="#e4e7eb", linewidth=0.7)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
