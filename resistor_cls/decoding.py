"""Decodes the scores of bands into values, over all codes that IEC 60062 allows.

The score of a code, read from one end of the crop, is the sum of the log-probabilities of its bands
and of the direction, and of the log prior of the code. A value has the summed probability of all
its codes, in both directions, divided by that of all legal codes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from resistor_cls.bands import BANDS, BandScores
from resistor_cls.code_priors import (
    COUNT_WEIGHTS,
    DEFAULT_SERIES,
    decade_weights,
    last_bands_weight,
    number_weights,
)
from resistor_cls.colour_code import (
    COEFFICIENTS,
    DIGIT_BANDS,
    DIGITS,
    MULTIPLIERS,
    NO_BAND_TOLERANCE,
    TOLERANCES,
)

# Two readings are the whole story where hardly any probability is left for a third.
_BOTH_WAYS_PROBABILITY = 0.8

_MULTIPLIER_COLOURS, _TOLERANCE_COLOURS = tuple(MULTIPLIERS), tuple(TOLERANCES)
_COEFFICIENT_COLOURS = tuple(COEFFICIENTS)
_MULTIPLIER_BANDS = [BANDS.index(colour) for colour in MULTIPLIERS]
_TOLERANCE_BANDS = [BANDS.index(colour) for colour in TOLERANCES]
_COEFFICIENT_BANDS = [BANDS.index(colour) for colour in COEFFICIENTS]
# Of codes of three bands, and of all others.
ALL_TOLERANCES = (NO_BAND_TOLERANCE, *TOLERANCES.values())
_POWERS = tuple(MULTIPLIERS.values())
_LOWEST_POWER = min(_POWERS)


@dataclass(frozen=True)
class ValueReading:
    """One possible reading of one photo.

    Attributes:
        ohms: resistance in ohms.
        probability: of the value, summed over tolerances, numbers of bands and both directions.
        tolerance: the most probable one for this value, as a fraction.
        bands: the most probable code of this value and tolerance, first digit first.
        reversed: whether that code is read from the right of the crop.
    """

    ohms: float
    probability: float
    tolerance: float | None
    bands: tuple[str, ...]
    reversed: bool


def read_values(
    scores: BandScores, series: str = DEFAULT_SERIES, top: int = 5
) -> list[list[ValueReading]]:
    """Decodes bands into values.

    Args:
        scores: of the bands of some photos.
        series: which values are possible: "E24"; "E96", which means E24 and E96; or "any", which
            means all that a code can show, with less weight on those of neither series.
        top: how many readings of a photo are returned at most.

    Returns:
        The readings of each photo, the most probable first. Values without any probability are
        left out, so that a list is empty where no legal code has any.

    Raises:
        ConfigError: an unavailable series.
    """
    space = code_space(series)
    return [
        _read_photo(list(_parts(scores, photo, space)), space, top) for photo in range(len(scores))
    ]


def reads_both_ways(readings: list[ValueReading]) -> bool:
    """Whether the first two readings are one code read from either end, and likely together.

    Args:
        readings: of one photo, the most probable first.
    """
    if len(readings) < 2:
        return False
    first, second = readings[:2]
    return (
        first.bands == second.bands[::-1]
        and first.reversed != second.reversed
        and first.probability + second.probability >= _BOTH_WAYS_PROBABILITY
    )


def legal_share(scores: BandScores, series: str = DEFAULT_SERIES) -> NDArray[np.float64]:
    """Returns which share of the probability of all band sequences lies on legal codes.

    The priors do not count, except that the series limits the values. A low share is a sign of a
    wrong reading.

    Args:
        scores: of the bands of some photos.
        series: as of `read_values`.

    Returns:
        (photos,) float64, 0 to 1.

    Raises:
        ConfigError: an unavailable series.
    """
    space = code_space(series)
    shares = np.zeros(len(scores))
    for photo in range(len(scores)):
        for part in _parts(scores, photo, space):
            groups = (part.numbers, part.multipliers, part.tolerances, part.coefficients)
            sums = [np.logaddexp.reduce(group) for group in groups]
            shares[photo] += np.exp(part.rest + sum(sums))
    return np.minimum(shares, 1.0)  # rounding of float32 scores


@dataclass(frozen=True)
class CodeSpace:
    """The values of a series: what its codes can show. Keys are the number of digits, 2 or 3.

    Attributes:
        numbers: (numbers, digits) int: the digits of each number, without a leading 0.
        weights: (numbers, 12) float: prior weight of each number with each multiplier.
        values: (numbers, 12) int: position in `ohms`.
        cells: (2, values) int: row and column of each value in `values`; -1 where no code with this
            number of digits shows it.
        ohms: (values,) float64, ascending.
    """

    numbers: dict[int, NDArray[np.int64]]
    weights: dict[int, NDArray[np.float64]]
    values: dict[int, NDArray[np.int64]]
    cells: dict[int, NDArray[np.int64]]
    ohms: NDArray[np.float64]


@cache
def code_space(series: str) -> CodeSpace:
    """The values of a series.

    Raises:
        ConfigError: an unavailable series.
    """
    numbers, weights, units = {}, {}, {}
    scales = np.array([10 ** (power - _LOWEST_POWER) for power in _POWERS])
    for digits in sorted(set(DIGIT_BANDS.values())):
        weight_of = number_weights(series, digits)
        column = np.array(list(weight_of))[:, None]
        numbers[digits] = column // 10 ** np.arange(digits)[::-1] % 10
        units[digits] = column * scales  # of the lowest multiplier: whole, so compared exactly
        by_number = np.array(list(weight_of.values()))[:, None]
        # Division is rounded correctly: 47 / 100 is 0.47, 47 * 0.01 is not.
        weights[digits] = by_number * decade_weights(units[digits] / 10**-_LOWEST_POWER)
    known = np.unique(np.concatenate([unit.ravel() for unit in units.values()]))
    values = {digits: np.searchsorted(known, unit) for digits, unit in units.items()}
    cells = {digits: np.full((2, len(known)), -1) for digits in values}
    for digits, value in values.items():
        cells[digits][:, value] = np.indices(value.shape)
    return CodeSpace(numbers, weights, values, cells, known / 10**-_LOWEST_POWER)


@dataclass(frozen=True)
class _Part:
    """Log-probabilities of all codes with one number of bands, read in one direction.

    The log-probability of a code is the sum of one entry of each array and of `rest`.

    Attributes:
        count: bands of the codes.
        reversed: whether they are read from the right of the crop.
        numbers: (numbers,) float64, of the digit bands.
        multipliers: (12,) float64, in the order of `MULTIPLIERS`.
        tolerances: (10,) float64, in the order of `TOLERANCES`; (1,) without the band.
        coefficients: (9,) float64, in the order of `COEFFICIENTS`; (1,) without the band.
        rest: of the direction and the empty slots.
    """

    count: int
    reversed: bool
    numbers: NDArray[np.float64]
    multipliers: NDArray[np.float64]
    tolerances: NDArray[np.float64]
    coefficients: NDArray[np.float64]
    rest: float

    @cached_property
    def last(self) -> NDArray[np.float64]:
        """Log posterior, up to a constant, of tolerance and coefficient: (10 or 1, 9 or 1)."""
        return self.tolerances[:, None] + self.coefficients + last_log_weights(self.count)


def _parts(scores: BandScores, photo: int, space: CodeSpace) -> Iterator[_Part]:
    """Yields the log-probabilities of one photo's codes, without priors."""
    for count, digits in DIGIT_BANDS.items():
        from_left, rest = scores.of_count(photo, count)
        for backward in (False, True):
            bands = from_left[::-1] if backward else from_left
            yield _Part(
                count=count,
                reversed=backward,
                numbers=bands[np.arange(digits), space.numbers[digits]].sum(axis=1),
                multipliers=bands[digits, _MULTIPLIER_BANDS],
                tolerances=bands[digits + 1, _TOLERANCE_BANDS] if count > 3 else np.zeros(1),
                coefficients=bands[digits + 2, _COEFFICIENT_BANDS] if count > 5 else np.zeros(1),
                rest=float(rest[int(backward)]),
            )


