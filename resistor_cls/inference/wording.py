"""Predictions in words: a reading, "don't know" or "no resistor found", and the reason."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from resistor_cls.categories import Category

NO_RESISTOR = "no resistor found"
DONT_KNOW = "don't know"
BOTH_WAYS = "the code reads both ways"
NOTHING_FOUND = "the detector finds no resistor body in the photo"
NO_CODE = "the bands form no usual code"
NOT_CERTAIN = "no reading is certain; best guess {best}"
TWO_CLOSE = "two readings are close: {both}"
UNFAMILIAR = "unlike the photos I know; best guess {best}"
TOO_UNCERTAIN = "confidence too low for {limit}; best guess {best}"
MODEL_THRESHOLD = "the model's probability threshold"
EITHER = f"{{first}} or {{second}}: {BOTH_WAYS}"
_BEFORE_UNITS = re.compile(r" (?=%|[kMG]?Ω|W\b)")


@dataclass(frozen=True)
class Wording:
    """The words for a prediction.

    Attributes:
        text: the reading, `DONT_KNOW` or `NO_RESISTOR`.
        accepted: whether the text is a reading.
        reason: a sentence that says why it is not a reading; None where it is one.
    """

    text: str
    accepted: bool
    reason: str | None = None


def worded(
    best: Category,
    *,
    located: bool | None,
    familiar: bool | None = None,
    missed_limit: str | None = None,
) -> Wording:
    """Puts a prediction into words.

    The first of these that holds decides: no body was found, the photo is unlike the calibration
    photos, the confidence is too low.

    Args:
        best: the most probable category.
        located: whether the body was found; None for a model without a detector.
        familiar: whether the photo is like the calibration photos; None where that was not tested.
        missed_limit: the limit that the confidence does not reach, such as `--risk 0.01`; None
            where it reaches all.
    """
    if located is False:
        return no_resistor()
    guess = best.value_in_words
    if familiar is False:
        return Wording(DONT_KNOW, False, UNFAMILIAR.format(best=guess))
    if missed_limit is not None:
        return Wording(DONT_KNOW, False, TOO_UNCERTAIN.format(limit=missed_limit, best=guess))
    return Wording(best.in_words, True)


def no_resistor() -> Wording:
    """The words for a photo in which no body was found."""
    return Wording(NO_RESISTOR, False, NOTHING_FOUND)


def not_listed(value: str, source: str, reads: str = "reads") -> Wording:
    """The words for a value that is not on the user's list.

    Args:
        value: in words.
        source: of the list, such as its file.
        reads: how certain that is, as a verb.
    """
    return Wording(DONT_KNOW, False, f"{reads} {value}, which is not in {source}")


def close_readings(values: Sequence[str]) -> str:
    """The reason where neither the photo nor one band explains that nothing is certain.

    Args:
        values: the most probable one, and another that is close to it, in words; empty where the
            bands form none.
    """
    if not values:
        return NO_CODE
    if len(values) == 1:
        return NOT_CERTAIN.format(best=values[0])
    return TWO_CLOSE.format(both=", ".join(values))


def with_units(text: str) -> str:
    """A text in which no line ends between a number and its unit."""
    return _BEFORE_UNITS.sub("\N{NO-BREAK SPACE}", text)
