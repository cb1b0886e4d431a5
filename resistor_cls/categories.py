"""The label space: which categories there are, in which order, and what each one means.

The order is part of a model: logit `i` speaks of category `i`. It is saved with every model and
compared on load, so that a score can never be computed on shifted labels.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from resistor_cls.colour_code import Reading, decode, ohms_in_words, tolerance_in_words
from resistor_cls.csv_tables import decoded, regular_bytes
from resistor_cls.errors import DataError
from resistor_cls.resistor37 import MARKINGS, RESISTOR37_COUNTS

# Digits are 0 to 9, and letters those of the alphabet: re.I alone takes the Kelvin sign for a K.
_DIGITS = "[0-9]{0,15}"  # more is no value of a part, and more than float64 keeps exactly
_VALUE = re.compile(
    rf"(?=[^0-9]?[0-9])(?P<whole>{_DIGITS})(?P<unit>[RKMG])?(?P<fraction>{_DIGITS})"
    r"(?P<unit_after>[RKMG])?(?:ohm|[Ω\u2126])?",
    re.IGNORECASE | re.ASCII,
)
_WATTS = re.compile(r"(?P<over>[0-9]{1,9})(?:-(?P<under>[0-9]{1,9}))?W", re.IGNORECASE | re.ASCII)
# What the colour code can say (IEC 60062: three digits, multipliers of 10⁻³ to 10⁹); 0 is a wire.
MIN_OHMS, MAX_OHMS = 1e-3, 1e12
# From below the smallest chip (01005: 1/32 W) to above the largest load resistor.
MIN_WATTS, MAX_WATTS = 1e-3, 1e5
_UNITS = {None: 1.0, "R": 1.0, "K": 1e3, "M": 1e6, "G": 1e9}


@dataclass(frozen=True)
class Category:
    """One kind of resistor.

    Attributes:
        name: the label, as it stands in folders and tables.
        ohms: resistance in ohms: what the bands say where they are known, else what the name
            says; None where neither is known.
        watts: power rating that the name says, in watts; None where it says none, or one outside
            of `MIN_WATTS` to `MAX_WATTS`.
        markings: the band sequences seen on parts of this category, first digit first; empty
            where they are not known. Where they contradict the name, the bands are right about
            the part and the name is right about the label.
        name_ohms: what the name says, in ohms; None where the name says none, or more or less
            than any part has (`MIN_OHMS` to `MAX_OHMS`, or 0).
    """

    name: str
    ohms: float | None = None
    watts: float | None = None
    markings: tuple[tuple[str, ...], ...] = ()
    name_ohms: float | None = None

    @property
    def reading(self) -> Reading | None:
        """What the bands say: ohms and tolerance of the first marking."""
        return decode(self.markings[0]) if self.markings else None

    @property
    def tolerances(self) -> tuple[float, ...]:
        """The tolerances that the markings say, as fractions, each once; empty where unknown."""
        return tuple(dict.fromkeys(decode(bands).tolerance for bands in self.markings))

    @property
    def value_in_words(self) -> str:
        """Ohms and tolerance, such as `4.7 kΩ ±5 %`; the name where the ohms are not known.

        Where parts of the category carry several markings, each of their tolerances is named.
        """
        if self.ohms is None:
            return self.name
        tolerances = " or ".join(map(tolerance_in_words, self.tolerances))
        return f"{ohms_in_words(self.ohms)} {tolerances}".rstrip()

    @property
    def in_words(self) -> str:
        """Ohms, tolerance and power rating, such as `4.7 kΩ ±5 %, 0.25 W`."""
        if self.ohms is None or self.watts is None:
            return self.value_in_words
        return f"{self.value_in_words}, {self.watts:.12g} W"

    @property
    def words_say_all(self) -> bool:
        """Whether `in_words` says what the name says, so that the name need not stand beside it.

        It does not where the name and the bands disagree, nor where a part of the name is neither
        ohms nor watts.
        """
        if self.ohms is None:
            return True  # the words are the name
        rating = self.name.partition("_")[2]
        return self.ohms == self.name_ohms and (not rating or self.watts is not None)


def parse_name(name: str) -> Category:
    """Reads ohms and watts off a name such as `4K7_1-4W`.

    Letters are those of IEC 60062's letter code, a letter between digits being the decimal
    point (`2K2`). Two letters, as in `3R9K`, mean point and multiplier. A name that says neither
    ohms nor watts is a category all the same. Where the bands of a name are known, they decide
    on the ohms.
    """
    value, _, rating = name.partition("_")
    markings, name_ohms = MARKINGS.get(name, ()), _parse_ohms(value)
    ohms = decode(markings[0]).ohms if markings else name_ohms
    return Category(name, ohms, _parse_watts(rating), markings, name_ohms)


def _parse_ohms(text: str) -> float | None:
    match = _VALUE.fullmatch(text)
    if match is None:
        return None
    unit, fraction, after = match["unit"], match["fraction"], match["unit_after"]
    if after is not None and (unit or "").upper() != "R":
        return None
    scale = _UNITS[(after or unit).upper() if (after or unit) else None]
    # One division instead of two roundings: 2K2 is 2200 exactly.
    ohms = int(match["whole"] + fraction) * scale / 10 ** len(fraction)
    return ohms if ohms == 0 or MIN_OHMS <= ohms <= MAX_OHMS else None


def _parse_watts(text: str) -> float | None:
    match = _WATTS.fullmatch(text)
    if match is None:
        return None
    under = int(match["under"] or 1)
    watts = int(match["over"]) / under if under else 0.0
    return watts if MIN_WATTS <= watts <= MAX_WATTS else None


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
            DataError: a file that is absent or not UTF-8 text, or names that look alike.
        """
        try:
            lines = decoded(regular_bytes(path)).splitlines()
        except (OSError, ValueError) as error:
            raise DataError(
                f"categories file {path}: {error}; expected UTF-8 text, one name per line"
            ) from error
        lines = [line.strip() for line in lines]
        names = [line for line in lines if line and not line.startswith("#")]
        check_labels(names, f"the names in {path}")
        return cls(names)


