"""Curves of a training, from what it has logged."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from resistor_cls.evaluation.figures import INK, LINE, MARK

Points = Sequence[tuple[int, float]]

COLUMNS = 4  # the charts of Hydrogen Torch are the first row
# Of several curves in a panel: validation, training, and learning rates of further layers.
COLOURS = (LINE, MARK, "#0f766e", "#7c3aed")


def curves_figure(history: Mapping[str, Points], monitor: str | None = None) -> Figure:
    """Draws metrics over optimizer steps.

    First the charts of H2O Hydrogen Torch: learning rate, loss of training batches, validation
    loss, and the metric that decides which epoch is best. Then every other score, that of training
    photos in the panel of its twin. What was not logged has no panel.

    Args:
        history: metric name → (step, value) pairs, as logged; `lr…`, `train/…` and `val/…` are
            drawn.
        monitor: the validation metric that decides.
    """
    shown = _panels(history, monitor)
    columns = min(COLUMNS, max(1, len(shown)))
    rows = -(-len(shown) // columns) or 1
    figure = Figure(figsize=(4.2 * columns, 2.9 * rows), layout="constrained", dpi=110)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    steps = [points[-1][0] for curves in shown.values() for points in curves.values()]
    last = max(steps, default=0)
    for axes, (title, curves) in zip(panels, shown.items(), strict=False):
        _panel(axes, title, curves)
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
    """The same score of validation and of training photos."""
    return [name, f"train/{name.removeprefix('val/')}"]


def _panel(axes: Axes, title: str, curves: Mapping[str, Points]) -> None:
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
    if len(curves) > 1:
        axes.legend(fontsize=8, frameon=False)
    axes.set_title(title, fontsize=11, color=INK, loc="left", parse_math=False)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.grid(color="#e4e7eb", linewidth=0.7)
    axes.ticklabel_format(axis="y", useOffset=False)  # 0.9999, not 1e-5+9.999e-1
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel("step", fontsize=9)
