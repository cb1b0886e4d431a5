"""How common the codes of resistors are: the priors of decoding.

The prior of a code is the product of the weights of its value, decade, number of bands, tolerance
and temperature coefficient. They are estimates relative to the commonest, which is 1, and none was
fitted to photos. They decide between readings that the bands leave open, such as the two directions
of one part.
"""

import numpy as np
from numpy.typing import NDArray

from resistor_cls.colour_code import DIGIT_BANDS
from resistor_cls.e_series import e_series
from resistor_cls.errors import ConfigError

# Values that are possible: all that a code can show; those of E24; those of E24 and E96.
SERIES = ("any", "E24", "E96")
DEFAULT_SERIES = "E96"

# Kits and stocks hold E24 values, in 1 % as well, more often than those that only E96 has. The
# latter have three digit bands, as parts of E96 do, even where two would show them (140 Ω). Values
# of neither series are special orders.
_E96_ONLY_WEIGHT = 0.3
_NO_SERIES_WEIGHT = 0.02
# Distributors list values up to 22 MΩ from nearly every maker, few above. No code shows less than
# 0.1 Ω, which is a usual value.
_MAX_USUAL_OHMS = 22e6
_UNUSUAL_OHMS_WEIGHT = 0.03
# Parts with 3 bands are old, parts with 6 bands are for instruments. The number of bands is seen
# well, so that the weights are mild.
COUNT_WEIGHTS = {3: 0.3, 4: 1.0, 5: 1.0, 6: 0.3}
# 4 bands are carbon film of 5 %, seldom 10 %, or metal film of 1 or 2 %; 5 bands are metal film of
# 1 %, seldom better, or metal oxide of 5 %; parts with 6 bands are often better.
_TOLERANCE_WEIGHTS = {
    4: {"gold": 1.0, "silver": 0.1, "red": 0.1, "brown": 0.1},
    5: {"brown": 1.0, "red": 0.1, "gold": 0.05, "green": 0.05, "violet": 0.05, "blue": 0.03},
    6: {"brown": 1.0, "red": 0.2, "green": 0.2, "violet": 0.2, "blue": 0.1},
}
_RARE_TOLERANCE_WEIGHT = 0.01
# 50 and 100 ppm/K are those of common metal film, 15 and 25 ppm/K those of precision parts.
_COEFFICIENT_WEIGHTS = {"brown": 1.0, "red": 1.0, "orange": 0.3, "yellow": 0.3}
_RARE_COEFFICIENT_WEIGHT = 0.1


def number_weights(series: str, digits: int) -> dict[int, float]:
    """Returns the possible numbers of the digit bands, and the weight of each.

    Args:
        series: one of `SERIES`.
        digits: 2 or 3 digit bands. A number never begins with 0.

    Raises:
        ConfigError: another series.
    """
    if series not in SERIES:
        raise ConfigError(f"series {series!r}: expected one of {', '.join(SERIES)}")
    scale = 10 ** (digits - 2)
    weights: dict[int, float] = {}
    if series == "any":
        weights |= dict.fromkeys(range(10 * scale, 100 * scale), _NO_SERIES_WEIGHT)
    if series != "E24" and digits == 3:
        weights |= dict.fromkeys(e_series(96), _E96_ONLY_WEIGHT)
    return weights | dict.fromkeys((number * scale for number in e_series(24)), 1.0)


def decade_weights(ohms: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the weight of values by their decade, in the shape of `ohms`."""
    return np.where(ohms <= _MAX_USUAL_OHMS, 1.0, _UNUSUAL_OHMS_WEIGHT)


def last_bands_weight(bands: tuple[str, ...]) -> float:
    """Returns the weight of the bands behind the multiplier, at most 1.

    Args:
        bands: a legal code of 3 to 6 bands, first digit first.
    """
    count, last = len(bands), bands[DIGIT_BANDS[len(bands)] + 1 :]
    weight = _TOLERANCE_WEIGHTS[count].get(last[0], _RARE_TOLERANCE_WEIGHT) if last else 1.0
    if count == 6:
        weight *= _COEFFICIENT_WEIGHTS.get(last[1], _RARE_COEFFICIENT_WEIGHT)
    return weight
