"""Figures of a run, as matplotlib objects; whoever asks for one decides where it goes."""

import re
import warnings
from collections.abc import Sequence
from io import StringIO

import numpy as np
from matplotlib import colormaps, rc_context
from matplotlib.figure import Figure
from PIL import Image

# Blue is right and orange is wrong everywhere: those who see no red or green tell them apart.
INK, LINE, MARK = "#1f2933", "#1769aa", "#c2410c"
MAX_PAIRS_SHOWN = 8  # pairs whose photos are drawn: a page full
SIDE_PHOTOS = 3  # photos of each category of such a pair

# One row of `pairs_figure`: caption and photos of the label, caption and photos of the prediction.
PairRow = tuple[str, Sequence[np.ndarray], str, Sequence[np.ndarray]]


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
    rows = rows[:MAX_PAIRS_SHOWN]
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
        # Without a ground of its own, it lies on a light page and on a dark one.
        figure.savefig(file, format="svg", metadata=nothing, transparent=True)
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