def appearance(name: str) -> str:
    """What a reader sees of a name: two names with the same are taken for one.

    How accents are composed, upper and lower case, white space at the ends and its kind, and
    characters without any width do not count.
    """
    visible = "".join(letter for letter in name if unicodedata.category(letter) != "Cf")
    folded = unicodedata.normalize("NFKC", visible).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def check_labels(names: Iterable[str], where: str) -> None:
    """Refuses names that are two to the computer and one to the reader, or cannot be shown.

    Args:
        names: of categories.
        where: they are, for the message ("the labels of the photos").

    Raises:
        DataError: names both, or the one with control characters.
    """
    seen: dict[str, str] = {}
    for name in sorted(names):
        if any(unicodedata.category(letter) == "Cc" for letter in name):
            raise DataError(
                f"among {where}, {name!a} holds control characters: rename it, as no table shows it"
            )
        other = seen.setdefault(appearance(name), name)
        if other != name:
            raise DataError(
                f"among {where}, {other!a} and {name!a} look alike, and would be two categories: "
                "write both the same (accents, upper and lower case, blanks, invisible characters)"
            )


def first_difference(expected: tuple[str, ...], found: tuple[str, ...]) -> str:
    """Says in words where two lists of names part."""
    for index, (name, other) in enumerate(zip(expected, found, strict=False)):
        if name != other:
            shown, others = repr(name), repr(other)
            if appearance(name) == appearance(other):  # else nobody could see the difference
                shown, others = ascii(name), ascii(other)
            return f"category {index} is {shown} in the one and {others} in the other"
    if len(expected) > len(found):
        return f"{expected[len(found)]!r} is missing ({len(expected)} against {len(found)} names)"
    return f"{found[len(expected)]!r} is unknown ({len(expected)} against {len(found)} names)"


def resistor37() -> Categories:
    """The 37 categories of the "Resistor" data set, in their fixed order."""
    return Categories(RESISTOR37_COUNTS)
