"""The label space: the categories, their order, and the meaning of each.

The order is part of a model: logit `i` belongs to category `i`. It is saved with every model and
compared on load, so that a score is never computed on shifted labels.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path

from resistor_cls.colour_code import Reading, decode, ohms_in_words, tolerance_in_words
from resistor_cls.csv_tables import decoded, regular_bytes
from resistor_cls.errors import DataError
from resistor_cls.resistor37 import MARKINGS, RESISTOR37_COUNTS

# Digits are 0 to 9, and letters are ASCII: re.I alone takes the Kelvin sign for a K.
_DIGITS = "[0-9]{0,15}"  # float64 represents no more digits exactly
_VALUE = re.compile(
    rf"(?=[^0-9]?[0-9])(?P<whole>{_DIGITS})(?:(?P<unit>[RKMG])|\.(?=[0-9]))?"
    rf"(?P<fraction>{_DIGITS}) ?(?P<unit_after>[RKMG])?(?:ohms?|[Ω\u2126])?",
    re.IGNORECASE | re.ASCII,
)
# A decimal comma. Before three digits it may also separate thousands.
_COMMA = re.compile(r"([0-9]),(?![0-9]{3}(?![0-9]))(?=[0-9])")
_WATTS = re.compile(r"(?P<over>[0-9]{1,9})(?:-(?P<under>[0-9]{1,9}))?W", re.IGNORECASE | re.ASCII)
# The range of the colour code (IEC 60062: three digits, multipliers of 10⁻³ to 10⁹); 0 is a wire.
MIN_OHMS, MAX_OHMS = 1e-3, 1e12
# From below the smallest chip (01005: 1/32 W) to above the largest load resistor.
MIN_WATTS, MAX_WATTS = 1e-3, 1e5
_LETTERS = ((1e9, "G"), (1e6, "M"), (1e3, "K"), (0.0, "R"))
_UNITS = {None: 1.0, "R": 1.0, "K": 1e3, "M": 1e6, "G": 1e9}


@dataclass(frozen=True)
class Category:
    """One kind of resistor.

    Attributes:
        name: the label, as in folders and tables.
        ohms: resistance in ohms: of the bands where they are known, else of the name; None where
            neither is known.
        watts: power rating of the name, in watts; None where it has none, or one outside of
            `MIN_WATTS` to `MAX_WATTS`.
        markings: the band sequences on parts of this category, first digit first; empty where
            they are not known. Where they contradict the name, the bands give the value and the
            name stays the label.
        name_ohms: resistance of the name, in ohms; None where it has none, or one that no part
            has (other than 0 and outside of `MIN_OHMS` to `MAX_OHMS`).
    """

    name: str
    ohms: float | None = None
    watts: float | None = None
    markings: tuple[tuple[str, ...], ...] = ()
    name_ohms: float | None = None

    @property
    def reading(self) -> Reading | None:
        """Ohms and tolerance of the first marking; None without one."""
        return decode(self.markings[0]) if self.markings else None

    @property
    def tolerances(self) -> tuple[float, ...]:
        """The tolerances of the markings as fractions, each once; empty without markings."""
        return tuple(dict.fromkeys(decode(bands).tolerance for bands in self.markings))

    @property
    def value_in_words(self) -> str:
        """Ohms and tolerance, such as `4.7 kΩ ±5 %`; the name where the ohms are not known.

        Where parts of the category have several markings, all their tolerances are given.
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
        """Whether `in_words` contains all that the name says, so that the name can be left out.

        It does not where name and bands disagree, nor where a part of the name is neither ohms
        nor watts.
        """
        if self.ohms is None:
            return True  # the words are the name
        rating = self.name.partition("_")[2]
        return self.ohms == self.name_ohms and (not rating or self.watts is not None)


def parse_name(name: str) -> Category:
    """Reads ohms and watts from a name such as `4K7_1-4W`.

    Letters are those of the letter code of IEC 60062; a letter between digits is the decimal
    point (`2K2`), and a point is one too (`2.2K`, `2.2 kΩ`). Two letters, as in `3R9K`, are point
    and multiplier. A name with neither ohms nor watts is a category too. Where the bands of a name
    are known, they determine the ohms.
    """
    value, _, rating = name.partition("_")
    markings, name_ohms = MARKINGS.get(name, ()), _parse_ohms(value)
    ohms = decode(markings[0]).ohms if markings else name_ohms
    return Category(name, ohms, _parse_watts(rating), markings, name_ohms)


def parse_value(text: str) -> float:
    """Reads a resistance such as `4k7`, `4.7k`, `4,7k`, `4700`, `0R47` or `4.7 kΩ`.

    Returns:
        Ohms.

    Raises:
        DataError: text without a resistance, or with a comma that may separate thousands.
    """
    ohms = _parse_ohms(_COMMA.sub(r"\1.", text.strip(), count=1))
    if ohms is None and _parse_ohms(text.strip().replace(",", "")) is not None:
        raise DataError(
            f"{text!r} is not clear: a comma may separate thousands or decimals; write it without "
            "one, such as 4700 or 4.7"
        )
    if ohms is None:
        raise DataError(
            f"{text!r} is not a resistance: expected one such as 4k7, 4.7k, 4700, 0R47 or 2M2, of "
            f"{MIN_OHMS:g} to {MAX_OHMS:g} ohms"
        )
    return ohms


