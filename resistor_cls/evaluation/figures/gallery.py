"""Galleries: photos in rows, each with a caption."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from resistor_cls.evaluation.figures.base import INK, MARK


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
        title: of the figure.
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
