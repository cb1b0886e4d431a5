"""The table of results, and its comparison with the stored baseline of the same kind of machine."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from resistor_cls.csv_tables import write_csv

HERE = Path(__file__).parent
RESULTS, PARTS = HERE / "results.csv", HERE / "parts.csv"
COLUMNS = [
    "row", "value", "unit", "reference", "ratio", "low", "high", "repeats", "target", "met",
    "note", "load", "machine", "versions",
]  # fmt: skip
SMALLEST = 0.05  # share: smaller slowdowns are noise on any machine


def baseline_file(machine: str) -> Path:
    """Where the baseline of a kind of machine is stored."""
    return HERE / "baselines" / f"{re.sub(r'[^a-z0-9]+', '-', machine.lower()).strip('-')}.csv"


def write_results(
    file: Path, lines: Sequence[Mapping[str, Any]], order: Sequence[str]
) -> pd.DataFrame:
    """Writes lines into a table of results; rows that were not measured now are kept.

    Args:
        file: `results.csv`, or a baseline.
        lines: see `frame.summary`, with `load`, `machine` and `versions`.
        order: names of all rows.

    Returns:
        The whole table.
    """
    found = pd.DataFrame(lines, columns=COLUMNS)
    if file.is_file():
        kept = pd.read_csv(file, keep_default_na=False)
        found = pd.concat([kept[~kept["row"].isin(found["row"])], found.astype(object)])
    place = {name: number for number, name in enumerate(order)}
    found = found[found["row"].isin(order)].sort_values("row", key=lambda names: names.map(place))
    file.parent.mkdir(exist_ok=True)
    write_csv(found, file, index=False)
    return found


def write_parts(parts: Mapping[str, Mapping[str, float]]) -> None:
    """Writes what the values of some rows consist of; those of other rows are kept."""
    rows = [(row, name, value) for row, of in parts.items() for name, value in of.items()]
    found = pd.DataFrame(rows, columns=["row", "part", "value"])
    if PARTS.is_file():
        kept = pd.read_csv(PARTS)
        found = pd.concat([kept[~kept["row"].isin(parts)], found])
    write_csv(found, PARTS, index=False)


def slowdowns(lines: Sequence[Mapping[str, Any]], baseline: pd.DataFrame) -> list[str]:
    """Rows that are slower than their baseline by more than noise, in words.

    Noise is what the repeats of both show: the medians differ by more than `SMALLEST`, and each
    lies outside the spread of the other.

    Args:
        lines: see `frame.summary`.
        baseline: a table of such lines.
    """
    known = {row["row"]: row for row in baseline.to_dict("records")}
    found = []
    for line in lines:
        before = known.get(line["row"])
        if before is None or line.get("value") is None or before["value"] in ("", None):
            continue
        column = "value" if line["ratio"] is None else "ratio"
        if before[column] in ("", None):
            continue
        now, then = float(line[column]), float(before[column])
        sign = -1 if "/s" in line["unit"] else 1  # of rates, less is slower
        worse = sign * (now - then) / then
        apart = not line["low"] <= then <= line["high"] and not (
            float(before["low"]) <= now <= float(before["high"])
        )
        if worse > SMALLEST and apart:
            found.append(f"{line['row']}: {column} {now:.3g}, was {then:.3g}")
    return found
