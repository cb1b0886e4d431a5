"""Jobs of a sweep side by side: values of a key, and repeats of a setting."""

from collections import Counter
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from resistor_cls.evaluation.comparison import Comparison, counts_text, estimate_text
from resistor_cls.evaluation.figures.base import INK, LINE, MARK
from resistor_cls.evaluation.repeats import REPEAT_SCORES, Repeats, spread_text
from resistor_cls.evaluation.scores import SCORES

LONGEST_NAME = 32  # characters of a value beside a panel; a path would leave the panel no room


def comparison_figure(comparison: Comparison, key: str) -> Figure:
    """Draws the values of a swept key side by side, a panel for each score.

    A row per value: its jobs as small dots, their mean as a large one with its 95 % interval; below
    each other value, its gap to the first in words.

    Args:
        comparison: the scores.
        key: that was swept.
    """
    values = comparison.values.drop_duplicates("value").to_dict("records")
    labels = [f"{_shortened(row['value'])}\n{counts_text(row)}" for row in values]
    figure, panels = _rows_figure(labels, len(SCORES))
    for axes, score in zip(panels, SCORES, strict=True):
        _comparison_panel(axes, comparison, score)
    title = f"{_shortened(key)}: the mean (large dot) of jobs (small dots). {comparison.basis}."
    figure.suptitle(title, fontsize=12, color=INK, parse_math=False)
    return figure


def _shortened(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"…{name[1 - LONGEST_NAME :]}"


def _comparison_panel(axes: Axes, comparison: Comparison, score: str) -> None:
    rows = comparison.values[comparison.values["score"] == score].to_dict("records")
    gaps = comparison.gaps[comparison.gaps["score"] == score].to_dict("records")
    for place, row in enumerate(rows):
        jobs = comparison.jobs.loc[comparison.jobs["value"] == row["value"], score].tolist()
        axes.plot([row["low"], row["high"]], [place, place], color=LINE, linewidth=3, alpha=0.45)
        _dots(axes, place, jobs, row["mean"])
        words = [(estimate_text(row), -0.2, "bottom", INK)]
        if place > 0:
            words.append((f"gap {estimate_text(gaps[place - 1])}", 0.2, "top", MARK))
        for text, shift, side, ink in words:
            _beside(axes, place + shift, text, side, ink)
    _dress(axes, SCORES[score])


def repeats_figure(repeats: Repeats, keys: Sequence[str]) -> Figure:
    """Draws the repeats of each setting, a panel for each score.

    A row per setting: its repeats as small dots, their mean as a large one, and above it the mean
    and the standard deviation in words.

    Args:
        repeats: the scores.
        keys: that repeats differ in.
    """
    counts = Counter(repeats.jobs["setting"])
    labels = [f"{_shortened(name)}\n{count} repeats".strip() for name, count in counts.items()]
    figure, panels = _rows_figure(labels, len(REPEAT_SCORES))
    table = repeats.table()
    for axes, score in zip(panels, REPEAT_SCORES, strict=True):
        rows = table[table["score"] == score].to_dict("records")
        for place, row in enumerate(rows):
            jobs = repeats.jobs.loc[repeats.jobs["setting"] == row["setting"], score]
            _dots(axes, place, jobs.tolist(), row["mean"])
            _beside(axes, place - 0.2, spread_text(row["mean"], row["std"]), "bottom", INK)
        _dress(axes, REPEAT_SCORES[score])
    title = f"Repeats over {', '.join(keys)} (small dots), their mean (large dot) ± deviation"
    figure.suptitle(title, fontsize=12, color=INK, parse_math=False)
    return figure


def _rows_figure(labels: Sequence[str], scores: int) -> tuple[Figure, Sequence[Axes]]:
    """An empty figure with a row per label and a panel per score."""
    # Inches: a row holds a bar and a line of text on both sides of it.
    figure = Figure(figsize=(4.0 * scores + 2.2, 1.6 + 0.95 * len(labels)), dpi=110)
    figure.set_layout_engine("constrained", w_pad=0.1, h_pad=0.1)
    panels = figure.subplots(1, scores, sharey=True)
    panels[0].set_yticks(range(len(labels)), labels, fontsize=9, color=INK, parse_math=False)
    panels[0].set_ylim(len(labels) - 0.45, -0.55)
    return figure, panels


def _dots(axes: Axes, place: int, jobs: Sequence[float], mean: float) -> None:
    """The jobs of a row, and their mean."""
    axes.plot(jobs, [place] * len(jobs), "o", color=INK, markersize=3.5, alpha=0.7, zorder=3)
    axes.plot(mean, place, "o", color=LINE, markersize=9, zorder=2)


def _beside(axes: Axes, height: float, text: str, side: str, ink: str) -> None:
    """A line of text at the height of a row, in the middle of the panel."""
    across = axes.get_yaxis_transform()  # x in shares of the panel, y in rows
    axes.text(0.5, height, text, transform=across, fontsize=9, color=ink, ha="center", va=side)


def _dress(axes: Axes, title: str) -> None:
    axes.set_title(title, fontsize=12, color=INK, loc="left")
    axes.margins(x=0.12)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.grid(axis="x", color="#e4e7eb", linewidth=0.7)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