def name_of_value(ohms: float) -> str:
    """Names a value by the letter code of IEC 60062, which `parse_name` reads.

    Args:
        ohms: resistance in ohms.

    Returns:
        Such as `4K7`, `470R` or `0R47`.
    """
    scale, letter = next(one for one in _LETTERS if ohms >= one[0])
    digits = f"{ohms / (scale or 1.0):.12f}".rstrip("0")
    whole, _, fraction = digits.partition(".")
    return f"{whole}{letter}{fraction}"


def _parse_ohms(text: str) -> float | None:
    match = _VALUE.fullmatch(text)
    if match is None:
        return None
    unit, fraction, after = match["unit"], match["fraction"], match["unit_after"]
    if after is not None and (unit or "R").upper() != "R":
        return None
    scale = _UNITS[(after or unit).upper() if (after or unit) else None]
    # One division rather than two roundings: 2K2 is exactly 2200.
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

    Args:
        names: of the categories.
        minimum: how many there must be: a classifier needs two, a list of values one.

    Raises:
        DataError: fewer categories, or one named twice.
    """

    def __init__(self, names: Iterable[str], minimum: int = 2) -> None:
        self._categories = tuple(parse_name(name) for name in names)
        self._names = tuple(category.name for category in self._categories)
        self._index = {name: index for index, name in enumerate(self.names)}
        if len(self._index) != len(self._categories):
            twice = sorted({name for name in self.names if self.names.count(name) > 1})
            raise DataError(f"categories named twice: {', '.join(twice)}")
        if len(self._categories) < minimum:
            raise DataError(
                f"{len(self._categories)} categories ({', '.join(self.names) or 'none'}): "
                "a classifier needs at least two; add a folder or label for another category"
            )

    @property
    def names(self) -> tuple[str, ...]:
        """The labels in order."""
        return self._names

    def by_name(self) -> "Categories":
        """The same list with values by the names alone, whatever markings are known of them."""
        plain = copy(self)
        plain._categories = tuple(
            replace(category, ohms=category.name_ohms, markings=()) for category in self
        )
        return plain

    def index(self, name: str) -> int:
        """Returns the class index of a label.

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
        """Checks that another list of names equals this one, order included.

        Args:
            others: the names that were found.
            source: where they were found, for the message ("the photos in data/resistors").

        Raises:
            DataError: the lists differ; the message names the first difference.
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
        """Reads the names of `numbered_names`.

        Raises:
            DataError: a file that is absent or not UTF-8 text, or names that look alike.
        """
        names = list(numbered_names(path).values())
        check_labels(names, f"the names in {path}")
        return cls(names)


def numbered_names(path: Path) -> dict[int, str]:
    """Reads one name per line; empty lines and lines that begin with `#` are skipped.

    Returns:
        The names by number of the line, from 1.

    Raises:
        DataError: a file that is absent or not UTF-8 text.
    """
    try:
        lines = decoded(regular_bytes(path)).splitlines()
    except (OSError, ValueError) as error:
        raise DataError(
            f"categories file {path}: {error}; expected UTF-8 text, one name per line"
        ) from error
    numbered = enumerate((line.strip() for line in lines), start=1)
    return {number: line for number, line in numbered if line and not line.startswith("#")}


def appearance(name: str) -> str:
    """Returns the visible form of a name: two names with the same form look alike.

    The form ignores the composition of accents, upper and lower case, the kind of white space
    and white space at the ends, and characters without width.
    """
    visible = "".join(letter for letter in name if unicodedata.category(letter) != "Cf")
    folded = unicodedata.normalize("NFKC", visible).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def check_labels(names: Iterable[str], where: str) -> None:
    """Checks that names can be shown and distinguished by eye.

    Args:
        names: of categories.
        where: the names were found, for the message ("the labels of the photos").

    Raises:
        DataError: two names look alike, or one holds control characters.
    """
    by_appearance: dict[str, str] = {}
    for name in sorted(names):
        if any(unicodedata.category(letter) == "Cc" for letter in name):
            raise DataError(
                f"among {where}, {name!a} holds control characters: rename it, as no table shows it"
            )
        other = by_appearance.setdefault(appearance(name), name)
        if other != name:
            raise DataError(
                f"among {where}, {other!a} and {name!a} look alike, and would be two categories: "
                "write both the same (accents, upper and lower case, blanks, invisible characters)"
            )


def first_difference(expected: tuple[str, ...], found: tuple[str, ...]) -> str:
    """Describes the first difference between two lists of names."""
    for index, (name, other) in enumerate(zip(expected, found, strict=False)):
        if name != other:
            shown, others = repr(name), repr(other)
            if appearance(name) == appearance(other):  # otherwise the difference is invisible
                shown, others = ascii(name), ascii(other)
            return f"category {index} is {others}, expected {shown}"
    if len(expected) > len(found):
        return f"{expected[len(found)]!r} is missing ({len(expected)} against {len(found)} names)"
    return f"{found[len(expected)]!r} is unknown ({len(expected)} against {len(found)} names)"


def resistor37() -> Categories:
    """The 37 categories of the "Resistor" data set, in their fixed order."""
    return Categories(RESISTOR37_COUNTS)
