"""The results of a study of a model: `values.csv` and `acceptance.csv` in a folder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resistor_cls.csv_tables import read_cells
from resistor_cls.errors import DataError

Row = Mapping[str, Any]  # column → text, number or None

# Columns that each table must have, and of them those that are text.
VALUES = ("photographer", "photos", "parts", "value right", "from", "to", "among the first three")
ACCEPTANCE = ("photographer", "threshold by", "threshold", "accepted", "wrong among accepted")
_TEXTS = ("photographer", "threshold by")


@dataclass(frozen=True)
class Study:
    """Tables of a study; shares are 0 to 1, None where a cell is empty.

    Attributes:
        name: of its folder.
        values: a row for each set of photos, with the columns `VALUES` and perhaps others.
        acceptance: rows with the columns `ACCEPTANCE`; empty without that table.
        has_readme: whether a README stands beside them.
    """

    name: str
    values: Sequence[Row]
    acceptance: Sequence[Row]
    has_readme: bool = False


def read_study(folder: Path) -> Study:
    """Reads the tables of a study.

    Raises:
        DataError: no `values.csv`, a missing column, or a cell that is not a number.
    """
    values, acceptance = folder / "values.csv", folder / "acceptance.csv"
    accepted = _rows(acceptance, ACCEPTANCE) if acceptance.exists() else []
    readme = (folder / "README.md").is_file()
    return Study(folder.absolute().name, _rows(values, VALUES), accepted, readme)


def _rows(file: Path, columns: Sequence[str]) -> list[Row]:
    try:
        header, *lines = read_cells(file)
    except (OSError, ValueError) as error:
        raise DataError(
            f"--results: {file} cannot be read ({error}): expected a table with the columns "
            f"{', '.join(columns)}; experiments/any_resistor/run.py writes one"
        ) from error
    missing = [name for name in columns if name not in header]
    if missing:
        raise DataError(
            f"--results: {file} has no column {missing[0]!r}: expected {', '.join(columns)}"
        )
    return [
        {name: _cell(file, name, text) for name, text in zip(header, line, strict=True)}
        for line in lines
    ]


def _cell(file: Path, name: str, text: str) -> str | float | None:
    if name in _TEXTS or not text.strip():
        return text or None
    try:
        return float(text)
    except ValueError:
        raise DataError(
            f"--results: {file} has {text!r} in column {name!r}: expected a number"
        ) from None
