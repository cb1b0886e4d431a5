"""Photos beside augmented versions of them."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from resistor_cls.evaluation.figures.base import INK, sentence_figure


def augmentation_figure(
    rows: Sequence[Sequence[np.ndarray]], captions: Sequence[str], title: str = ""
) -> Figure:
    """Draws photos beside augmented versions of them, a row for each.

    Args:
        rows: an original photo, then one or more augmented versions of it; (height, width, 3) uint8
            RGB each.
        captions: text under the first photo of each row.
        title: of the figure.
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
    for axes, words in ((panels[0, 0], "original"), (panels[0, 2], "augmented")):
        axes.text(0, 1.03, words, transform=axes.transAxes, fontsize=9, color=INK, va="bottom")
    if title:
        figure.suptitle(title, fontsize=12, color=INK, parse_math=False)
    return figure
