"""Curves of a training, from its logged metrics."""

import math
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from resistor_cls.evaluation.figures.base import INK, LINE, MARK

Points = Sequence[tuple[int, float]]

COLUMNS = 3  # of panels: their text can be read at the width of a page
# Of several curves in a panel: validation, training, and learning rates of further layers.
COLOURS = (LINE, MARK, "#0f766e", "#7c3aed")


# Scores of at most 1, each with values that its axis may begin at: the highest that shows all.
_FLOORS = {
    "accuracy": (0.0, 0.5, 0.9),
    "f1": (0.0, 0.5, 0.9),
    "recall": (0.0, 0.5, 0.9),
    "coverage": (0.0, 0.5, 0.9),
    "mcc": (-1.0, 0.0, 0.5, 0.9),
    "auc": (0.0, 0.5, 0.9),  # chance is 0.5
}
_SHARES = ("val/accuracy", "val/top3_accuracy")  # shares of photos


def curves_figure(
    history: Mapping[str, Points], monitor: str | None = None, photos: int | None = None
) -> Figure:
    """Draws metrics over optimizer steps.

    First the charts of H2O Hydrogen Torch: learning rate, loss of training batches, validation
    loss, and the metric that decides which epoch is best. Then every other score, with that of the
    training photos in the same panel. What was not logged has no panel.

    Axes have fixed ends: losses and learning rates begin at 0, scores end at 1. On an axis that
    fits the values, the noise of a few photos would look like progress. Validation accuracy has its
    95 % interval for that number of photos (Wilson 1927).

    Args:
        history: metric name → (step, value) pairs, as logged; `lr…`, `train/…` and `val/…` are
            drawn.
        monitor: the validation metric that decides.
        photos: number of validation photos; None draws no intervals.
    """
    shown = _panels(history, monitor)
    columns = min(COLUMNS, max(1, len(shown)))
    rows = -(-len(shown) // columns) or 1
    figure = Figure(figsize=(3.5 * columns, 2.6 * rows), layout="constrained", dpi=110)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    steps = [points[-1][0] for curves in shown.values() for points in curves.values()]
    last = max(steps, default=0)
    for axes, (title, curves) in zip(panels, shown.items(), strict=False):
        _panel(axes, title, curves, photos)
        axes.set_xlim(-0.03 * last - 0.5, 1.03 * last + 0.5)  # the same steps in every panel
    for axes in panels[len(shown) :]:
        axes.set_visible(False)
    return figure


def _panels(history: Mapping[str, Points], monitor: str | None) -> dict[str, dict[str, Points]]:
    """Title of each panel → its curves by name."""
    rates = [name for name in history if name.split("/")[0] == "lr"]
    watched = " (watched)" if monitor == "val/loss" else ""
    panels = {
        "Learning rate": rates,
        "Train batch loss": ["train/loss"],
        f"Validation loss{watched}": ["val/loss"],
    }
    if monitor is not None and monitor != "val/loss":
        panels[f"Validation metric: {monitor}"] = _twins(monitor)
    drawn = {name for names in panels.values() for name in names}
    scores = [name for name in history if name.startswith("val/") and name not in drawn]
    panels |= {name: _twins(name) for name in scores}
    drawn |= {name for names in panels.values() for name in names}
    others = [name for name in history if name.startswith("train/") and name not in drawn]
    panels |= {name: [name] for name in others}
    logged = {
        title: {name: history[name] for name in names if history.get(name)}
        for title, names in panels.items()
    }
    return {title: curves for title, curves in logged.items() if curves}


def _twins(name: str) -> list[str]:
    """The names of a score on validation and on training photos."""
    return [name, f"train/{name.removeprefix('val/')}"]


def _panel(axes: Axes, title: str, curves: Mapping[str, Points], photos: int | None) -> None:
    for place, (name, points) in enumerate(curves.items()):
        steps, values = zip(*points, strict=True)
        few = len(points) <= 30  # validations, not steps: mark each
        axes.plot(
            steps,
            values,
            color=COLOURS[place % len(COLOURS)],
            linewidth=1.4,
            marker="o" if few else "",
            markersize=4,
            label=name,
        )
        if photos and few and name in _SHARES:
            ends = [_wilson(value, photos) for value in values]
            low, high = zip(*ends, strict=True)
            axes.vlines(steps, low, high, color=COLOURS[place % len(COLOURS)], alpha=0.45)
            axes.text(
                *(0.98, 0.04),
                f"bars: 95 % interval of {photos:,} photos",
                transform=axes.transAxes,
                fontsize=8,
                color=INK,
                ha="right",
            )
    axes.set_ylim(*y_limits(list(curves), [y for points in curves.values() for _, y in points]))
    if len(curves) > 1:
        axes.legend(fontsize=8, frameon=False)
    axes.set_title(title, fontsize=11, color=INK, loc="left", parse_math=False)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.grid(color="#e4e7eb", linewidth=0.7)
    axes.ticklabel_format(axis="y", useOffset=False)  # 0.9999, not 1e-5+9.999e-1
    axes.tick_params(labelsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel("step", fontsize=9)


def y_limits(names: Sequence[str], values: Sequence[float]) -> tuple[float, float]:
    """The ends of the y axis of a panel, by what it shows.

    Args:
        names: of its metrics.
        values: of all of them; those that are not finite do not count.
    """
    known = [value for value in values if math.isfinite(value)] or [0.0, 1.0]
    low, high = min(known), max(known)
    floors = next((ends for word, ends in _FLOORS.items() if word in names[0]), None)
    if floors is None or high > 1:  # a loss, a learning rate, a custom metric
        return (min(low, 0.0), 1.08 * high or 1.0)
    floor = max((end for end in floors if end <= low), default=min(low, 0.0))
    return floor, 1 + 0.04 * (1 - floor)  # a curve at 1 is visible


def _wilson(share: float, count: int) -> tuple[float, float]:
    """The 95 % interval (Wilson 1927) of a share of so many independent photos."""
    z = 1.96
    middle = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * math.sqrt(share * (1 - share) / count + (z / (2 * count)) ** 2)
    return middle - half, middle + half
