"""Lines for people: values with their bands, and verdicts on expected values."""

import sys
from collections.abc import Sequence
from pathlib import Path

from resistor_cls.colour_code import ohms_in_words
from resistor_cls.errors import printable
from resistor_cls.evaluation.wording import percent, share
from resistor_cls.inference.prediction import Candidate, Prediction
from resistor_cls.inference.printing import Format, put
from resistor_cls.inference.wording import BOTH_WAYS

_MAX_WIDTH = 48  # letters of a photo's name up to which columns are aligned
# Letters of the columns of several photos. They are printed as they come, so that none is known
# beforehand: `47.5 kΩ ±0.25 %`, and five bands of the longest names.
_TEXT, _BANDS, _SHARE = 15, 34, 6
_MIN_SHOWN = 0.005  # a second reading of less probability is not worth a place in the line


class ValueTable(Format):
    """Lines of a model that reads values, such as `a.jpg   4.7 kΩ ±5 %   yellow violet red gold`.

    Args:
        photos: all photos of the run.
        top: candidates of each prediction; 1 for the best and, in the same line, the second.
    """

    def __init__(self, photos: Sequence[Path], top: int = 1) -> None:
        self._top = top
        self._photo = photo_width(photos)
        several = len(photos) > 1
        self._text, self._bands, self._share = (_TEXT, _BANDS, _SHARE) if several else (0, 0, 0)

    def add(self, predictions: Sequence[Prediction]) -> None:
        """Writes a line a prediction, and one for each further candidate."""
        for one in predictions:
            if one.error is None:
                put(self._lines(one), sys.stdout)

    def _lines(self, one: Prediction) -> str:
        photo = f"{name_of(one):<{self._photo}}"
        lines = ["   ".join([photo, *self._cells(one)])]
        if self._top > 1 and one.located is not False:
            others = one.candidates[1 if one.accepted else 0 : self._top]
            lines += [f"{'':<{len(photo)}}   {_guess(other)}" for other in others]
        return "".join(f"{line.rstrip()}\n" for line in lines)

    def _cells(self, one: Prediction) -> list[str]:
        cells = [f"{printable(one.text or ''):<{self._text}}"]
        if one.reason == BOTH_WAYS:
            shares = ", ".join(short_share(other.confidence) for other in one.candidates[:2])
            return [*cells, f"({shares})"]
        if not one.accepted:
            return [*cells, printable(one.reason or "")] if one.located is not False else cells
        cells += [f"{' '.join(bands):<{self._bands}}" for bands in one.markings]
        cells.append(f"{short_share(one.confidence or 0):>{self._share}}")
        if self._top == 1 and (second := _second(one)) is not None:
            cells.append(f"(then {printable(second.text)}, {short_share(second.confidence)})")
        if one.label is not None:
            cells.append(f"label {printable(one.label)}")
        return cells


class VerdictTable(Format):
    """Lines of whether each part has the value that was expected.

    Args:
        photos: all photos of the run.
    """

    def __init__(self, photos: Sequence[Path]) -> None:
        self._photo = photo_width(photos)

    def add(self, predictions: Sequence[Prediction]) -> None:
        """Writes a line a prediction."""
        for one in predictions:
            if one.error is None:
                likely = one.expected_probability
                cells = [
                    f"{name_of(one):<{self._photo}}",
                    f"{one.verdict or '':<6}",
                    f"{'' if likely is None else short_share(likely):>8}",
                    _found(one),
                ]
                put("   ".join(cells).rstrip() + "\n", sys.stdout)


def verdict_in_words(one: Prediction) -> str | None:
    """The verdict in a phrase, such as `expected 4.7 kΩ: yes (97 %)`; None without one."""
    if one.expected is None or one.verdict is None:
        return None
    likely = one.expected_probability
    shown = "" if likely is None else f" ({short_share(likely)})"
    return f"expected {ohms_in_words(one.expected)}: {one.verdict}{shown}"


def photo_width(photos: Sequence[Path]) -> int:
    """Letters of the column of photos; 0 where one photo needs no column."""
    names = [len(printable(str(photo))) for photo in photos]
    return max((size for size in names if size <= _MAX_WIDTH), default=0) if len(names) > 1 else 0


def name_of(one: Prediction) -> str:
    """The photo, with the number of the body where there is one."""
    return printable(str(one.photo)) + ("" if one.body is None else f" #{one.body}")


def short_share(value: float) -> str:
    """A confidence in whole percent; above 99 % to a tenth, as only all is 100 %."""
    return percent(value) if value < 0.99 else share(value)


def _found(one: Prediction) -> str:
    text = printable(one.text or "")
    if one.accepted or one.located is False or one.reason in (None, BOTH_WAYS):
        return text
    return f"{text}: {printable(one.reason or '')}"


def _second(one: Prediction) -> Candidate | None:
    """The most probable other value that is worth a place in the line."""
    others = (other for other in one.candidates if other.ohms != one.ohms)
    second = next(others, None)
    return second if second is not None and second.confidence >= _MIN_SHOWN else None


def _guess(candidate: Candidate) -> str:
    text = f"{printable(candidate.text)}   {short_share(candidate.confidence)}"
    return text if candidate.category is None else f"{text}   {printable(candidate.category)}"
