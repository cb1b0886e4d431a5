"""Random colour codes of any part: which bands, how many, and with which power rating."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resistor_cls.bands import BANDS, MAX_BANDS
from resistor_cls.e_series import e_series
from resistor_cls.synthetic.parts import METALLIC

NONE = BANDS.index("none")
COLOURS = BANDS[:NONE]
METALS = tuple(COLOURS.index(metal) for metal in METALLIC)
_COUNTS, _COUNT_WEIGHTS = (3, 4, 5, 6), (0.03, 0.50, 0.39, 0.08)
# Half of the values are of the E series, as most parts are; the others are any digits, so that a
# reader looks at every band instead of guessing it from its neighbours.
_OF_SERIES = 0.5
# Relative frequency of each colour as multiplier, by position in `COLOURS`. Parts between 1 Ω and
# 10 MΩ are common; every legal multiplier is drawn.
_MULTIPLIER = {
    2: (10, 10, 10, 10, 10, 10, 6, 2, 1, 1, 8, 4),  # two digits: 3 and 4 bands
    3: (10, 10, 10, 10, 6, 4, 2, 1, 1, 1, 8, 7),  # three digits: 5 and 6 bands
}
# The same as tolerance: gold and silver on parts of four bands, brown on parts of five.
_TOLERANCE = {
    4: (0, 8, 8, 1, 1, 2, 2, 2, 1, 0, 60, 14),
    5: (0, 60, 9, 1, 1, 6, 6, 5, 1, 0, 9, 2),
    6: (0, 60, 9, 1, 1, 6, 6, 5, 1, 0, 9, 2),
}
# Temperature coefficient: 100 and 50 ppm/K are common.
_COEFFICIENT = (2, 50, 20, 6, 6, 2, 4, 3, 2, 0, 0, 0)
_WATT_WEIGHTS = {
    3: (0.3, 0.4, 0.2, 0.05, 0.05),
    4: (0.14, 0.38, 0.16, 0.16, 0.16),
    5: (0.16, 0.46, 0.2, 0.09, 0.09),
    6: (0.16, 0.46, 0.2, 0.09, 0.09),
}


@dataclass(frozen=True)
class Codes:
    """Codes of a batch of parts.

    Attributes:
        bands: (batch, `MAX_BANDS`) int64, positions in `BANDS`, first digit first; `NONE` behind
            the last band.
        counts: (batch,) int64, number of bands.
        watts: (batch,) int64, positions in `WATTS`.
    """

    bands: NDArray[np.int64]
    counts: NDArray[np.int64]
    watts: NDArray[np.int64]


def sample_codes(size: int, rng: np.random.Generator) -> Codes:
    """Samples codes that IEC 60062 allows."""
    bands = np.full((size, MAX_BANDS), NONE)
    counts = rng.choice(_COUNTS, size, p=_COUNT_WEIGHTS)
    watts = np.zeros(size, np.int64)
    for count in _COUNTS:
        rows = np.flatnonzero(counts == count)
        digits = 2 if count < 5 else 3
        bands[rows, :digits] = _digits(len(rows), digits, rng)
        columns = [_MULTIPLIER[digits]]
        if count > 3:
            columns.append(_TOLERANCE[count])
        if count == 6:
            columns.append(_COEFFICIENT)
        for column, weights in enumerate(columns, start=digits):
            bands[rows, column] = _choices(weights, len(rows), rng)
        watts[rows] = _choices(_WATT_WEIGHTS[count], len(rows), rng)
    return Codes(bands, counts, watts)


def _digits(size: int, digits: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """(size, digits): values of the E series, and any others without a leading zero."""
    low = 10 ** (digits - 1)
    anything = rng.integers(low, 10 * low, size)
    e24 = np.array(e_series(24)) * (low // 10)
    series = rng.choice(e24, size)
    if digits == 3:
        series = np.where(rng.random(size) < 0.5, series, rng.choice(e_series(96), size))
    values = np.where(rng.random(size) < _OF_SERIES, series, anything)
    return np.stack([values // 10**power % 10 for power in range(digits)[::-1]], axis=1)


def _choices(weights: tuple[float, ...], size: int, rng: np.random.Generator) -> NDArray[np.int64]:
    shares = np.array(weights, float)
    return rng.choice(len(shares), size, p=shares / shares.sum())
