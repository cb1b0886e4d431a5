"""CSV tables: written so that a spreadsheet runs nothing, read however a spreadsheet saved them.

Names of categories and files are text of somebody else's. A spreadsheet takes a cell that begins
with `=`, `+`, `-` or `@` for a formula, which may send the table away or start a program (OWASP,
"CSV Injection"). Such a cell is written with a `'` before it, and read without.
"""

import csv
import io
import re
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

# Full-width signs are formulas too in some spreadsheets; white space before a sign is skipped.
_FORMULA = re.compile(r"'*(?:[\t\r\n]|\s*[=+\-@＝＋－＠])")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_SEPARATORS = (",", ";", "\t", "|")
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)  # Excel's, before the first row
_HEADER = 1 << 20  # characters in which the first line is expected to end
_LARGEST = 1 << 28  # bytes: two million photos, and four times that in memory
_CODEPAGE_ADVICE = 'save it as "CSV UTF-8"'
# What files begin with that are no text: ZIP (as .xlsx and .ods are), OLE (.xls), parquet, gzip.
_OTHER_FILES = {
    b"PK\x03\x04": "a spreadsheet or another zip",
    b"\xd0\xcf\x11\xe0": "a spreadsheet of an old Excel",
    b"PAR1": "a parquet table: name it .parquet",
    b"\x1f\x8b": "compressed: unpack it",
}


def guarded(cell: Any) -> Any:
    """A cell that no spreadsheet takes for a formula; numbers stay numbers."""
    if isinstance(cell, str) and _FORMULA.match(cell) and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell


def unguarded(cell: Any) -> Any:
    """The cell that `guarded` was given."""
    if isinstance(cell, str) and cell.startswith("'") and _FORMULA.match(cell):
        return cell[1:]
    return cell


def csv_line(cells: Iterable[Any]) -> str:
    """A row with its line end, its text guarded."""
    line = io.StringIO()
    # A cell is quoted that holds a character of the line end: \r is one to readers.
    csv.writer(line, lineterminator="\r\n").writerow([guarded(cell) for cell in cells])
    return line.getvalue().removesuffix("\r\n") + "\n"


def write_csv(
    table: "pd.DataFrame", path: Path, *, index: bool = False, append: bool = False
) -> None:
    """Writes a table, its text guarded, its column names and index too.

    Args:
        table: the table.
        path: where to.
        index: whether the index is the first column.
        append: puts the rows behind those of a table of the same columns, without a header.
    """
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    safe = table.rename(columns=guarded, index=guarded if index else None)
    texts = [
        place
        for place, kind in enumerate(table.dtypes)
        if not (is_numeric_dtype(kind) or is_bool_dtype(kind))
    ]
    for place in texts:
        safe.isetitem(place, [guarded(cell) for cell in table.iloc[:, place]])
    # Readers take a \r outside of quotes for the end of a row, and the writer does not quote it.
    named = [safe.columns, safe.index] if index else [safe.columns]
    odd = any(
        isinstance(cell, str) and "\r" in cell
        for cells in (*named, *(safe.iloc[:, place] for place in texts))
        for cell in cells
    )
    safe.to_csv(
        path,
        index=index,
        mode="a" if append else "w",
        header=not append,
        quoting=csv.QUOTE_NONNUMERIC if odd else csv.QUOTE_MINIMAL,
    )


def read_csv(path: Path) -> "pd.DataFrame":
    """Reads a table of text, as we write it or as a spreadsheet saves it.

    UTF-8 and UTF-16 are read, cells between commas, semicolons, tabs or bars, and white space
    around the names of columns counts for nothing. Every cell is text, an empty one is empty.

    Args:
        path: of the table.

    Raises:
        OSError: it cannot be opened.
        ValueError: it is no such table; the message says what it is.
    """
    import pandas as pd  # here: commands that need none answer sooner

    rows = read_cells(path)
    header = [name.strip() for name in rows[0]]
    return pd.DataFrame(rows[1:], columns=header, dtype=object)


def read_cells(path: Path) -> list[list[str]]:
    """The cells of a table, row by row, all rows of one length; see `read_csv`.

    Raises:
        OSError: it cannot be opened.
        ValueError: it is no such table, or has no row.
    """
    text = decoded(regular_bytes(path))
    named = _SEPARATOR_LINE.match(text)
    text = text[named.end() :] if named else text
    separator = named[1] if named else _separator(text, path)
    try:
        # Strict: else a quote that is never closed swallows all rows that follow.
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        raise ValueError(f"{error}; is a quotation mark without its pair?") from error
    rows = [[unguarded(cell) for cell in line] for line in lines if any(map(str.strip, line))]
    if not rows:
        raise ValueError("it is empty")
    width = len(rows[0])
    for number, row in enumerate(rows[1:], start=1):
        if any(map(str.strip, row[width:])):  # but a separator at the end of a row is no cell
            raise ValueError(
                f"row {number} has {len(row)} cells and the first line {width}: put cells that "
                f"hold {separator!r} in quotation marks"
            )
    return [(row + [""] * (width - len(row)))[:width] for row in rows]


def regular_bytes(path: Path) -> bytes:
    """The content of a file of ordinary size.

    Raises:
        OSError: it cannot be opened.
        ValueError: it is no file but a folder, a device or a pipe, which may never end, or it is
            larger than any table.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise ValueError("this is a folder, a device or a pipe: expected a file")
    with path.open("rb") as file:
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise ValueError(f"it has more than {_LARGEST:,} bytes: split it, or use .parquet")
    return content


def decoded(content: bytes) -> str:
    """Text of UTF-8, or of UTF-16 that says so; a byte order mark is no part of it.

    Raises:
        ValueError: it is neither; the message says what it seems to be.
    """
    for begin, what in _OTHER_FILES.items():
        if content.startswith(begin):
            raise ValueError(f"this is {what}, not CSV: {_CODEPAGE_ADVICE}")
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    if b"\0" in content and not wide:
        raise ValueError(f"it is no text, or UTF-16 without a byte order mark; {_CODEPAGE_ADVICE}")
    try:
        return content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ValueError(
            f"line {line} is not UTF-8 text (byte {content[error.start]:#04x}), as where a "
            f"spreadsheet saved it in an old Windows code page; {_CODEPAGE_ADVICE}"
        ) from error


def _separator(text: str, path: Path) -> str:
    """What stands between cells, by the first line and outside of quotes.

    We write commas, and names in our tables may hold the others.
    """
    if path.suffix.lower() == ".tsv":
        return "\t"
    begin = text.lstrip("\r\n")[:_HEADER]
    line = re.sub(r'"[^"]*("|$)', "", begin).partition("\n")[0]
    return next((mark for mark in _SEPARATORS if mark in line), ",")
