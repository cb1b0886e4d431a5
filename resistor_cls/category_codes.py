"""The band sequences of categories, and the probability of each category by them."""

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from resistor_cls.bands import BANDS, MAX_BANDS, WATTS, BandScores
from resistor_cls.categories import (
    Categories,
    Category,
    check_labels,
    numbered_names,
    parse_name,
)
from resistor_cls.code_priors import COUNT_WEIGHTS, last_bands_weight
from resistor_cls.colour_code import (
    COEFFICIENTS,
    DIGIT_BANDS,
    TOLERANCES,
    encode_ohms,
    ohms_in_words,
)
from resistor_cls.errors import DataError

_ANY_WATTS = -1


@dataclass(frozen=True)
class CodeTable:
    """The band sequences of some categories as indices, one row for each.

    The log-probability of a category is the logarithm of the sum, over its rows, of
    exp(sum of the slots + direction + watts, where they are not -1, + log prior).

    Attributes:
        slots: (rows, 6) int64: index into `BANDS` of each slot, from the left of the crop.
        directions: (rows,) int64: 0 where the first digit is the leftmost band, 1 where it is the
            rightmost.
        categories: (rows,) int64, ascending: class index. Categories whose ohms are not known, or
            that no code can show, have no row.
        watts: (rows,) int64: index into `WATTS`; -1 where the category has no power rating.
        log_priors: (rows,) float64, at most 0.
    """

    slots: NDArray[np.int64]
    directions: NDArray[np.int64]
    categories: NDArray[np.int64]
    watts: NDArray[np.int64]
    log_priors: NDArray[np.float64]


def code_table(categories: Categories) -> CodeTable:
    """Lists the band sequences of categories, in both directions.

    A category with known markings has exactly these. Any other has all codes of its ohms, with
    prior weights by number of bands and tolerance. Series and decade do not count, as a listed
    value exists. Where several categories claim a code with the same power rating, they share it
    equally. The probabilities of all categories thus sum to at most 1; the rest is that of parts
    that are not listed.

    Args:
        categories: any list. Power ratings that `WATTS` lacks count as the nearest one, by ratio.
    """
    rows = sorted(
        (category, code, watts, log_prior)
        for code, claims in _claims(categories).items()
        for category, watts, log_prior in _shared(claims)
    )
    slots = np.full((2 * len(rows), MAX_BANDS), BANDS.index("none"), dtype=np.int64)
    for row, (_, code, _, _) in enumerate(rows):
        indices = [BANDS.index(colour) for colour in code]
        slots[2 * row, : len(code)] = indices
        slots[2 * row + 1, : len(code)] = indices[::-1]
    return CodeTable(
        slots=slots,
        directions=np.tile(np.arange(2), len(rows)),
        categories=np.repeat(np.array([row[0] for row in rows], dtype=np.int64), 2),
        watts=np.repeat(np.array([row[2] for row in rows], dtype=np.int64), 2),
        log_priors=np.repeat(np.array([row[3] for row in rows], dtype=np.float64), 2),
    )


def category_log_probabilities(
    scores: BandScores, categories: Categories, table: CodeTable | None = None
) -> NDArray[np.float64]:
    """Returns the log-probability of each category by its bands and power rating.

    Args:
        scores: of some photos.
        categories: any list.
        table: `code_table(categories)`, where it is at hand.

    Returns:
        (photos, categories) float64; -inf for categories without a row in the table. The
        probabilities of a photo sum to at most 1; see `code_table`.
    """
    table = table or code_table(categories)
    found = np.full((len(scores), len(categories)), -np.inf)
    if not len(table.categories):
        return found
    # The first row of each category; rows are ascending.
    listed, starts = np.unique(table.categories, return_index=True)
    for photo in range(len(scores)):  # one by one: lists can be long
        rows = _row_scores(scores, photo, table) + table.log_priors
        found[photo, listed] = np.logaddexp.reduceat(rows, starts)
    return found


