"""What a table states about the part in each photo: value, bands, photographer and part."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from resistor_cls.categories import name_of_value, parse_value
from resistor_cls.colour_code import (
    DIGIT_BANDS,
    TOLERANCES,
    decode,
    encode_ohms,
    ohms_in_words,
    tolerance_in_words,
)
from resistor_cls.errors import DataError, some_names

OHMS = "ohms"  # the column that makes a table state values
_EXPONENT = re.compile(r"[0-9]+\.?[0-9]*[eE][+-]?[0-9]{1,2}", re.ASCII)

_NO_BANDS: tuple[str, ...] = ()

_Value = TypeVar("_Value")


@dataclass(frozen=True)
class PartLabels:
    """What is stated about the part in each photo.

    Attributes:
        ohms: (photos,) float64; nan where no value is stated.
        codes: of each photo the bands, first digit first; an empty text is a band whose colour
            is not stated. Empty where neither bands nor their number are stated.
        band_counts: (photos,) int64; 0 where it is not stated.
        photographers: of each photo, an empty text where not stated; None without the column.
        parts: name of the physical part in each photo, likewise.
    """

    ohms: NDArray[np.float64]
    codes: tuple[tuple[str, ...], ...]
    band_counts: NDArray[np.int64]
    photographers: tuple[str, ...] | None = None
    parts: tuple[str, ...] | None = None

    def select(self, indices: Sequence[int]) -> "PartLabels":
        """Those of some photos, in that order."""
        chosen = list(indices)

        def some(values: tuple[str, ...] | None) -> tuple[str, ...] | None:
            return None if values is None else tuple(values[index] for index in chosen)

        return PartLabels(
            self.ohms[chosen],
            tuple(self.codes[index] for index in chosen),
            self.band_counts[chosen],
            some(self.photographers),
            some(self.parts),
        )

    @classmethod
    def nothing(cls, photos: int) -> "PartLabels":
        """Nothing is stated about some photos."""
        return cls(np.full(photos, math.nan), ((),) * photos, np.zeros(photos, np.int64))

    @classmethod
    def joined(cls, sets: "Sequence[PartLabels]") -> "PartLabels":
        """Those of several sets of photos, one after the other.

        Args:
            sets: at least one.
        """

        def texts(column: str) -> tuple[str, ...] | None:
            found = [getattr(one, column) for one in sets]
            if all(one is None for one in found):
                return None
            counts = [len(one.ohms) for one in sets]
            rows = [one or ("",) * count for one, count in zip(found, counts, strict=True)]
            return tuple(text for one in rows for text in one)

        return cls(
            np.concatenate([one.ohms for one in sets]),
            tuple(code for one in sets for code in one.codes),
            np.concatenate([one.band_counts for one in sets]),
            texts("photographers"),
            texts("parts"),
        )


def part_labels(rows: pd.DataFrame, table: Path) -> PartLabels | None:
    """Reads the columns on the part, which are found by their names.

    `ohms` is a value such as 4700 or 4k7, `band_count` 3 to 6, `bands` the colours, first digit
    first, `tolerance` a fraction (or `tolerance_percent`), `photographer` and `part` any text. All
    but `ohms` are optional, and any cell may be empty.

    Args:
        rows: of the table.
        table: the file, for messages.

    Returns:
        None without the column `ohms`.

    Raises:
        DataError: a column that is there twice, a cell that cannot be read, or bands that do not
            show the ohms of their row; names the row and the column.
    """
    if OHMS not in rows:
        return None

    def parsed(column: str, parse: Callable[[str], _Value], empty: _Value) -> list[_Value]:
        return _parsed(rows, table, column, parse, empty)

    ohms = parsed(OHMS, _ohms, math.nan)
    bands = _parsed(rows, table, "bands", _bands, _NO_BANDS)
    counts = parsed("band_count", _count, 0)
    tolerances = parsed("tolerance", _fraction, math.nan)
    percents = parsed("tolerance_percent", _percent, math.nan)
    codes = []
    for number, row in enumerate(zip(ohms, bands, counts, tolerances, percents, strict=True), 1):
        value, colours, count, tolerance, percent = row
        try:
            codes.append(
                _checked(colours, value, count)
                or _code(value, count, percent if math.isnan(tolerance) else tolerance)
            )
        except DataError as error:
            raise DataError(f"{table}, row {number}: {error}") from error
    return PartLabels(
        np.array(ohms, dtype=np.float64),
        tuple(codes),
        np.array([len(code) or count for code, count in zip(codes, counts, strict=True)]),
        *(_texts(rows, table, column) for column in ("photographer", "part")),
    )


def value_names(labels: PartLabels, table: Path) -> list[str]:
    """Names the value of each photo as a category, such as `4K7`.

    Raises:
        DataError: photos whose value is not stated; names the rows.
    """
    empty = [str(row) for row, ohms in enumerate(labels.ohms, start=1) if math.isnan(ohms)]
    if empty:
        raise DataError(
            f"{table}: nothing in the column {OHMS} of row {some_names(empty)}; fill it in or "
            "remove the row"
        )
    return [name_of_value(float(ohms)) for ohms in labels.ohms]


def _texts(rows: pd.DataFrame, table: Path, column: str) -> tuple[str, ...] | None:
    """The cells of a column without white space around them; None without the column."""
    if column not in rows:
        return None
    if list(rows.columns).count(column) > 1:
        raise DataError(f"{table} has the column {column} twice: rename one of them")
    return tuple("" if pd.isna(cell) else str(cell).strip() for cell in rows[column])


def _parsed(
    rows: pd.DataFrame, table: Path, column: str, parse: Callable[[str], _Value], empty: _Value
) -> list[_Value]:
    values = []
    for number, cell in enumerate(_texts(rows, table, column) or [""] * len(rows), start=1):
        try:
            values.append(parse(cell) if cell else empty)
        except DataError as error:
            raise DataError(f"{table}, row {number}, column {column}: {error}") from error
    return values


def _ohms(cell: str) -> float:
    # Spreadsheets and pandas write large numbers as 2.2e+06, which nobody writes on a part.
    return parse_value(f"{float(cell):.12f}" if _EXPONENT.fullmatch(cell) else cell)


def _bands(cell: str) -> tuple[str, ...]:
    bands = tuple(re.split(r"[\s,;/-]+", cell.lower()))
    decode(bands)
    return bands


def _count(cell: str) -> int:
    count = _number(cell, "3, 4, 5 or 6 bands")
    if count not in DIGIT_BANDS:
        raise DataError(f"{cell!r}: expected 3, 4, 5 or 6 bands")
    return int(count)


def _fraction(cell: str) -> float:
    expected = "a tolerance of the colour code as a fraction, such as 0.05 for ±5 %"
    found = _number(cell, expected)
    return _tolerance(found, cell, expected)


def _percent(cell: str) -> float:
    expected = "a tolerance of the colour code in percent, such as 5"
    found = _number(cell.strip("±% "), expected)
    return _tolerance(found / 100, cell, expected)


def _tolerance(found: float, cell: str, expected: str) -> float:
    for known in (*TOLERANCES.values(), 0.2):
        if math.isclose(found, known, rel_tol=1e-6):
            return known
    raise DataError(f"{cell!r}: expected {expected}")


def _number(cell: str, expected: str) -> float:
    try:
        return float(cell)
    except ValueError:
        raise DataError(f"{cell!r}: expected {expected}") from None


def _checked(bands: tuple[str, ...], ohms: float, count: int) -> tuple[str, ...]:
    """Bands that agree with the other columns of their row."""
    if not bands:
        return bands
    shown = decode(bands).ohms
    if not math.isnan(ohms) and not math.isclose(shown, ohms, rel_tol=1e-6):
        raise DataError(
            f"the bands {' '.join(bands)} are {ohms_in_words(shown)}, but {OHMS} is "
            f"{ohms_in_words(ohms)}: correct one of them"
        )
    if count and count != len(bands):
        raise DataError(f"{len(bands)} bands, but band_count is {count}: correct one of them")
    return bands


def _code(ohms: float, count: int, tolerance: float) -> tuple[str, ...]:
    """The bands of a value, as far as they follow from what is stated."""
    if not count or math.isnan(ohms):
        return ()
    try:
        code: tuple[str, ...] = encode_ohms(ohms, DIGIT_BANDS[count])
    except DataError as error:
        raise DataError(
            f"{ohms_in_words(ohms)} with {count} bands: {error}; correct {OHMS} or band_count"
        ) from error
    if count > len(code):
        code += (_tolerance_band(tolerance, count),)
    return (*code, *[""] * (count - len(code)))


def _tolerance_band(tolerance: float, count: int) -> str:
    if math.isnan(tolerance):
        return ""
    for colour, known in TOLERANCES.items():
        if known == tolerance:
            return colour
    raise DataError(
        f"{tolerance_in_words(tolerance)} with {count} bands: no band has this tolerance; correct "
        "tolerance or band_count"
    )
