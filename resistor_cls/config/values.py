"""The kinds of values that keys take: numbers, choices, texts, files and nodes.

OmegaConf's structured configs know types alone, and convert: `"3"` becomes 3, and 1 becomes true.
Here a value is refused unless it is of the type, in the range and among the choices of its key.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from resistor_cls.errors import nearest

MAX_SIDE = 8_192  # pixels; see `resistor_cls.model.checkpoint.schema`
CLASS_WEIGHTS = ("none", "balanced")
WEIGHTS_SUFFIX = ".safetensors"


@dataclass(frozen=True)
class Values:
    """The values that a key takes.

    Attributes:
        accepts: whether a value is one of them.
        words: what they are, for messages and for the table of keys.
        names: those that are words; a message suggests the nearest.
        more: what else is accepted beside `names`.
        is_text: a path, a name or other free text: each letter means itself on a command line.
        may_be_empty: an empty text is a value.
        has_keys: a value may be a node: keys may stand below this one.
        suffix: a text that ends so names a file; empty if every text does, where `file` is given.
        file: what the file or folder must be that the value names; empty if none need exist.
    """

    accepts: Callable[[Any], bool]
    words: str
    names: tuple[str, ...] = ()
    more: str = ""
    is_text: bool = False
    may_be_empty: bool = False
    has_keys: bool = False
    suffix: str = ""
    file: str = ""

    def refusal(self, value: Any) -> str:
        """What is expected instead of a value that is not accepted."""
        if self.suffix == WEIGHTS_SUFFIX and ends_with(".onnx")(value):
            return (
                "an exported model has no weights to start from; give weights.safetensors of the "
                "run that it was exported from"
            )
        if self.names:
            return "; ".join(filter(None, [nearest(str(value), self.names), self.more]))
        words = self.words
        if _is_number(value):  # what it is need not be said
            words = words.removeprefix("a number, ")
            words = words.removeprefix("a whole number, ") if isinstance(value, int) else words
        return f"expected {words}"

    def or_null(self) -> "Values":
        """These values, and null."""
        accepts = self.accepts
        return replace(
            self,
            accepts=lambda value: value is None or accepts(value),
            words=f"{self.words}, or null",
        )


def number(
    minimum: float = -math.inf,
    maximum: float = math.inf,
    *,
    above: bool = False,
    below: bool = False,
    whole: bool = False,
) -> Values:
    """A number in a range.

    Args:
        minimum: the smallest.
        maximum: the largest.
        above: the number is larger than `minimum`.
        below: the number is smaller than `maximum`.
        whole: it is a whole number.
    """

    def accepts(value: Any) -> bool:
        if not _is_number(value) or (whole and not isinstance(value, int)):
            return False
        low = value > minimum if above else value >= minimum
        return bool(low and (value < maximum if below else value <= maximum))

    low = f"more than {minimum:g}" if above else f"{minimum:g} or more"
    high = f"{'less than' if below else 'at most'} {maximum:.10g}"
    limits = " and ".join([low] * (minimum > -math.inf) + [high] * (maximum < math.inf))
    return Values(accepts, f"{'a whole number' if whole else 'a number'}, {limits}")


def _is_number(value: Any) -> bool:
    """Whether a value is a number; true and false are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def one_of(*numbers: int) -> Values:
    """One of several whole numbers."""
    return Values(
        lambda value: type(value) is int and value in numbers, ", ".join(map(str, numbers))
    )


def switch() -> Values:
    """True or false."""
    return Values(lambda value: isinstance(value, bool), "true or false")


def choice(*names: str, other: Callable[[Any], bool] | None = None, more: str = "") -> Values:
    """One of several names.

    Args:
        *names: the names.
        other: whether something else is a value too.
        more: what that is.
    """
    return Values(
        lambda value: (
            (isinstance(value, str) and value in names) or (other is not None and other(value))
        ),
        ", ".join([*names, *[more] * bool(more)]),
        names=names,
        more=more,
    )


def anything(words: str) -> Values:
    """Values that only the library that takes them can check."""
    return Values(lambda value: True, words)


def text(words: str = "a text", *, may_be_empty: bool = False) -> Values:
    """A name or other free text."""
    return Values(
        lambda value: (
            isinstance(value, str | int | float)
            and not isinstance(value, bool)
            and (may_be_empty or value != "")
        ),
        words,
        is_text=True,
        may_be_empty=may_be_empty,
    )


def file(words: str) -> Values:
    """The name of a file or folder that must exist."""
    return replace(text(words), file=words)


def node(words: str) -> Values:
    """A node with keys below it, or without any."""
    return Values(lambda value: value == {}, words, has_keys=True)


def devices() -> Values:
    """How many devices, or which."""

    def accepts(value: Any) -> bool:
        if isinstance(value, str):
            return value == "auto" or all(part.strip().isdecimal() for part in value.split(","))
        return all(
            type(one) is int for one in (value if isinstance(value, list) else [value])
        ) and (value != [])

    return Values(accepts, "a whole number, a list of indices, or auto")


def image_size() -> Values:
    """A side in pixels, or rows and columns."""

    def accepts(value: Any) -> bool:
        sides = value if isinstance(value, list) and len(value) == 2 else [value]
        return all(type(side) is int and 1 <= side <= MAX_SIDE for side in sides)

    return Values(
        accepts, f"1 or more pixels, at most {MAX_SIDE}: a whole number, or [rows, columns]"
    )


def class_weights() -> Values:
    """A way to weigh the categories, or a weight for each."""

    def are_weights(value: Any) -> bool:
        return (
            isinstance(value, list)
            and bool(value)
            and all(_is_number(one) and 0 <= one < math.inf for one in value)
        )

    return choice(*CLASS_WEIGHTS, other=are_weights, more="or a list of one weight per category")


def weights_file(values: Values, words: str) -> Values:
    """Values, and the name of a file of weights that must exist."""
    accepts = values.accepts
    return replace(
        values,
        accepts=lambda value: accepts(value) or ends_with(WEIGHTS_SUFFIX)(value),
        words=f"{values.words}, or {words}",
        more=f"or {words}" if values.names else "",
        is_text=True,
        suffix=WEIGHTS_SUFFIX,
        file=words,
    )


def as_text(values: Values) -> Values:
    """Values that are read as free text; see `Values.is_text`."""
    return replace(values, is_text=True)


def ends_with(*suffixes: str) -> Callable[[Any], bool]:
    """Whether a value is a text with one of some endings."""
    return lambda value: isinstance(value, str) and value.endswith(suffixes)


def has_colon(value: Any) -> bool:
    """Whether a value may be an import path."""
    return isinstance(value, str) and ":" in value


def either(first: Values, second: Values) -> Values:
    """The values of two kinds; the properties are those of the first."""
    return replace(
        first,
        accepts=lambda value: first.accepts(value) or second.accepts(value),
        words=f"{first.words}, or {second.words}",
        more=f"or {second.words}" if first.names else "",
    )