def _row_scores(scores: BandScores, photo: int, table: CodeTable) -> NDArray[np.float64]:
    """(rows,) log-probabilities of bands, direction and watts, without priors."""
    slots = scores.slots[photo].astype(float)
    # A last 0, for categories without a power rating: index -1.
    watts = np.append(scores.watts[photo].astype(float), 0.0)
    rows: NDArray[np.float64] = slots[np.arange(MAX_BANDS), table.slots].sum(axis=1)
    rows += scores.direction[photo, table.directions] + watts[table.watts]
    if scores.turned is None:
        return rows
    # Turned by 180 degrees, a code reads as the row of its other direction, beside its own.
    turned = _row_scores(scores.turned, photo, table).reshape(-1, 2)[:, ::-1].ravel()
    return (rows + turned) / 2


def readable_categories(path: Path) -> Categories:
    """Reads a list of categories whose values the colour code can show.

    A name has the value that it states, also where the photos of the 37 categories show other bands
    under the same name: `1K_1-4W` is any part of 1 kΩ.

    Args:
        path: of the file; see `Categories.from_file`.

    Raises:
        DataError: what `numbered_names` raises; no name, one that is there twice, one without a
            value, or with one that no code can show.
    """
    names = numbered_names(path)
    if not names:
        raise DataError(f"{path} names no value: write one a line, such as 4K7 or 4.7k")
    first: dict[str, int] = {}
    for number, name in names.items():
        earlier = first.setdefault(name, number)
        if earlier != number:
            raise DataError(
                f"line {number} of {path}: {name!r} stands in line {earlier} too: remove one"
            )
        ohms = parse_name(name).name_ohms
        if ohms is None:
            raise DataError(
                f"line {number} of {path}: {name!r} has no value: write one such as 4K7, 4.7k or "
                "4K7_1-4W, or remove the line"
            )
        if not any(_value_codes(ohms)):
            raise DataError(
                f"line {number} of {path}: {name!r} is {ohms_in_words(ohms)}, which no colour code "
                "shows (expected at most three digits, 0.1 Ω to 999 GΩ): correct the value, or "
                "remove the line"
            )
    check_labels(names.values(), f"the names in {path}")
    return Categories(names.values(), minimum=1).by_name()


_Claim = tuple[int, int, float]  # class index, index into `WATTS` or -1, log prior


def _claims(categories: Categories) -> dict[tuple[str, ...], list[_Claim]]:
    """Which categories claim a code."""
    claims: dict[tuple[str, ...], list[_Claim]] = defaultdict(list)
    for index, category in enumerate(categories):
        for code, log_prior in _codes(category):
            claims[code].append((index, _watts_index(category.watts), log_prior))
    return claims


def _shared(claims: list[_Claim]) -> Iterator[_Claim]:
    """Divides a code among the categories that claim it."""
    if any(watts != _ANY_WATTS for _, watts, _ in claims):
        # A category without a power rating claims each of them.
        claims = [
            (category, each, log_prior)
            for category, watts, log_prior in claims
            for each in (range(len(WATTS)) if watts == _ANY_WATTS else (watts,))
        ]
    for category, watts, log_prior in claims:
        sharing = sum(other == watts for _, other, _ in claims)
        yield category, watts, log_prior - math.log(sharing)


def _codes(category: Category) -> Iterator[tuple[tuple[str, ...], float]]:
    """Yields the codes of a category, first digit first, and their log priors."""
    if category.markings:
        for code in dict.fromkeys(category.markings):
            yield code, 0.0
    elif category.ohms is not None:
        for code in _value_codes(category.ohms):
            yield code, math.log(COUNT_WEIGHTS[len(code)] * last_bands_weight(code))


def _value_codes(ohms: float) -> Iterator[tuple[str, ...]]:
    """Yields all codes of a value, first digit first; none where no code can show it."""
    for count, digits in DIGIT_BANDS.items():
        try:
            value = encode_ohms(ohms, digits)
        except DataError:  # for instance three digits in 4 bands
            continue
        yield from ((*value, *last) for last in _last_bands(count))


def _last_bands(count: int) -> Iterator[tuple[str, ...]]:
    """Yields what can stand behind the multiplier."""
    if count == 3:
        yield ()
    elif count < 6:
        yield from ((tolerance,) for tolerance in TOLERANCES)
    else:
        yield from ((tolerance, other) for tolerance in TOLERANCES for other in COEFFICIENTS)


def _watts_index(watts: float | None) -> int:
    if watts is None:
        return _ANY_WATTS
    return min(range(len(WATTS)), key=lambda index: abs(math.log(WATTS[index] / watts)))
