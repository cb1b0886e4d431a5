"""Values of a swept key side by side."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from resistor_cls.evaluation.comparison import Comparison, counts_text, estimate_text
from resistor_cls.evaluation.figures.base import INK, LINE, MARK
from resistor_cls.evaluation.scores import SCORES

LONGEST_NAME = 32  # characters of a value beside a panel; a path would leave the panel no space


def comparison_figure(comparison: Comparison, key: str) -> Figure:
    """Draws the values of a swept key side by side, a panel for each score.

    A row per value: its jobs as small dots, their mean as a large one with its 95 % interval; below
    each other value, its gap to the first in words.
    """
    values = comparison.values.drop_duplicates("value").to_dict("records")
    labels = [f"{shortened(row['value'])}\n{counts_text(row)}" for row in values]
    figure, panels = rows_figure(labels, len(SCORES))
    for axes, score in zip(panels, SCORES, strict=True):
        _comparison_panel(axes, comparison, score)
    title = f"{shortened(key)}: the mean (large dot) of jobs (small dots). {comparison.basis}."
    figure.suptitle(title, fontsize=12, color=INK, parse_math=False)
    return figure


def _comparison_panel(axes: Axes, comparison: Comparison, score: str) -> None:
    rows = comparison.values[comparison.values["score"] == score].to_dict("records")
    gaps = comparison.gaps[comparison.gaps["score"] == score].to_dict("records")
    for place, row in enumerate(rows):
        jobs = comparison.jobs.loc[comparison.jobs["value"] == row["value"], score].tolist()
        axes.plot([row["low"], row["high"]], [place, place], color=LINE, linewidth=3, alpha=0.45)
        draw_jobs(axes, place, jobs, row["mean"])
        words = [(estimate_text(row), -0.2, "bottom", INK)]
        if place > 0:
            words.append((f"gap {estimate_text(gaps[place - 1])}", 0.2, "top", MARK))
        for text, shift, side, ink in words:
            write_beside(axes, place + shift, text, side, ink)
    dress(axes, SCORES[score])


def rows_figure(labels: Sequence[str], scores: int) -> tuple[Figure, Sequence[Axes]]:
    """An empty figure with a row per label and a panel per score."""
    # Inches: a row holds a bar and a line of text on both sides of it.
    figure = Figure(figsize=(4.0 * scores + 2.2, 1.6 + 0.95 * len(labels)), dpi=110)
    figure.set_layout_engine("constrained", w_pad=0.1, h_pad=0.1)
    panels = figure.subplots(1, scores, sharey=True)
    panels[0].set_yticks(range(len(labels)), labels, fontsize=9, color=INK, parse_math=False)
    panels[0].set_ylim(len(labels) - 0.45, -0.55)
    return figure, panels


def draw_jobs(axes: Axes, place: int, jobs: Sequence[float], mean: float) -> None:
    """Draws the jobs of a row, and their mean."""
    axes.plot(jobs, [place] * len(jobs), "o", color=INK, markersize=3.5, alpha=0.7, zorder=3)
    axes.plot(mean, place, "o", color=LINE, markersize=9, zorder=2)


def write_beside(axes: Axes, height: float, text: str, side: str, ink: str) -> None:
    """Writes a line of text at the height of a row, in the middle of the panel."""
    across = axes.get_yaxis_transform()  # x in shares of the panel, y in rows
    axes.text(0.5, height, text, transform=across, fontsize=9, color=ink, ha="center", va=side)


def dress(axes: Axes, title: str) -> None:
    """Gives a panel its title, its grid and its margins."""
    axes.set_title(title, fontsize=12, color=INK, loc="left")
    axes.margins(x=0.12)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.grid(axis="x", color="#e4e7eb", linewidth=0.7)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)


def shortened(name: str) -> str:
    """The end of a long name, such as of a path."""
    return name if len(name) <= LONGEST_NAME else f"…{name[1 - LONGEST_NAME :]}"
