"""Colour bands to ohms and back (IEC 60062)."""

from dataclasses import dataclass
from math import floor, log10

from resistor_cls.errors import DataError

# IEC 60062:2016, table 1. The position in the tuple is the digit.
DIGITS = ("black", "brown", "red", "orange", "yellow", "green", "blue", "violet", "grey", "white")
# Power of ten of the multiplier band.
MULTIPLIERS = {colour: power for power, colour in enumerate(DIGITS)} | {"gold": -1, "silver": -2}
# Tolerance band, as a fraction of the value. A missing band means ±20 %.
TOLERANCES = {
    "silver": 0.10,
    "gold": 0.05,
    "red": 0.02,
    "brown": 0.01,
    "green": 0.005,
    "blue": 0.0025,
    "violet": 0.001,
    "orange": 0.0005,
    "yellow": 0.0002,
    "grey": 0.0001,
}
NO_BAND_TOLERANCE = 0.20
# Colours for a screen, sRGB, chosen so that most people can tell them apart.
SWATCHES = {
    "black": "#1b1b1b",
    "brown": "#6f3f1f",
    "red": "#cf2a27",
    "orange": "#ee7d1b",
    "yellow": "#f5d32c",
    "green": "#2f8f46",
    "blue": "#2a5fc4",
    "violet": "#8a4fbe",
    "grey": "#8c9299",
    "white": "#f7f7f4",
    "gold": "#c39a3b",
    "silver": "#c3c8cd",
}
_PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (0.0, ""))  # of the SI, from which value on


@dataclass(frozen=True)
class Reading:
    """The value that the bands of a resistor encode.

    Attributes:
        ohms: resistance in ohms.
        tolerance: maximum deviation as a fraction of `ohms` (0.05 is ±5 %).
    """

    ohms: float
    tolerance: float


def decode(bands: tuple[str, ...]) -> Reading:
    """Decodes 3, 4 or 5 bands, the first digit first.

    Raises:
        DataError: another number of bands, or a colour that IEC 60062 does not allow there.
    """
    if len(bands) not in (3, 4, 5):
        raise DataError(f"bands {'-'.join(bands)}: {len(bands)} bands, expected 3, 4 or 5")
    count = 3 if len(bands) == 5 else 2
    digits, multiplier, tolerance = bands[:count], bands[count], bands[count + 1 :]
    for colour, known in (
        *((colour, DIGITS) for colour in digits),
        (multiplier, tuple(MULTIPLIERS)),
        *((colour, tuple(TOLERANCES)) for colour in tolerance),
    ):
        if colour not in known:
            raise DataError(
                f"bands {'-'.join(bands)}: {colour} cannot stand there; "
                f"one of {', '.join(known)} can"
            )
    number = int("".join(str(DIGITS.index(colour)) for colour in digits))
    return Reading(
        ohms=_scaled(number, MULTIPLIERS[multiplier]),
        tolerance=TOLERANCES[tolerance[0]] if tolerance else NO_BAND_TOLERANCE,
    )


def encode(ohms: float, tolerance: float = 0.05, count: int = 4) -> tuple[str, ...]:
    """Encodes a value as bands, the first digit first.

    Args:
        ohms: resistance in ohms, positive.
        tolerance: as a fraction; one of IEC 60062.
        count: 4 bands (two digits) or 5 bands (three digits).

    Raises:
        DataError: a value with more digits than the bands can encode or outside of the range of
            the multiplier, or a tolerance without a colour.
    """
    digits = {4: 2, 5: 3}.get(count)
    if digits is None:
        raise DataError(f"{count} bands: expected 4 or 5")
    if not ohms > 0:
        raise DataError(f"{ohms} ohms has no colour code: expected a positive value")
    power = floor(log10(ohms)) - digits + 1
    number = round(ohms / 10.0**power)
    if number == 10**digits:  # 9.999 rounds up into the next decade
        number, power = number // 10, power + 1
    if abs(_scaled(number, power) - ohms) > 1e-9 * ohms:
        raise DataError(f"{ohms:g} ohms does not fit into {digits} digits: use {count + 1} bands")
    multiplier = {power: colour for colour, power in MULTIPLIERS.items()}.get(power)
    if multiplier is None:
        raise DataError(f"{ohms:g} ohms: no multiplier band for 10^{power}")
    last = {fraction: colour for colour, fraction in TOLERANCES.items()}.get(tolerance)
    if last is None:
        raise DataError(f"tolerance {tolerance:g}: expected one of {sorted(TOLERANCES.values())}")
    return (*(DIGITS[int(digit)] for digit in str(number)), multiplier, last)


def ohms_in_words(ohms: float) -> str:
    """Formats a resistance as people write it: `0.47 Ω`, `4.7 kΩ`, `11 MΩ`.

    Args:
        ohms: resistance in ohms, 0 or more.
    """
    scale, prefix = next(one for one in _PREFIXES if ohms >= one[0])
    # Twelve digits are more than any part has, and hide rounding errors of the division.
    return f"{ohms / (scale or 1.0):.12g} {prefix}Ω"


def tolerance_in_words(tolerance: float) -> str:
    """Formats a tolerance, a fraction, as people write it: `±5 %`."""
    return f"±{100 * tolerance:.6g} %"


def _scaled(number: int, power: int) -> float:
    # Division gives exactly 0.47 for 47 × 10^-2; multiplication by 0.01 does not.
    return float(number * 10**power) if power >= 0 else number / 10**-power
