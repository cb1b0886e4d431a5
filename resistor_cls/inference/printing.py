"""Prints predictions as they come: a table, JSON, a JSON object a line, or CSV."""

import json
import re
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from resistor_cls.categories import Categories
from resistor_cls.csv_tables import csv_line
from resistor_cls.errors import as_text, printable
from resistor_cls.evaluation.wording import share
from resistor_cls.inference.prediction import OF_EXPECTED, Candidate, Prediction
from resistor_cls.inference.wording import DONT_KNOW, NO_RESISTOR

CANDIDATES = 3  # of JSON and CSV, where --top does not say
_MAX_WIDTH = 48  # letters of a photo's name up to which columns are aligned
# The fields of a row of CSV; the candidates follow.
_FLAT = (
    "photo", "body", "text", "ohms", "tolerance", "watts", "bands", "category", "confidence",
    "calibrated", "accepted", "reason", "located", "familiar", "error", "markings",
)  # fmt: skip
_IN_ASCII = {"Ω": "ohm", "±": "+/-"}  # for terminals that lack one of these
_OF_BOX = ("x", "y", "length", "width", "degrees")


class Format:
    """One way to write predictions on standard output."""

    def begin(self) -> None:
        """Writes what comes before the first photo, by default nothing."""

    def add(self, predictions: Sequence[Prediction]) -> None:
        """Writes the predictions of one photo."""
        raise NotImplementedError

    def end(self) -> None:
        """Writes what comes after the last photo, by default nothing."""

    def interrupt(self) -> None:
        """Completes the output where no more photos follow, by default by nothing."""


class Table(Format):
    """Lines for people.

    Args:
        photos: all photos of the run.
        categories: of the model.
        top: candidates of each prediction; 1 for the best alone.
    """

    def __init__(self, photos: Sequence[Path], categories: Categories, top: int = 1) -> None:
        self._top = top
        several = len(photos) > 1
        names = [len(printable(str(photo))) for photo in photos]
        self._photo = max(size for size in [0, *names] if size <= _MAX_WIDTH) if several else 0
        words = [DONT_KNOW, NO_RESISTOR, *(category.in_words for category in categories)]
        self._text = max(map(len, words)) if several else 0
        self._noted = False

    def add(self, predictions: Sequence[Prediction]) -> None:
        """Writes a line a prediction, and one for each further candidate."""
        for one in predictions:
            if one.error is not None:
                continue
            if one.confidence is not None and not one.calibrated and not self._noted:
                self._noted = True
                note = "the percentages are uncalibrated: this model has no calibration"
                put(f"{note}\n", sys.stderr)
            put(self._lines(one), sys.stdout)

    def _lines(self, one: Prediction) -> str:
        photo = printable(str(one.photo)) + ("" if one.body is None else f" #{one.body}")
        others = [] if one.located is False else one.candidates[1 if one.accepted else 0 :]
        others = others[: self._top - bool(one.accepted)] if self._top > 1 else []
        width = max([self._text, *(len(other.text) for other in others)])
        width = max(width, len(one.text or "")) if others else width
        lines = [self._line(f"{photo:<{self._photo}}", one, width)]
        indent = " " * max(self._photo, len(photo))
        lines += [f"{indent}   {_guess(other, width)}" for other in others]
        return "".join(f"{line.rstrip()}\n" for line in lines)

    @staticmethod
    def _line(photo: str, one: Prediction, width: int) -> str:
        cells = [photo, f"{printable(one.text or ''):<{width}}"]
        confidence = "" if one.confidence is None else share(one.confidence)
        if one.accepted and confidence:
            cells.append(f"{confidence:>8}" if width else confidence)
        if one.markings:
            cells.append(" or ".join(" ".join(bands) for bands in one.markings))
        if one.label is not None:
            cells.append(f"label {printable(one.label)}")
        if one.reason is not None and one.located is not False:
            # The reason ends with the best guess, which the confidence belongs to.
            cells.append(f"{printable(one.reason)} ({confidence})")
        return "   ".join(cells)


