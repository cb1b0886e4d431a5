"""The reliability diagram: accuracy by confidence, before and after calibration."""

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from resistor_cls.evaluation.figures.base import (
    GREY,
    INK,
    LINE,
    MARK,
    WIDTH,
    Part,
    floats,
    in_percent,
    legend,
    plain,
    sentence_figure,
)


def reliability_figure(calibration: Part | None) -> Figure:
    """Draws how often predictions of a confidence are right, before and after calibration.

    Args:
        calibration: that part of the report; `reliability` and `ece` are read.
    """
    stages = ("before", "after")
    bins = {
        stage: [row for row in calibration["reliability"][stage] if row["photos"]]
        for stage in stages
        if calibration is not None
    }
    if calibration is None or not any(bins.values()):
        return sentence_figure("No calibration was measured.")
    figure = Figure(figsize=(WIDTH, 4.9), dpi=110, layout="constrained")
    axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    plain(axes)
    plain(below)
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="--")
    handles = [Line2D([], [], color=GREY, linewidth=1, linestyle="--")]
    texts = ["calibrated"]
    for stage, colour, shape in zip(stages, (MARK, LINE), ("s", "o"), strict=True):
        rows = bins[stage]
        confidence, accuracy, photos = (
            floats([row[key] for row in rows]) for key in ("confidence", "accuracy", "photos")
        )
        axes.plot(confidence, accuracy, color=colour, linewidth=1)
        # Points²: a bin of few photos means little, but is visible.
        sizes = 12 + 90 * photos / photos.max(initial=1)
        axes.scatter(confidence, accuracy, sizes, color=colour, marker=shape, alpha=0.75, zorder=3)
        for row in rows:
            ends = [row["from"], row["from"], row["to"], row["to"]]
            below.plot(ends, [0.5, row["photos"], row["photos"], 0.5], color=colour, linewidth=1.2)
        error = calibration["ece"][stage]
        handles.append(Line2D([], [], color=colour, marker=shape, linewidth=1, markersize=5))
        texts.append(f"{stage} calibration" + ("" if error is None else f": ECE {error:.4f}"))
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.04, 1.04)
    axes.set_ylabel("correct", fontsize=9)
    below.set_yscale("log")
    below.set_ylim(bottom=0.5)
    below.yaxis.set_major_formatter("{x:,.0f}")
    below.set_ylabel("photos", fontsize=9)
    below.set_xlabel("confidence", fontsize=9)
    in_percent(axes.xaxis, axes.yaxis, below.xaxis)
    axes.set_title("Confidence and accuracy", fontsize=10, color=INK, loc="left")
    legend(figure, handles, texts)
    return figure
