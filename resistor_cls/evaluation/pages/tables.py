"""Rows of the tables of an evaluation's page: metrics, categories, electrical metrics."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from resistor_cls.evaluation.pages.cards import four
from resistor_cls.evaluation.pages.readings import reading
from resistor_cls.evaluation.wording import digits, share

Row = Mapping[str, Any]

_ELECTRICAL = {
    "value": "Value in ohms",
    "watts": "Power in watts",
    "both": "Value and power",
    "bands": "Printed bands",
}


def metric_rows(report: Row) -> list[dict[str, str]]:
    """Metrics in words: shares of photos in percent, other metrics as numbers."""
    rows = []
    for row in report["metrics"]:
        text = share if row["name"].endswith("accuracy") else digits
        if row["name"] == "roc_auc":
            text = four
        interval = _interval(row, text)
        rows.append({"words": row["words"], "value": text(row["value"]), "interval": interval})
    return rows


def _interval(row: Row, text: Callable[[float | None], str]) -> str:
    if row.get("low") is None or row.get("high") is None:
        return ""
    return f"{text(row['low'])} to {text(row['high'])}"


def category_rows(report: Row) -> list[dict[str, Any]]:
    """A row per category, with its reading and the category it is most often confused with."""
    names = report["categories"]
    taken: dict[str, tuple[int, int, int]] = {}
    for label, prediction, count in report["confusion"]["cells"]:
        if label != prediction and count > taken.get(names[label], (0, 0, 0))[2]:
            taken[names[label]] = (label, prediction, count)
    return [
        {**row, "reading": reading(row["category"]), "taken": taken.get(row["category"])}
        for row in report["per_category"]
    ]


def electrical(metrics: Row) -> dict[str, Any]:
    """Electrical metrics: the part `trade` of a report, in words.

    Args:
        metrics: that part; empty where there is none.
    """
    questions = [
        {**metrics[name], "words": words, "interval": _interval(metrics[name], share)}
        for name, words in _ELECTRICAL.items()
        if metrics.get(name) and metrics[name]["judged"]
    ]
    steps = _steps((metrics.get("decades") or {}).get("histogram", []))
    return {
        "questions": questions,
        "decades": metrics.get("decades"),
        "steps": steps,
        "most": max((row["photos"] for row in steps), default=0) or 1,
        "worst": metrics.get("worst") or [],
        "cost": metrics.get("cost"),
    }


def _steps(histogram: Sequence[Row]) -> list[dict[str, Any]]:
    """Bars of how many powers of ten a value is off."""
    steps = []
    below: float | None = None
    for row in histogram:
        end = row["up_to"]
        if end == 0:
            words = "none: the value is right"
        elif end is None:
            words = f"more than {below:g}"
        else:
            words = f"up to {end:g}"
        steps.append({"words": words, "photos": row["photos"]})
        below = end
    return steps
