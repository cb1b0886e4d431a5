"""Figures of a run, as matplotlib objects; whoever asks for one decides where it goes."""

import re
import warnings
from collections.abc import Mapping, Sequence
from io import StringIO

import numpy as np
from matplotlib import colormaps, rc_context
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from PIL import Image

from resistor_cls.categories import Categories
from resistor_cls.evaluation.comparison import Comparison, counts_text, estimate_text
from resistor_cls.evaluation.scores import SCORES

INK, RIGHT, WRONG = "#1f2933", "Greens", "Reds"
LINE, MARK = "#1769aa", "#c2410c"
MOST_WRITTEN = 60  # categories up to which the numbers in the cells can still be read
LARGEST = 26.0  # inches: a matrix of 160 categories; larger ones get smaller cells, not more pixels
LONGEST_NAME = 32  # characters of a value beside a panel; a path would leave the panel no room
MOST_PAIRS_SHOWN = 8  # pairs whose photos are drawn: a page full
SIDE_PHOTOS = 3  # photos of each category of such a pair

# One row of `pairs_figure`: caption and photos of the label, caption and photos of the prediction.
PairRow = tuple[str, Sequence[np.ndarray], str, Sequence[np.ndarray]]


def confusion_figure(
    counts: np.ndarray,
    categories: Categories,
    title: str = "",
    order: Sequence[int] | None = None,
) -> Figure:
    """Draws a confusion matrix as counts and as shares of each label.

    The diagonal is green and everything beside it is red on a scale of its own, so that a few
    confused photos are seen beside a long row of right ones.

    Args:
        counts: (categories, categories), rows are labels, columns are predictions.
        categories: names of both axes.
        title: above both panels.
        order: category indices, as they follow each other on both axes; the order of the labels
            without.
    """
    names = categories.names
    if order is not None:
        counts, names = counts[np.ix_(order, order)], tuple(names[index] for index in order)
    size = len(names)
    # A cell of 0.3 inch holds a number of two digits; many categories get narrower cells.
    side = min(max(5.0, size * (0.3 if size <= MOST_WRITTEN else 0.16)), LARGEST)
    figure = Figure(figsize=(side + 1.6, 2 * (side + 1.6) + 0.6), dpi=100)
    # Padding in inches, else labels touch the edge.
    figure.set_layout_engine("constrained", w_pad=0.15, h_pad=0.15)
    # One above the other: pages that show a figure fit it to their width.
    above, below = figure.subplots(2, 1)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    _matrix(above, counts, names, "Photos", "{:.0f}")
    _matrix(below, 100 * shares, names, "Percent of each label", "{:.0f}")
    if title:
        figure.suptitle(title, fontsize=15, color=INK, parse_math=False)
    return figure


