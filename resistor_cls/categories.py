"""The label space: which categories there are, in which order, and what each one means.

The order is part of a model: logit `i` speaks of category `i`. It is saved with every model and
compared on load, so that a score can never be computed on shifted labels.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from resistor_cls.colour_code import Reading, decode
from resistor_cls.errors import DataError

_VALUE = re.compile(
    r"(?=\D?\d)(?P<whole>\d*)(?P<unit>[RKMG])?(?P<fraction>\d+)?(?P<unit_after>[RKMG])?(?:ohm|Ω)?",
    re.I,
)
_WATTS = re.compile(r"(?P<over>\d+)(?:-(?P<under>\d+))?W", re.I)
_UNITS = {None: 1.0, "R": 1.0, "K": 1e3, "M": 1e6, "G": 1e9}


@dataclass(frozen=True)
class Category:
    """One kind of resistor.

    Attributes:
        name: the label, as it stands in folders and tables.
        ohms: what the name says, in ohms; None where the name says none.
        watts: power rating that the name says, in watts; None where it says none.
        markings: the band sequences seen on parts of this category, first digit first; empty
            where they are not known. Where they contradict the name, the bands are right about
            the part and the name is right about the label.
    """

    name: str
    ohms: float | None = None
    watts: float | None = None
    markings: tuple[tuple[str, ...], ...] = ()

    @property
    def reading(self) -> Reading | None:
        """What the bands say: ohms and tolerance of the first marking."""
        return decode(self.markings[0]) if self.markings else None


def parse_name(name: str) -> Category:
    """Reads ohms and watts off a name such as `4K7_1-4W`.

    Letters are those of IEC 60062's letter code, a letter between digits being the decimal
    point (`2K2`). Two letters, as in `3R9K`, mean point and multiplier. A name that says neither
    ohms nor watts is a category all the same.
    """
    value, _, rating = name.partition("_")
    return Category(name, _parse_ohms(value), _parse_watts(rating), _MARKINGS.get(name, ()))


def _parse_ohms(text: str) -> float | None:
    match = _VALUE.fullmatch(text)
    if match is None:
        return None
    unit, fraction, after = match["unit"], match["fraction"], match["unit_after"]
    if after is not None and (unit or "").upper() != "R":
        return None
    scale = _UNITS[(after or unit).upper() if (after or unit) else None]
    # One division instead of two roundings: 2K2 is 2200 exactly.
    digits = match["whole"] + (fraction or "")
    return int(digits) * scale / 10 ** len(fraction or "")


def _parse_watts(text: str) -> float | None:
    match = _WATTS.fullmatch(text)
    if match is None:
        return None
    under = int(match["under"] or 1)
    return int(match["over"]) / under if under else None


class Categories:
    """A list of categories in a fixed order; the position is the class index.

    Raises:
        DataError: fewer than two categories, or one named twice.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._categories = tuple(parse_name(name) for name in names)
        self._names = tuple(category.name for category in self._categories)
        self._index = {name: index for index, name in enumerate(self.names)}
        if len(self._index) != len(self._categories):
            twice = sorted({name for name in self.names if self.names.count(name) > 1})
            raise DataError(f"categories named twice: {', '.join(twice)}")
        if len(self._categories) < 2:
            raise DataError(
                f"{len(self._categories)} categories ({', '.join(self.names) or 'none'}): "
                "a classifier needs at least two; add a folder or label for another category"
            )

    @property
    def names(self) -> tuple[str, ...]:
        """The labels in order."""
        return self._names

    def index(self, name: str) -> int:
        """The class index of a label.

        Raises:
            DataError: a label that is not in this list.
        """
        try:
            return self._index[name]
        except KeyError:
            raise DataError(
                f"category {name!r} is not among the {len(self)} categories: "
                f"{first_difference(self.names, (name,))}"
            ) from None

    def require(self, others: Iterable[str], source: str) -> None:
        """Checks that another list is this one, in this order.

        Args:
            others: the names found elsewhere.
            source: where, for the message ("the photos in data/resistors").

        Raises:
            DataError: naming the first difference.
        """
        others = tuple(others)
        if others != self.names:
            raise DataError(
                f"the categories of {source} differ from the model's: "
                f"{first_difference(self.names, others)}"
            )

    def __len__(self) -> int:
        return len(self._categories)

    def __iter__(self) -> Iterator[Category]:
        return iter(self._categories)

    def __getitem__(self, index: int) -> Category:
        return self._categories[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Categories) and self.names == other.names

    def __hash__(self) -> int:
        return hash(self.names)

    def __repr__(self) -> str:
        return f"Categories({list(self.names)})"

    @classmethod
    def from_file(cls, path: Path) -> "Categories":
        """Reads one name per line; empty lines and lines that begin with `#` are skipped.

        Raises:
            DataError: a file that is absent or not UTF-8 text.
        """
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(
                f"categories file {path}: {error}; expected UTF-8 text, one name per line"
            ) from error
        names = (line.strip() for line in lines)
        return cls(name for name in names if name and not name.startswith("#"))


