"""CSV tables: written so that a spreadsheet runs no formula, read as spreadsheets save them.

Names of categories and files are untrusted text. A spreadsheet takes a cell that begins with `=`,
`+`, `-` or `@` for a formula, which may send the table away or start a program (OWASP, "CSV
Injection"). Such a cell is written with a `'` before it, and read without it.
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
_MAX_HEADER = 1 << 20  # characters in which the first line is expected to end
_MAX_BYTES = 1 << 28  # two million photos; the table takes four times as much memory
_CODEPAGE_ADVICE = 'save it as "CSV UTF-8"'
# First bytes of files that are not text: ZIP (.xlsx and .ods too), OLE (.xls), parquet, gzip.
_OTHER_FILES = {
    b"PK\x03\x04": "a spreadsheet or another zip",
    b"\xd0\xcf\x11\xe0": "a spreadsheet of an old Excel",
    b"PAR1": "a parquet table: name it .parquet",
    b"\x1f\x8b": "compressed: unpack it",
}


def guarded(cell: Any) -> Any:
    """Returns a cell that no spreadsheet takes for a formula; numbers stay numbers."""
    if isinstance(cell, str) and _FORMULA.match(cell) and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell


def unguarded(cell: Any) -> Any:
    """Undoes `guarded`."""
    if isinstance(cell, str) and cell.startswith("'") and _FORMULA.match(cell):
        return cell[1:]
    return cell


def csv_line(cells: Iterable[Any]) -> str:
    """Formats a row with its line end; its text is guarded."""
    line = io.StringIO()
    # A cell with a character of the line end is quoted, and \r is one for readers.
    csv.writer(line, lineterminator="\r\n").writerow([guarded(cell) for cell in cells])
    return line.getvalue().removesuffix("\r\n") + "\n"


def write_csv(
    table: "pd.DataFrame", path: Path, *, index: bool = False, append: bool = False
) -> None:
    """Writes a table; its text, column names and index are guarded.

    Args:
        table: what to write.
        path: of the file.
        index: whether the index becomes the first column.
        append: whether to add the rows to a table of the same columns, without a header.
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
    # Readers take an unquoted \r for the end of a row, and pandas does not quote it.
    named = [safe.columns, safe.index] if index else [safe.columns]
    has_return = any(
        isinstance(cell, str) and "\r" in cell
        for cells in (*named, *(safe.iloc[:, place] for place in texts))
        for cell in cells
    )
    safe.to_csv(
        path,
        index=index,
        mode="a" if append else "w",
        header=not append,
        quoting=csv.QUOTE_NONNUMERIC if has_return else csv.QUOTE_MINIMAL,
    )


def read_csv(path: Path) -> "pd.DataFrame":
    """Reads a table of text, as written here or as saved by a spreadsheet.

    The encoding is UTF-8 or UTF-16; commas, semicolons, tabs or bars separate cells; white space
    around column names is removed. Every cell is text, an empty cell is the empty text.

    Raises:
        OSError: the file cannot be opened.
        ValueError: the file is not such a table; the message says what it is.
    """
    import pandas as pd  # here: commands that need no table start faster

    rows = read_cells(path)
    header = [name.strip() for name in rows[0]]
    return pd.DataFrame(rows[1:], columns=header, dtype=object)


def read_cells(path: Path) -> list[list[str]]:
    """Reads the cells of a table row by row, all rows of the same length; see `read_csv`.

    Raises:
        OSError: the file cannot be opened.
        ValueError: the file is not such a table, or has no row.
    """
    text = decoded(regular_bytes(path))
    named = _SEPARATOR_LINE.match(text)
    text = text[named.end() :] if named else text
    separator = named[1] if named else _separator(text, path)
    try:
        # Strict: otherwise a quote that is never closed swallows all rows that follow.
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        raise ValueError(f"{error}; is a quotation mark without its pair?") from error
    rows = [[unguarded(cell) for cell in line] for line in lines if any(map(str.strip, line))]
    if not rows:
        raise ValueError("it is empty")
    width = len(rows[0])
    for number, row in enumerate(rows[1:], start=1):
        if any(map(str.strip, row[width:])):  # a separator at the end of a row is not a cell
            raise ValueError(
                f"row {number} has {len(row)} cells and the first line {width}: put cells that "
                f"hold {separator!r} in quotation marks"
            )
    return [(row + [""] * (width - len(row)))[:width] for row in rows]


def regular_bytes(path: Path) -> bytes:
    """Reads a regular file of limited size.

    Raises:
        OSError: the file cannot be opened.
        ValueError: the path is a folder, a device or a pipe, which may never end, or the file is
            larger than any table.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise ValueError("this is a folder, a device or a pipe: expected a file")
    with path.open("rb") as file:
        content = file.read(_MAX_BYTES + 1)
    if len(content) > _MAX_BYTES:
        raise ValueError(f"it has more than {_MAX_BYTES:,} bytes: split it, or use .parquet")
    return content


def decoded(content: bytes) -> str:
    """Decodes UTF-8, or UTF-16 with a byte order mark; the mark is removed.

    Raises:
        ValueError: the content is neither; the message says what it seems to be.
    """
    for signature, kind in _OTHER_FILES.items():
        if content.startswith(signature):
            raise ValueError(f"this is {kind}, not CSV: {_CODEPAGE_ADVICE}")
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    if b"\0" in content and not wide:
        raise ValueError(f"it is not text, or UTF-16 without a byte order mark; {_CODEPAGE_ADVICE}")
    try:
        return content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ValueError(
            f"line {line} is not UTF-8 text (byte {content[error.start]:#04x}), as where a "
            f"spreadsheet saved it in an old Windows code page; {_CODEPAGE_ADVICE}"
        ) from error


def _separator(text: str, path: Path) -> str:
    """The separator of cells: the first of `_SEPARATORS` in the first line, outside of quotes.

    Commas come first, as tables are written with commas and names may hold the others.
    """
    if path.suffix.lower() == ".tsv":
        return "\t"
    begin = text.lstrip("\r\n")[:_MAX_HEADER]
    line = re.sub(r'"[^"]*("|$)', "", begin).partition("\n")[0]
    return next((mark for mark in _SEPARATORS if mark in line), ",")
