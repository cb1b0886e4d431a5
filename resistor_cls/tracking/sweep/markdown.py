"""Tables in the descriptions of runs."""

from typing import Any

import pandas as pd


def markdown_table(table: pd.DataFrame) -> str:
    """A table as Markdown: numbers with four decimals, a dash for what is absent.

    Args:
        table: its cells may hold Markdown, such as links.
    """
    # The UI draws no lines: spaces that do not break keep the columns apart.
    head = [f"\N{NO-BREAK SPACE}{name}\N{NO-BREAK SPACE}" for name in table.columns]
    rows = [[_cell(value) for value in row] for row in table.itertuples(index=False)]
    rule = ["---:" if kind.kind in "fi" else "---" for kind in table.dtypes]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, rule, *rows])


def _cell(value: Any) -> str:
    if pd.isna(value):
        return "–"
    return f"{value:.4f}" if isinstance(value, float) else str(value).replace("|", r"\|")