def _matrix(axes: Axes, values: np.ndarray, names: Sequence[str], title: str, form: str) -> None:
    size = len(names)
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
    font = 9 if size <= MOST_WRITTEN else 7
    # A name needs the room of a cell of LARGEST / 160: of more categories, some are named.
    named = range(0, size, max(1, -(-size // 160)))
    texts = [names[index] for index in named]
    # Labels are anybody's text: two $ in one are no formula.
    axes.set_xticks(named, texts, rotation=90, fontsize=font, parse_math=False)
    axes.set_yticks(named, texts, fontsize=font, parse_math=False)
    if len(named) == size:  # smaller cells would be all grid
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


def pairs_figure(rows: Sequence[PairRow], title: str = "") -> Figure:
    """Draws photos of categories that are taken for each other, a row per pair.

    Args:
        rows: caption and photos of the label, caption and photos of the prediction; photos are
            (height, width, 3) uint8 RGB. The first eight rows and three photos a side are drawn.
        title: above all.
    """
    rows = rows[:MOST_PAIRS_SHOWN]
    if not rows:
        return sentence_figure("No photo was taken for another category.")
    sides = [photos[:SIDE_PHOTOS] for row in rows for photos in (row[1], row[3])]
    columns = max(2, *(len(photos) for photos in sides))  # captions need the room of two
    lines = max(caption.count("\n") + 1 for row in rows for caption in (row[0], row[2]))
    tall = max((photo.shape[0] / photo.shape[1] for side in sides for photo in side), default=1.0)
    # Inches: photos of 1.2, lines of caption, title.
    height = (1.16 * tall + 0.14 * lines + 0.12) * len(rows) + 0.4 * bool(title)
    figure = Figure(figsize=(2.5 * columns, height), dpi=110)
    figure.set_layout_engine("constrained", w_pad=0.04, h_pad=0.04, wspace=0, hspace=0)
    panels = figure.subplots(
        len(rows),
        2 * columns + 1,
        squeeze=False,
        gridspec_kw={"width_ratios": [1] * columns + [0.15] + [1] * columns},
    )
    for axes in panels.flat:
        axes.set_axis_off()
    for line, row in zip(panels, rows, strict=True):
        for start, caption, photos in ((0, *row[:2]), (columns + 1, *row[2:])):
            for axes, photo in zip(line[start : start + columns], photos, strict=False):
                axes.imshow(photo)
            line[start].set_title(
                _without_middle(caption, 18 * columns),  # characters of 8 points on 1.2 inch
                fontsize=8,
                color=INK,
                loc="left",
                parse_math=False,
            )
    if title:
        figure.suptitle(title, fontsize=12, color=INK, parse_math=False)
    return figure


def saliency_figure(
    photos: Sequence[np.ndarray],
    heatmaps: Sequence[np.ndarray],
    captions: Sequence[str],
    right: Sequence[bool] | None = None,
    title: str = "",
) -> Figure:
    """Draws each photo above a copy on which a map of what decided is laid.

    Args:
        photos: (height, width, 3) uint8 RGB each.
        heatmaps: of each, float in [0, 1] of any height and width; they cover the whole photo.
        captions: text under each pair.
        right: whether a prediction was right; wrong ones get a coloured caption.
        title: above all.
    """
    stacked = []
    for photo, heatmap in zip(photos, heatmaps, strict=True):
        gap = np.full((max(1, photo.shape[0] // 50), photo.shape[1], 3), 255, dtype=np.uint8)
        stacked.append(np.concatenate([photo, gap, overlay(photo, heatmap)]))
    return gallery_figure(stacked, captions, right, title)


def overlay(photo: np.ndarray, heatmap: np.ndarray) -> np.ndarray:
    """A grey copy of a photo, coloured where a map of what decided is high.

    Args:
        photo: (height, width, 3) uint8 RGB.
        heatmap: float in [0, 1] of any height and width; it covers the whole photo.

    Returns:
        (height, width, 3) uint8 RGB.
    """
    heat = Image.fromarray(np.nan_to_num(heatmap).clip(0, 1).astype(np.float32))
    shares = np.asarray(heat.resize(photo.shape[1::-1], Image.Resampling.BILINEAR))[..., None]
    # Grey: colours of bands would be taken for colours of the map.
    grey = photo.mean(axis=2, keepdims=True)
    colours = 255 * colormaps["inferno"](shares[..., 0])[..., :3]
    return np.asarray(grey + (colours - grey) * (0.2 + 0.4 * shares)).astype(np.uint8)


def svg(figure: Figure) -> str:
    """A figure as an `<svg>` element that a page takes in: the same figure, the same text.

    Text stays text, so that it can be searched and read aloud. Groups lose their ids, of which
    every figure of a page would have the same.
    """
    file = StringIO()
    with (
        rc_context({"svg.fonttype": "none", "svg.hashsalt": "resistor_cls"}),
        warnings.catch_warnings(),
    ):
        # The page's reader has fonts of his own.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(file, format="svg", metadata=nothing)
    text = file.getvalue()
    return re.sub(r'<g id="[^"]*"', "<g", text[text.index("<svg") :])


def sentence_figure(sentence: str) -> Figure:
    """Says in an empty panel why it is empty."""
    figure = Figure(figsize=(4.6, 1.2), dpi=110)
    figure.text(0.5, 0.5, sentence, fontsize=10, color=INK, ha="center", va="center", wrap=True)
    return figure


def _without_middle(text: str, most: int) -> str:
    """Long lines without their middles: names of categories differ at their ends."""
    half = most // 2
    lines = text.split("\n")
    return "\n".join(
        line if len(line) <= most else f"{line[: half - 1]}…{line[-half:]}" for line in lines
    )


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