@cache
def last_log_weights(count: int) -> NDArray[np.float64]:
    """Log prior of number of bands, tolerance and temperature coefficient: (10 or 1, 9 or 1)."""
    filler = ("black",) * (DIGIT_BANDS[count] + 1)
    tolerances = tuple((colour,) for colour in TOLERANCES) if count > 3 else ((),)
    coefficients = tuple((colour,) for colour in COEFFICIENTS) if count > 5 else ((),)
    weights = [
        [last_bands_weight(filler + tolerance + coefficient) for coefficient in coefficients]
        for tolerance in tolerances
    ]
    return np.log(COUNT_WEIGHTS[count] * np.array(weights))


def _read_photo(parts: list[_Part], space: CodeSpace, top: int) -> list[ValueReading]:
    masses = _value_masses(parts, space)
    total = masses.sum()
    if not total > 0:
        return []
    values = _largest(masses, top)
    values = values[masses[values] > 0]
    tolerances, best_parts = _best_codes(values, parts, space)
    return [
        ValueReading(
            ohms=float(space.ohms[value]),
            probability=float(masses[value] / total),
            tolerance=ALL_TOLERANCES[tolerance],
            bands=_bands_of(value, tolerance, parts[part], space),
            reversed=parts[part].reversed,
        )
        for value, tolerance, part in zip(values, tolerances, best_parts, strict=True)
    ]


