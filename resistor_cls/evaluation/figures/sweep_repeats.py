"""Repeats of a setting: how much its scores depend on the fold or the seed."""

from collections import Counter
from collections.abc import Sequence

from matplotlib.figure import Figure

from resistor_cls.evaluation.figures.base import INK
from resistor_cls.evaluation.figures.sweep_comparison import (
    draw_jobs,
    dress,
    rows_figure,
    shortened,
    write_beside,
)
from resistor_cls.evaluation.repeats import REPEAT_SCORES, Repeats, spread_text


def repeats_figure(repeats: Repeats, keys: Sequence[str]) -> Figure:
    """Draws the repeats of each setting, a panel for each score.

    A row per setting: its repeats as small dots, their mean as a large one, and above it the mean
    and the standard deviation in words.
    """
    counts = Counter(repeats.jobs["setting"])
    labels = [f"{shortened(name)}\n{count} repeats".strip() for name, count in counts.items()]
    figure, panels = rows_figure(labels, len(REPEAT_SCORES))
    table = repeats.table()
    for axes, score in zip(panels, REPEAT_SCORES, strict=True):
        rows = table[table["score"] == score].to_dict("records")
        for place, row in enumerate(rows):
            jobs = repeats.jobs.loc[repeats.jobs["setting"] == row["setting"], score]
            draw_jobs(axes, place, jobs.tolist(), row["mean"])
            write_beside(axes, place - 0.2, spread_text(row["mean"], row["std"]), "bottom", INK)
        dress(axes, REPEAT_SCORES[score])
    title = f"Repeats over {', '.join(keys)} (small dots), their mean (large dot) ± deviation"
    figure.suptitle(title, fontsize=12, color=INK, parse_math=False)
    return figure
