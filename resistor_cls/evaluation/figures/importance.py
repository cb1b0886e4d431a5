"""How much each key of a sweep matters."""

import pandas as pd
from matplotlib.figure import Figure

from resistor_cls.evaluation.figures.base import INK, LINE, LONGEST_NAME, chart, in_percent

_ROW = 0.35  # inches


def importance_figure(table: pd.DataFrame, score: str, what: str) -> Figure:
    """Draws a bar for each key, the most important on top.

    Args:
        table: columns `key` and `importance` (a share from 0 to 1), the most important first.
        score: that the keys matter for, such as `val/roc_auc`.
        what: how importance is measured, in words.
    """
    title = f"Importance of the keys for {score}"
    figure, axes = chart(1.4 + _ROW * len(table), title, "importance", "")
    axes.set_xlabel(what, fontsize=7, color=INK, wrap=True)
    places = range(len(table))
    axes.barh(places, table["importance"], height=0.6, color=LINE)
    labels = [key[-LONGEST_NAME:] for key in table["key"]]
    axes.set_yticks(list(places), labels, fontsize=8, parse_math=False)
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    in_percent(axes.xaxis)
    return figure