def _guess(candidate: Candidate, width: int) -> str:
    confidence = share(candidate.confidence)
    text, category = printable(candidate.text), printable(candidate.category or "")
    return f"{text:<{width}}   {confidence:>8}   {category}"


class Json(Format):
    """One array, written as it grows."""

    def __init__(self) -> None:
        self._between = "\n"

    def begin(self) -> None:
        """Opens the array."""
        put("[", sys.stdout)

    def add(self, predictions: Sequence[Prediction]) -> None:
        """Writes an object a prediction."""
        for one in predictions:
            put(self._between + textwrap.indent(_json(one, indent=2), "  "), sys.stdout)
            self._between = ",\n"

    def end(self) -> None:
        """Closes the array."""
        put("\n]\n", sys.stdout)

    def interrupt(self) -> None:
        """Closes the array."""
        self.end()


class JsonLines(Format):
    """An object a line."""

    def add(self, predictions: Sequence[Prediction]) -> None:
        """Writes an object a prediction."""
        for one in predictions:
            put(f"{_json(one)}\n", sys.stdout)


class Csv(Format):
    """A row a prediction, its candidates in columns.

    Args:
        top: number of candidates.
        expecting: whether the columns of an expected value are written.
    """

    def __init__(self, top: int, expecting: bool = False) -> None:
        self._top = top
        self._flat = (*_FLAT, *OF_EXPECTED) if expecting else _FLAT
        # A file holds names unescaped.
        self._shown = printable if sys.stdout.isatty() else as_text

    def begin(self) -> None:
        """Writes the names of the columns."""
        ranks = range(1, self._top + 1)
        candidates = [
            name for rank in ranks for name in (f"candidate_{rank}", f"probability_{rank}")
        ]
        put(csv_line([*self._flat, *(f"box_{name}" for name in _OF_BOX), *candidates]), sys.stdout)

    def add(self, predictions: Sequence[Prediction]) -> None:
        """Writes a row a prediction."""
        for one in predictions:
            put(csv_line(self._row(one)), sys.stdout)

    def _row(self, one: Prediction) -> list[Any]:
        fields = one.as_json()
        fields["bands"] = " ".join(one.bands or ())
        fields["markings"] = " or ".join(" ".join(bands) for bands in one.markings)
        box = fields["box"] or {}
        row = [*(fields.get(name) for name in self._flat), *(box.get(name) for name in _OF_BOX)]
        candidates: list[Any] = [
            cell
            for other in one.candidates
            for cell in (other.category or other.text, other.probability)
        ]
        candidates += [None] * (2 * self._top - len(candidates))
        return [self._shown(cell) if isinstance(cell, str) else cell for cell in row + candidates]


def _json(one: Prediction, indent: int | None = None) -> str:
    text = json.dumps(one.as_json(), indent=indent, ensure_ascii=False)
    # json escapes only the control characters of ASCII. The others are escaped here, and all that
    # the output cannot encode: the output stays JSON, and moves no cursor.
    text = re.sub("[\x7f-\x9f]", _json_escape, text)
    return text if _can_encode(text, sys.stdout) else re.sub("[^\x00-\x7f]", _json_escape, text)


def _json_escape(letter: re.Match[str]) -> str:
    r"""A character as JSON escapes it: `\uNNNN` for each of its UTF-16 units (RFC 8259)."""
    digits = letter[0].encode("utf-16-be").hex()
    return "".join(f"\\u{digits[start : start + 4]}" for start in range(0, len(digits), 4))


def _can_encode(text: str, file: Any) -> bool:
    try:
        text.encode(file.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def put(text: str, file: Any) -> None:
    """Prints without buffering, above a progress bar.

    What the stream cannot encode is written in other letters or escaped, so that every photo is
    printed. Nothing is printed where the stream is closed (`2>&-`).

    Args:
        text: to be printed, with its line end.
        file: standard output, or another stream; None where it is closed.
    """
    if file is None:
        return
    if not _can_encode(text, file):
        for sign, word in _IN_ASCII.items():
            text = text.replace(sign, word)
        encoding = file.encoding
        text = text.encode(encoding, "backslashreplace").decode(encoding)
    with tqdm.external_write_mode(file=file):
        print(text, end="", flush=True, file=file)
