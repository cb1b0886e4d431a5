"""The risk-coverage curve: share of wrong predictions among the accepted ones."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from resistor_cls.evaluation.figures.base import (
    GREY,
    LINE,
    MARK,
    OTHERS,
    Part,
    chart,
    floats,
    in_percent,
    legend,
    sentence_figure,
)
from resistor_cls.evaluation.wording import level, share


def risk_coverage_figure(calibration: Part | None) -> Figure:
    """Draws the share of wrong predictions among the accepted ones, by coverage.

    Args:
        calibration: that part of the report; `risk_coverage`, `aurc` and `reject` are read.
    """
    curve = floats([] if calibration is None else calibration["risk_coverage"]).reshape(-1, 2)
    curve = curve[np.isfinite(curve).all(axis=1)]
    if calibration is None or not len(curve):
        return sentence_figure("No risk was measured.")
    title = "Wrong predictions among the accepted"
    figure, axes = chart(4.4, title, "accepted photos (coverage)", "wrong among them (risk)")
    few = len(curve) == 1
    axes.plot(*curve.T, color=LINE, linewidth=2, marker="o" if few else "", markersize=4)
    area = calibration["aurc"]
    handles = [Line2D([], [], color=LINE, linewidth=2)]
    texts = ["photos by confidence" + ("" if area is None else f", area {area:.4f}")]
    # At least up to the largest risk level, so that a single wrong photo does not fill the panel.
    tops = [curve[:, 1].max(), *(row["risk"] for row in calibration["reject"])]
    for row, shape, colour in zip(calibration["reject"], "sD^vP", (MARK, *OTHERS), strict=False):
        axes.axhline(row["risk"], color=GREY, linewidth=0.8, linestyle=":")
        risk = f"{level(row['risk'])} risk:"
        if row["threshold"] is None or row["coverage"] is None:
            handles.append(Line2D([], [], linewidth=0))
            texts.append(f"{risk} not guaranteed")
            continue
        realised = row["realised"]
        handles.append(Line2D([], [], color=colour, marker=shape, linewidth=0, markersize=7))
        wrong = "" if realised is None else f", {share(realised)} wrong"
        texts.append(f"{risk} {share(row['coverage'])} accepted{wrong}")
        # At the limit of the panel where nothing was accepted, so that the level is visible.
        height = 0.0 if realised is None else realised
        tops.append(height)
        axes.plot(
            row["coverage"], height, shape, color=colour, markersize=8, alpha=0.85, clip_on=False
        )
    axes.set_xlim(0, 1.01)
    axes.set_ylim(0, max(1.15 * max(tops), 0.001))
    in_percent(axes.xaxis, axes.yaxis)
    legend(figure, handles, texts)
    return figure