def first_difference(expected: tuple[str, ...], found: tuple[str, ...]) -> str:
    """Says in words where two lists of names part."""
    for index, (name, other) in enumerate(zip(expected, found, strict=False)):
        if name != other:
            return f"category {index} is {name!r} in the one and {other!r} in the other"
    if len(expected) > len(found):
        return f"{expected[len(found)]!r} is missing ({len(expected)} against {len(found)} names)"
    return f"{found[len(expected)]!r} is unknown ({len(expected)} against {len(found)} names)"


# Photos per category of the "Resistor" data set (Bayir, Özcan, Önalan). Sorted as text, so that
# the order is the one that any reader of the folders finds. The published counts add up to one
# less than the published 2,881; the missing photo is counted under 4700Mohm (published: 102),
# whose files are the least regular.
RESISTOR37_COUNTS = {
    "100R_1-4W": 111,
    "10R_1W": 59,
    "10R_2W": 99,
    "10_1-4W": 70,
    "11M_1-2W": 72,
    "150R_1-4W": 70,
    "150R_1-8W": 70,
    "15R_1-4W": 115,
    "180K_1-2W": 97,
    "1K_1-4W": 81,
    "1K_2W": 63,
    "1M_1-4W": 61,
    "20K_1-4W": 57,
    "220K_1-4W": 47,
    "220R_2W": 93,
    "22R_1-4W": 33,
    "24K_1-2W": 89,
    "270K_1-4W": 74,
    "27R_1W": 55,
    "2K2_1-4W": 62,
    "2R_1W": 28,
    "330R_1-4W": 51,
    "33K_2W": 123,
    "3R9K_1-4W": 80,
    "4700Mohm": 103,
    "470R_1-4W": 150,
    "470R_1W": 66,
    "4K7_1-4W": 90,
    "56K_1W": 47,
    "5K1_1-4W": 78,
    "5K61_1-4W": 87,
    "620R_1-4W": 81,
    "68K_1W": 95,
    "6R8_1-4W": 73,
    "7K5_1-4W": 80,
    "820R_1-4W": 98,
    "8K2_1-4W": 73,
}


def _bands(*sequences: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(sequence.split()) for sequence in sequences)


# What the bands of the 37 say. Three names mislead, and are kept because they are the labels:
# 4700Mohm reads 0.47 Ω, 5K61_1-4W reads 5.6 kΩ, 220R_2W reads 22 Ω.
# 100R_1-4W and 5K1_1-4W each mix two designs: a tan body with 4 bands, a blue one with 5.
_MARKINGS = {
    "100R_1-4W": _bands("brown black brown gold", "brown black black black brown"),
    "10R_1W": _bands("brown black black gold"),
    "10R_2W": _bands("brown black black gold"),
    "10_1-4W": _bands("brown black black gold"),
    "11M_1-2W": _bands("brown brown black green brown"),
    "150R_1-4W": _bands("brown green brown gold"),
    "150R_1-8W": _bands("brown green brown gold"),
    "15R_1-4W": _bands("brown green black gold"),
    "180K_1-2W": _bands("brown grey yellow gold"),
    "1K_1-4W": _bands("brown black black brown gold"),
    "1K_2W": _bands("brown black red gold"),
    "1M_1-4W": _bands("brown black green gold"),
    "20K_1-4W": _bands("red black orange gold"),
    "220K_1-4W": _bands("red red yellow gold"),
    "220R_2W": _bands("red red black gold"),
    "22R_1-4W": _bands("red red black gold"),
    "24K_1-2W": _bands("red yellow orange gold"),
    "270K_1-4W": _bands("red violet yellow gold"),
    "27R_1W": _bands("red violet black gold"),
    "2K2_1-4W": _bands("red red red gold"),
    "2R_1W": _bands("red black gold gold"),
    "330R_1-4W": _bands("orange orange brown gold"),
    "33K_2W": _bands("orange orange orange gold"),
    "3R9K_1-4W": _bands("orange white red gold"),
    "4700Mohm": _bands("yellow violet silver gold"),
    "470R_1-4W": _bands("yellow violet brown gold"),
    "470R_1W": _bands("yellow violet brown gold"),
    "4K7_1-4W": _bands("yellow violet red gold"),
    "56K_1W": _bands("green blue orange gold"),
    "5K1_1-4W": _bands("green brown red gold", "green brown black brown brown"),
    "5K61_1-4W": _bands("green blue red gold"),
    "620R_1-4W": _bands("blue red brown gold"),
    "68K_1W": _bands("blue grey orange gold"),
    "6R8_1-4W": _bands("blue grey gold gold"),
    "7K5_1-4W": _bands("violet green red gold"),
    "820R_1-4W": _bands("grey red brown gold"),
    "8K2_1-4W": _bands("grey red red gold"),
}


def resistor37() -> Categories:
    """The 37 categories of the "Resistor" data set, in their fixed order."""
    return Categories(RESISTOR37_COUNTS)
