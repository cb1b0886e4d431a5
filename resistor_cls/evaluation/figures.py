"""Figures of a run, as matplotlib objects; whoever asks for one decides where it goes."""

import re
import warnings
from collections.abc import Sequence
from io import StringIO

import numpy as np
from matplotlib import colormaps, rc_context
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from PIL import Image

from resistor_cls.categories import Categories

INK, RIGHT, WRONG = "#1f2933", "Greens", "Reds"
LINE, MARK = "#1769aa", "#c2410c"
MOST_WRITTEN = 60  # categories up to which the numbers in the cells can still be read
LARGEST = 26.0  # inches: a matrix of 160 categories; larger ones get smaller cells, not more pixels
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


def augmentation_figure(
    rows: Sequence[Sequence[np.ndarray]], captions: Sequence[str], title: str = ""
) -> Figure:
    """Draws photos beside what augmentation makes of them, a row for each.

    Args:
        rows: a photo as it is, then one draw of its augmentation or more; (height, width, 3) uint8
            RGB each.
        captions: text under the first photo of each row.
        title: above all.
    """
    if not rows:
        return sentence_figure("No photo was augmented.")
    columns = max(len(row) for row in rows)
    tall = max(photo.shape[0] / photo.shape[1] for row in rows for photo in row)
    lines = max(caption.count("\n") + 1 for caption in captions)
    # Inches: photos of 1.5, lines of caption, the heads of the columns, title.
    height = (1.5 * tall + 0.15 * lines + 0.05) * len(rows) + 0.25 + 0.4 * bool(title)
    figure = Figure(figsize=(1.5 * columns + 0.35, height), dpi=110)
    figure.set_layout_engine("constrained", w_pad=0.03, h_pad=0.03, wspace=0, hspace=0)
    panels = figure.subplots(
        len(rows),
        columns + 1,
        squeeze=False,
        gridspec_kw={"width_ratios": [1, 0.15] + [1] * (columns - 1)},
    )
    for axes in panels.flat:
        axes.set_axis_off()
    for line, row, caption in zip(panels, rows, captions, strict=True):
        for axes, photo in zip((line[0], *line[2:]), row, strict=False):
            axes.imshow(photo)
        line[0].set_title(caption, fontsize=8, color=INK, y=0, pad=-4, va="top", parse_math=False)
    for axes, words in ((panels[0, 0], "as it is"), (panels[0, 2], "as it trains")):
        axes.text(0, 1.03, words, transform=axes.transAxes, fontsize=9, color=INK, va="bottom")
    if title:
        figure.suptitle(title, fontsize=12, color=INK, parse_math=False)
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
