"""The settings of all jobs of a sweep, beside their scores."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from resistor_cls.evaluation.figures.base import GREY, INK, LONGEST_NAME, WIDTH

_AXIS = 1.5  # inches between two axes
_HEIGHT = 3.6  # inches
_COLOURS = "viridis"  # ordered by lightness too: colour-blind readers see the order
_APART = 0.05  # of an axis: nearer labels would overlap
_LOG_FROM = 30  # ratio of the largest to the smallest value from which an axis is logarithmic
_MAX_LABELS = 12  # of an axis; more would overlap


def parallel_coordinates_figure(
    values: pd.DataFrame, scores: pd.Series, score: str, *, smaller_is_better: bool = False
) -> Figure:
    """Draws a line for each job through its values, coloured by its score.

    Each key has an axis from the bottom to the top, and the score has the last one. Numbers are
    placed by size, on a logarithmic axis where they differ by a factor of 30 or more; other values
    are placed in alphabetical order. Better jobs are darker, and drawn above worse ones.

    Args:
        values: a row per job, a column per key.
        scores: of the jobs.
        score: its name, such as `val/roc_auc`.
        smaller_is_better: whether a smaller score is better.
    """
    columns = [*(values[key] for key in values.columns), scores]
    names = [*map(str, values.columns), score]
    size = (max(WIDTH, _AXIS * len(columns)), _HEIGHT)
    figure = Figure(figsize=size, dpi=110, layout="constrained")
    axes = figure.subplots()
    _prepare(axes, names)
    heights = np.empty((len(scores), len(columns)))
    for place, column in enumerate(columns):
        heights[:, place], ticks = _placed(column.tolist())
        _draw_axis(axes, place, ticks)
    colour_map = _COLOURS if smaller_is_better else f"{_COLOURS}_r"
    colours = ScalarMappable(Normalize(float(scores.min()), float(scores.max())), colour_map)
    order = np.argsort(-scores if smaller_is_better else scores, kind="stable")
    colour_of = colours.to_rgba(scores.to_numpy(dtype=float))
    for row in order:
        axes.plot(range(len(columns)), heights[row], color=colour_of[row], linewidth=1.6)
    figure.colorbar(colours, ax=axes, label=score, pad=0.08)
    return figure


def _prepare(axes: Axes, names: Sequence[str]) -> None:
    axes.set_xlim(-0.3, len(names) - 0.7)
    axes.set_ylim(-0.06, 1.06)
    labels = [name[-LONGEST_NAME:] for name in names]
    axes.set_xticks(range(len(names)), labels, fontsize=8, color=INK, parse_math=False)
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    title = f"{names[-1]} by {', '.join(names[:-1])}"
    axes.set_title(title, fontsize=10, color=INK, loc="left", parse_math=False, wrap=True)


def _draw_axis(axes: Axes, place: int, ticks: Sequence[tuple[float, str]]) -> None:
    axes.axvline(place, color=GREY, linewidth=1)
    last = -1.0
    for height, text in sorted(ticks):
        if height - last < _APART:
            continue
        last = height
        axes.annotate(
            text,
            (place, height),
            xytext=(3, 0),
            textcoords="offset points",
            fontsize=7,
            color=INK,
            va="center",
            parse_math=False,
            zorder=3,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.8},
        )


def _placed(values: Sequence[object]) -> tuple[np.ndarray, list[tuple[float, str]]]:
    """Heights of values on an axis from 0 to 1, and its ticks as heights and texts."""
    numbers = _as_numbers(values)
    if numbers is None:
        texts = sorted({str(value) for value in values})
        places = dict(zip(texts, _evenly(len(texts)), strict=True))
        ticks = [(float(places[text]), text[-LONGEST_NAME:]) for text in texts]
        heights = np.array([places[str(value)] for value in values])
        return heights, ticks[:: max(1, len(ticks) // _MAX_LABELS)]
    low, high = float(numbers.min()), float(numbers.max())
    scale = np.log if low > 0 and high / low >= _LOG_FROM else np.asarray
    span = float(scale(high) - scale(low))
    heights = (scale(numbers) - scale(low)) / span if span else np.full(len(numbers), 0.5)
    unique = np.unique(numbers)
    if len(unique) > 5:  # the ends and three between them say what the axis is
        unique = np.quantile(unique, [0, 0.25, 0.5, 0.75, 1], method="nearest")
    known = dict(zip(numbers.tolist(), heights.tolist(), strict=True))
    return heights, [(known[value], f"{value:.3g}") for value in unique.tolist()]


def _evenly(count: int) -> np.ndarray:
    """Heights for a number of values, evenly from 0 to 1; a single one is in the middle."""
    return np.linspace(0, 1, count) if count > 1 else np.array([0.5])


def _as_numbers(values: Sequence[object]) -> np.ndarray | None:
    """Values as numbers; None where one is not a finite number."""
    try:
        numbers = np.array([float(str(value)) for value in values])
    except ValueError:
        return None
    return numbers if np.isfinite(numbers).all() else None