def _largest(masses: NDArray[np.float64], top: int) -> NDArray[np.int64]:
    """Positions of the largest masses, the largest first, and of equal ones the first.

    To sort all 10,890 values of `any` takes longer than all else.
    """
    least = np.partition(masses, -top)[-top] if top < len(masses) else -np.inf
    positions = np.flatnonzero(masses >= least)
    return positions[np.argsort(-masses[positions], kind="stable")][:top]


def _value_masses(parts: list[_Part], space: CodeSpace) -> NDArray[np.float64]:
    """Returns the unnormalized probability of each value: (values,) float64."""
    peaks = [
        (part.numbers.max(), part.multipliers.max(), np.logaddexp.reduce(part.last.ravel()))
        for part in parts
    ]
    levels = [part.rest + sum(peak) for part, peak in zip(parts, peaks, strict=True)]
    highest = max(levels)
    masses = np.zeros(len(space.ohms))
    for part, (number, multiplier, _), level in zip(parts, peaks, levels, strict=True):
        if level == -np.inf:
            continue
        digits = DIGIT_BANDS[part.count]
        outer = np.outer(np.exp(part.numbers - number), np.exp(part.multipliers - multiplier))
        # Values of codes with the same number of digits differ, so that none is added twice.
        masses[space.values[digits]] += outer * space.weights[digits] * np.exp(level - highest)
    return masses


def _best_codes(
    values: NDArray[np.int64], parts: list[_Part], space: CodeSpace
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Finds the most probable tolerance of each value, and then its most probable code.

    Args:
        values: (values,) positions in `space.ohms`.
        parts: of one photo.
        space: the values of the series.

    Returns:
        Two arrays (values,): the position of the tolerance in `ALL_TOLERANCES`, and the position
        in `parts` of those that hold the code.
    """
    first = np.stack([_first_bands(values, part, space) for part in parts])
    last = np.full((2, len(parts), len(ALL_TOLERANCES)), -np.inf)
    for place, part in enumerate(parts):
        columns = slice(1, None) if part.count > 3 else slice(1)
        last[0, place, columns] = np.logaddexp.reduce(part.last, axis=1)
        last[1, place, columns] = part.last.max(axis=1)
    all_codes, best_code = last
    by_tolerance = np.logaddexp.reduce(first[:, :, None] + all_codes[:, None, :], axis=0)
    tolerances = by_tolerance.argmax(axis=1)
    return tolerances, (first + best_code[:, tolerances]).argmax(axis=0)


def _first_bands(values: NDArray[np.int64], part: _Part, space: CodeSpace) -> NDArray[np.float64]:
    """Log posterior, up to a constant, of digits and multiplier: (values,); -inf without a code."""
    digits = DIGIT_BANDS[part.count]
    row, column = space.cells[digits][:, values]
    logs = part.numbers[row] + part.multipliers[column] + part.rest
    return np.where(row < 0, -np.inf, logs + np.log(space.weights[digits][row, column]))


def _bands_of(value: int, tolerance: int, part: _Part, space: CodeSpace) -> tuple[str, ...]:
    """The most probable code of a value and a tolerance in a part, first digit first."""
    digits = DIGIT_BANDS[part.count]
    row, column = space.cells[digits][:, value]
    bands = (*(DIGITS[digit] for digit in space.numbers[digits][row]), _MULTIPLIER_COLOURS[column])
    if part.count > 3:
        bands = (*bands, _TOLERANCE_COLOURS[tolerance - 1])
    if part.count > 5:
        bands = (*bands, _COEFFICIENT_COLOURS[part.last[tolerance - 1].argmax()])
    return bands
