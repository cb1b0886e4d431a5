"""Where a prediction becomes words: a reading, "don't know" or "no resistor found", and why."""

import re
from dataclasses import dataclass

from resistor_cls.categories import Category

NO_RESISTOR = "no resistor found"
DONT_KNOW = "don't know"
_BEFORE_UNITS = re.compile(r" (?=%|[kMG]?Ω|W\b)")


@dataclass(frozen=True)
class Wording:
    """What is said of a body, or of a photo without one.

    Attributes:
        text: the reading, `DONT_KNOW` or `NO_RESISTOR`.
        accepted: whether the text is a reading.
        reason: a sentence that says why it is none; None where it is one.
    """

    text: str
    accepted: bool
    reason: str | None = None


def worded(
    best: Category,
    *,
    located: bool | None,
    familiar: bool | None = None,
    too_unsure_for: str | None = None,
) -> Wording:
    """What is said of a prediction.

    The first of these that holds decides: no body was found, the photo is unlike the known ones,
    the prediction is too unsure.

    Args:
        best: the most probable category.
        located: whether the body was found; None where the model does not look for it.
        familiar: whether the photo is like those that the model knows; None where that was not
            tested.
        too_unsure_for: the limit that the prediction misses, such as `--risk 0.01`; None where it
            misses none.
    """
    if located is False:
        return Wording(NO_RESISTOR, False, "the detector finds no resistor body in the photo")
    guess = f"best guess {best.value_in_words}"
    if familiar is False:
        return Wording(DONT_KNOW, False, f"unlike the photos I know; {guess}")
    if too_unsure_for is not None:
        return Wording(DONT_KNOW, False, f"too unsure for {too_unsure_for}; {guess}")
    return Wording(best.in_words, True)


def percent_in_words(share: float) -> str:
    """A share such as `99.7 %`; what is not all is not called 100, nor what is some 0."""
    if 0.9995 <= share < 1:
        return "> 99.9 %"
    if 0 < share < 0.0005:
        return "< 0.1 %"
    return f"{100 * share:.1f} %"


def with_units(text: str) -> str:
    """A text in which no line ends between a number and its unit."""
    return _BEFORE_UNITS.sub("\N{NO-BREAK SPACE}", text)
