"""Charts of the evaluation report: calibration, out-of-distribution photos, robustness checks.

They fill the width of a phone, or half that of a page. Those of a part of `report.json` take
that part, and say in words where there is nothing to draw.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from resistor_cls.evaluation.figures.base import INK, LINE, MARK, sentence_figure

Part = Mapping[str, Any]

WIDTH = 4.6  # inches: at 9 points, text is read on a phone
GREY = "#94a3b8"
# After LINE and MARK; told apart also by those who see no red or green.
OTHERS = ("#0f766e", "#7c3aed", "#a16207", "#be185d")
LONGEST_NAME = 34  # characters that fit into a legend


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
            _floats([row[key] for row in rows]) for key in ("confidence", "accuracy", "photos")
        )
        axes.plot(confidence, accuracy, color=colour, linewidth=1)
        # Points²: a bin of few photos says little, but is seen.
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
    for axis in (axes.xaxis, axes.yaxis, below.xaxis):
        axis.set_major_formatter(PercentFormatter(1))
    axes.set_title("Confidence and accuracy", fontsize=10, color=INK, loc="left")
    legend(figure, handles, texts)
    return figure


def risk_coverage_figure(calibration: Part | None) -> Figure:
    """Draws the share of wrong predictions among the accepted, those of high confidence first.

    Args:
        calibration: that part of the report; `risk_coverage`, `aurc` and `reject` are read.
    """
    curve = _floats([] if calibration is None else calibration["risk_coverage"]).reshape(-1, 2)
    curve = curve[np.isfinite(curve).all(axis=1)]
    if calibration is None or not len(curve):
        return sentence_figure("No risk was measured.")
    figure, axes = chart(4.4)
    axes.set_title("Wrong predictions among the accepted", fontsize=10, color=INK, loc="left")
    few = len(curve) == 1
    axes.plot(*curve.T, color=LINE, linewidth=2, marker="o" if few else "", markersize=4)
    area = calibration["aurc"]
    handles = [Line2D([], [], color=LINE, linewidth=2)]
    texts = ["photos by confidence" + ("" if area is None else f", area {area:.4f}")]
    # Up to the largest risk level at least: one wrong photo more or less is no cliff.
    tops = [curve[:, 1].max(), *(row["risk"] for row in calibration["reject"])]
    for row, shape, colour in zip(calibration["reject"], "sD^vP", (MARK, *OTHERS), strict=False):
        axes.axhline(row["risk"], color=GREY, linewidth=0.8, linestyle=":")
        risk = f"{100 * row['risk']:g}% risk:"
        if row["threshold"] is None or row["coverage"] is None:
            handles.append(Line2D([], [], linewidth=0))
            texts.append(f"{risk} not guaranteed")
            continue
        realised = row["realised"]
        handles.append(Line2D([], [], color=colour, marker=shape, linewidth=0, markersize=7))
        found = "" if realised is None else f", {100 * realised:.2g}% wrong"
        texts.append(f"{risk} {row['coverage']:.1%} accepted{found}")
        # On the limit of the panel where nothing was accepted, so that the level is seen.
        height = 0.0 if realised is None else realised
        tops.append(height)
        axes.plot(
            row["coverage"], height, shape, color=colour, markersize=8, alpha=0.85, clip_on=False
        )
    axes.set_xlim(0, 1.01)
    axes.set_ylim(0, max(1.15 * max(tops), 0.001))
    axes.set_xlabel("accepted photos (coverage)", fontsize=9)
    axes.set_ylabel("wrong among them (risk)", fontsize=9)
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    legend(figure, handles, texts)
    return figure


def unknown_figure(unknown: Part | None) -> Figure:
    """Draws the scores of out-of-distribution photos beside those of known ones.

    Args:
        unknown: that part of the report; `histogram`, `kinds`, `known` and `score` are read.
    """
    counts = {} if unknown is None else unknown["histogram"]["kinds"]
    if unknown is None or not counts or not sum(unknown["histogram"]["known"]):
        return sentence_figure("No out-of-distribution photos were evaluated.")
    figure = Figure(figsize=(WIDTH, 1.1 + 0.85 * len(counts)), dpi=110)
    figure.set_layout_engine("constrained", h_pad=0.03, hspace=0)
    panels = figure.subplots(len(counts), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    edges = _floats(unknown["histogram"]["edges"])
    known = _shares(unknown["histogram"]["known"])
    rows = {row["kind"]: row for row in unknown["kinds"]}
    top = 1.1 * max(known.max(), *(_shares(photos).max() for photos in counts.values()))
    ticks = [tick for tick in (0.01, 0.1, 0.4, 1.0) if tick < top]
    for axes, (kind, photos) in zip(panels, counts.items(), strict=True):
        plain(axes)
        axes.stairs(known, edges, color=LINE, fill=True, alpha=0.35)
        axes.stairs(_shares(photos), edges, color=MARK, linewidth=1.5)
        area = rows.get(kind, {}).get("auroc")
        words = f"{short(kind)} ({sum(photos):,})" + ("" if area is None else f", AUROC {area:.3f}")
        axes.set_title(words, fontsize=9, color=MARK, loc="left", pad=3, parse_math=False)
        # The root lifts the few photos that lie on the wrong side off the ground.
        axes.set_yscale("function", functions=(_root, np.square))
        axes.set_ylim(0, top)
        axes.set_yticks(ticks, [f"{tick:.0%}" for tick in ticks])
    panels[-1].set_xlabel(f"score: {unknown['score']}", fontsize=9, parse_math=False)
    figure.supylabel("share of photos", fontsize=9)
    handles = [
        Line2D([], [], color=LINE, alpha=0.35, linewidth=7),
        Line2D([], [], color=MARK, linewidth=1.5),
    ]
    legend(figure, handles, [f"known photos ({unknown['known']:,})", "the kind above the panel"])
    return figure


def stress_figure(stress: Part | None) -> Figure:
    """Draws accuracy and coverage under corruptions of growing severity, a panel per kind.

    Args:
        stress: that part of the report.
    """
    if not stress or not stress["rows"]:
        return sentence_figure("No robustness checks were made.")
    kinds = list(dict.fromkeys(row["kind"] for row in stress["rows"]))
    lines = -(-len(kinds) // 2)
    figure = Figure(figsize=(WIDTH, 1.3 + 1.3 * lines), dpi=110)
    figure.set_layout_engine("constrained", h_pad=0.03, w_pad=0.03)
    panels = figure.subplots(lines, 2, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, kind in zip(panels, kinds, strict=False):
        rows = [{"strength": 0, **stress["plain"]}]
        rows += sorted(
            (row for row in stress["rows"] if row["kind"] == kind), key=lambda row: row["strength"]
        )
        strengths = [row["strength"] for row in rows]
        for key, colour, shape in (("accuracy", LINE, "o"), ("coverage", MARK, "s")):
            values = _floats([row.get(key) for row in rows])
            axes.plot(strengths, values, color=colour, marker=shape, linewidth=1.3, markersize=3.5)
        axes.set_title(kind, fontsize=9, color=INK, loc="left", pad=3, parse_math=False)
        plain(axes)
    names = {0: "unchanged"} | {row["strength"]: row["name"] for row in stress["rows"]}
    strengths = sorted(names)
    # An odd last panel is empty: the one above it names the severities.
    for axes in panels[len(kinds) :]:
        axes.set_axis_off()
    for axes in panels[max(0, len(kinds) - 2) : len(kinds)]:
        axes.tick_params(labelbottom=True)
        axes.tick_params(axis="x", rotation=90)
    panels[0].set_xticks(strengths, [names[strength] for strength in strengths])
    panels[0].set_ylim(-0.05, 1.05)
    panels[0].set_yticks([0, 0.25, 0.5, 0.75, 1])
    panels[0].yaxis.set_major_formatter(PercentFormatter(1))
    handles = [
        Line2D([], [], color=LINE, marker="o", markersize=4, linewidth=1.3),
        Line2D([], [], color=MARK, marker="s", markersize=4, linewidth=1.3),
    ]
    covered = any(row.get("coverage") is not None for row in stress["rows"])
    texts = ["correct (accuracy)", "accepted (coverage)"]
    legend(figure, handles[: 1 + covered], texts[: 1 + covered])
    return figure


def chart(height: float) -> tuple[Figure, Axes]:
    """A figure of one panel, `height` inches tall."""
    figure = Figure(figsize=(WIDTH, height), dpi=110, layout="constrained")
    axes = figure.subplots()
    plain(axes)
    return figure, axes


def plain(axes: Axes) -> None:
    """Gives a panel the looks that all charts share."""
    axes.grid(color="#e4e7eb", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)


def legend(figure: Figure, handles: Sequence[Line2D], texts: Sequence[str]) -> None:
    """Says below the panels what is what; beside them there is no room on a phone."""
    box = figure.legend(
        handles,
        texts,
        loc="outside lower left",
        fontsize=8,
        frameon=False,
        labelspacing=0.35,
    )
    for text in box.get_texts():
        text.set_parse_math(False)  # names are anybody's text: two $ in one are no formula


def short(name: str) -> str:
    """A long name without its middle: names of categories differ at their ends."""
    half = LONGEST_NAME // 2
    return name if len(name) <= LONGEST_NAME else f"{name[: half - 1]}…{name[-half:]}"


def _floats(values: Sequence[Any]) -> np.ndarray:
    """Numbers of a report as an array; what is undefined there (None) is nan."""
    return np.array(values, dtype=float)


def _shares(counts: Sequence[int]) -> np.ndarray:
    return _floats(counts) / max(sum(counts), 1)


def _root(values: np.ndarray) -> np.ndarray:
    return np.sqrt(np.maximum(values, 0))
