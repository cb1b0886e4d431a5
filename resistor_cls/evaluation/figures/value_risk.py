"""Coverage against the share of wrong values among the accepted, by photographer."""

from collections.abc import Sequence
from typing import Literal

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from resistor_cls.evaluation.figures.base import (
    GREY,
    INK,
    LINE,
    LONGEST_NAME,
    MARK,
    OTHERS,
    Part,
    chart,
    floats,
    in_percent,
    legend,
)
from resistor_cls.evaluation.wording import share, short

_COLOURS = (LINE, MARK, *OTHERS)
# Beyond the colours, so that many photographers are distinguishable.
_STYLES: tuple[Literal["-", "--", ":"], ...] = ("-", "--", ":")


def value_risk_figure(curves: Sequence[Part], threshold: float) -> Figure:
    """Draws the share of wrong values among the accepted, by coverage.

    Args:
        curves: part `risk_coverage` of the report on values.
        threshold: probability that the marks stand for.
    """
    height = 3.6 + 0.2 * len(curves)
    title = "Wrong values among the accepted"
    figure, axes = chart(height, title, "accepted photos (coverage)", "wrong among them (risk)")
    handles, texts = [], []
    top = 0.01
    for number, curve in enumerate(curves):
        whole = number == 0
        colour = INK if whole else _COLOURS[(number - 1) % len(_COLOURS)]
        style = _STYLES[max(number - 1, 0) // len(_COLOURS) % len(_STYLES)]
        points = floats(curve["points"]).reshape(-1, 2)
        few = "." if len(points) == 1 else ""
        axes.plot(*points.T, color=colour, linestyle=style, linewidth=2, marker=few)
        top = max(top, points[:, 1].max())
        risk = curve["risk"]
        axes.plot(
            curve["coverage"], risk or 0.0, "o", color=colour, markersize=7, clip_on=False, zorder=3
        )
        handles.append(
            Line2D([], [], color=colour, linestyle=style, linewidth=2, marker="o", markersize=6)
        )
        name = "all photos" if whole else short(curve["name"], LONGEST_NAME)
        wrong = "" if risk is None else f", {share(risk)} wrong"
        texts.append(f"{name}: {share(curve['coverage'])} accepted{wrong}")
    axes.axhline(0.05, color=GREY, linewidth=0.8, linestyle=":")  # the project's target
    handles.append(Line2D([], [], linewidth=0))
    texts.append(f"marks: probability of {threshold:g} or more; dotted: 5 % wrong")
    axes.set_xlim(0, 1.01)
    axes.set_ylim(0, 1.1 * top)
    in_percent(axes.xaxis, axes.yaxis)
    legend(figure, handles, texts)
    return figure
