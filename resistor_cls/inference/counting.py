"""Counts predictions for stock-taking: how many parts of each value, or of each category."""

import json
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

from resistor_cls.csv_tables import csv_line
from resistor_cls.errors import printable
from resistor_cls.inference.prediction import Prediction
from resistor_cls.inference.printing import Format, put
from resistor_cls.inference.wording import DONT_KNOW, NO_RESISTOR

UNREADABLE = "cannot be read"
_LAST = (DONT_KNOW, NO_RESISTOR, UNREADABLE)
_COLUMNS = ("text", "ohms", "category", "count")
FORMATS = ("table", "json", "jsonl", "csv")  # a page counts by itself

_Key = tuple[str, float | None, str | None]  # text, ohms, category


class Counts:
    """How many predictions have each text."""

    def __init__(self) -> None:
        self._counts: Counter[_Key] = Counter()

    def add(self, predictions: Sequence[Prediction]) -> None:
        """Counts the predictions of one photo."""
        self._counts.update(_key(one) for one in predictions)

    def rows(self) -> list[dict[str, Any]]:
        """A row for each text with `text`, `ohms`, `category` and `count`.

        Values ascend; what has none comes last.
        """
        keys = sorted(self._counts, key=_place)
        return [dict(zip(_COLUMNS, (*key, self._counts[key]), strict=True)) for key in keys]


class CountedFormat(Format):
    """Writes the counts: below the lines of a table, otherwise instead of the predictions.

    Args:
        form: `table`, `json`, `jsonl` or `csv`.
        lines: the table of the predictions; None for the other formats.
    """

    def __init__(self, form: str, lines: Format | None = None) -> None:
        self._form, self._lines, self._counts = form, lines, Counts()

    def begin(self) -> None:
        """Begins the table."""
        if self._lines is not None:
            self._lines.begin()

    def add(self, predictions: Sequence[Prediction]) -> None:
        """Writes the line of a photo, and counts it."""
        if self._lines is not None:
            self._lines.add(predictions)
        self._counts.add(predictions)

    def end(self) -> None:
        """Writes the counts."""
        if self._lines is not None:
            self._lines.end()
        put(_written(self._counts.rows(), self._form), sys.stdout)


def _key(one: Prediction) -> _Key:
    if one.error is not None:
        return UNREADABLE, None, None
    if one.accepted:
        return one.text or "", one.ohms, one.category
    return NO_RESISTOR if one.located is False else DONT_KNOW, None, None


def _place(key: _Key) -> tuple[int, float, str, str]:
    text, ohms, category = key
    last = 1 + _LAST.index(text) if text in _LAST and category is None else 0
    return last, float("inf") if ohms is None else ohms, text, category or ""


def _written(rows: list[dict[str, Any]], form: str) -> str:
    if form == "json":
        return json.dumps(rows, indent=2) + "\n"
    if form == "jsonl":
        return "".join(f"{json.dumps(row)}\n" for row in rows)
    if form == "csv":
        lines = [csv_line(_COLUMNS), *(csv_line(row.values()) for row in rows)]
        return "".join(lines)
    return _table(rows)


def _table(rows: list[dict[str, Any]]) -> str:
    total = sum(row["count"] for row in rows)
    width = len(str(total))
    texts = [row["text"] for row in rows]
    lines = [f"{'':-<{width + 3}}"]
    for row in rows:
        # Where two categories have the same text, the label tells them apart.
        label = row["category"] if texts.count(row["text"]) > 1 else None
        cells = [f"{row['count']:>{width}}", printable(row["text"]), printable(label or "")]
        lines.append("   ".join(cells).rstrip())
    lines.append(f"{total:>{width}}   in all")
    return "\n".join(lines) + "\n"
