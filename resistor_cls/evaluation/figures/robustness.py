"""Robustness checks: accuracy and coverage under corruptions of growing severity."""

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from resistor_cls.evaluation.figures.base import (
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


def robustness_figure(checks: Part | None) -> Figure:
    """Draws accuracy and coverage under corruptions of growing severity, a panel per kind."""
    if not checks or not checks["rows"]:
        return sentence_figure("No robustness checks were made.")
    kinds = list(dict.fromkeys(row["kind"] for row in checks["rows"]))
    lines = -(-len(kinds) // 2)
    figure = Figure(figsize=(WIDTH, 1.3 + 1.3 * lines), dpi=110)
    figure.set_layout_engine("constrained", h_pad=0.03, w_pad=0.03)
    panels = figure.subplots(lines, 2, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, kind in zip(panels, kinds, strict=False):
        rows = [{"strength": 0, **checks["plain"]}]
        rows += sorted(
            (row for row in checks["rows"] if row["kind"] == kind), key=lambda row: row["strength"]
        )
        severities = [row["strength"] for row in rows]
        for key, colour, shape in (("accuracy", LINE, "o"), ("coverage", MARK, "s")):
            values = floats([row.get(key) for row in rows])
            axes.plot(severities, values, color=colour, marker=shape, linewidth=1.3, markersize=3.5)
        axes.set_title(kind, fontsize=9, color=INK, loc="left", pad=3, parse_math=False)
        plain(axes)
    names = {0: "unchanged"} | {row["strength"]: row["name"] for row in checks["rows"]}
    severities = sorted(names)
    # With an odd number of panels the last place is empty: the panel above it names the severities.
    for axes in panels[len(kinds) :]:
        axes.set_axis_off()
    for axes in panels[max(0, len(kinds) - 2) : len(kinds)]:
        axes.tick_params(labelbottom=True)
        axes.tick_params(axis="x", rotation=90)
    panels[0].set_xticks(severities, [names[severity] for severity in severities])
    panels[0].set_ylim(-0.05, 1.05)
    panels[0].set_yticks([0, 0.25, 0.5, 0.75, 1])
    in_percent(panels[0].yaxis)
    handles = [
        Line2D([], [], color=LINE, marker="o", markersize=4, linewidth=1.3),
        Line2D([], [], color=MARK, marker="s", markersize=4, linewidth=1.3),
    ]
    covered = any(row.get("coverage") is not None for row in checks["rows"])
    texts = ["correct (accuracy)", "accepted (coverage)"]
    legend(figure, handles[: 1 + covered], texts[: 1 + covered])
    return figure
