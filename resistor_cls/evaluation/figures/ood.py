"""Scores of out-of-distribution photos beside those of known photos."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from resistor_cls.evaluation.figures.base import (
    LINE,
    LONGEST_NAME,
    MARK,
    WIDTH,
    Part,
    floats,
    legend,
    plain,
    sentence_figure,
)
from resistor_cls.evaluation.wording import percent, short


def ood_figure(part: Part | None) -> Figure:
    """Draws the scores of out-of-distribution photos beside those of known ones.

    Args:
        part: that part of the report; `histogram`, `kinds`, `known` and `score` are read.
    """
    counts = {} if part is None else part["histogram"]["kinds"]
    if part is None or not counts or not sum(part["histogram"]["known"]):
        return sentence_figure("No out-of-distribution photos were evaluated.")
    figure = Figure(figsize=(WIDTH, 1.1 + 0.85 * len(counts)), dpi=110)
    figure.set_layout_engine("constrained", h_pad=0.03, hspace=0)
    panels = figure.subplots(len(counts), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    edges = floats(part["histogram"]["edges"])
    known = _shares(part["histogram"]["known"])
    rows = {row["kind"]: row for row in part["kinds"]}
    top = 1.1 * max(known.max(), *(_shares(photos).max() for photos in counts.values()))
    ticks = [tick for tick in (0.01, 0.1, 0.4, 1.0) if tick < top]
    for axes, (kind, photos) in zip(panels, counts.items(), strict=True):
        plain(axes)
        axes.stairs(known, edges, color=LINE, fill=True, alpha=0.35)
        axes.stairs(_shares(photos), edges, color=MARK, linewidth=1.5)
        area = rows.get(kind, {}).get("auroc")
        words = f"{short(kind, LONGEST_NAME)} ({sum(photos):,})"
        words += "" if area is None else f", AUROC {area:.3f}"
        axes.set_title(words, fontsize=9, color=MARK, loc="left", pad=3, parse_math=False)
        # The root makes the few photos on the wrong side visible.
        axes.set_yscale("function", functions=(_root, np.square))
        axes.set_ylim(0, top)
        axes.set_yticks(ticks, [percent(tick) for tick in ticks])
    panels[-1].set_xlabel(f"score: {part['score']}", fontsize=9, parse_math=False)
    figure.supylabel("share of photos", fontsize=9)
    handles = [
        Line2D([], [], color=LINE, alpha=0.35, linewidth=7),
        Line2D([], [], color=MARK, linewidth=1.5),
    ]
    legend(figure, handles, [f"known photos ({part['known']:,})", "the kind above the panel"])
    return figure


def _shares(counts: Sequence[int]) -> np.ndarray:
    return floats(counts) / max(sum(counts), 1)


def _root(values: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.sqrt(np.maximum(values, 0))
    return found
