"""Photos of categories that are confused with each other."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from resistor_cls.evaluation.figures.base import INK, sentence_figure
from resistor_cls.evaluation.wording import short

MAX_PAIRS = 8  # a page full
MAX_PHOTOS = 3  # of each category of a pair

# One row of `pairs_figure`: caption and photos of the label, caption and photos of the prediction.
PairRow = tuple[str, Sequence[np.ndarray], str, Sequence[np.ndarray]]


def pairs_figure(rows: Sequence[PairRow], title: str = "") -> Figure:
    """Draws photos of categories that are taken for each other, a row per pair.

    Args:
        rows: caption and photos of the label, caption and photos of the prediction; photos are
            (height, width, 3) uint8 RGB. The first eight rows and three photos a side are shown.
        title: of the figure.
    """
    rows = rows[:MAX_PAIRS]
    if not rows:
        return sentence_figure("No photo was taken for another category.")
    sides = [photos[:MAX_PHOTOS] for row in rows for photos in (row[1], row[3])]
    columns = max(2, *(len(photos) for photos in sides))  # captions need the width of two
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
                _shortened(caption, 18 * columns),  # characters of 8 points on 1.2 inch
                fontsize=8,
                color=INK,
                loc="left",
                parse_math=False,
            )
    if title:
        figure.suptitle(title, fontsize=12, color=INK, parse_math=False)
    return figure


def _shortened(caption: str, longest: int) -> str:
    """A caption whose lines have at most so many characters."""
    return "\n".join(short(line, longest) for line in caption.split("\n"))
