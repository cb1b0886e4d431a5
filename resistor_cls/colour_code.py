"""Colour bands to ohms and back (IEC 60062)."""

from contextlib import suppress
from dataclasses import dataclass
from math import floor, inf, log10

from resistor_cls.errors import DataError

# IEC 60062:2016, table 1. The position in the tuple is the digit.
DIGITS = ("black", "brown", "red", "orange", "yellow", "green", "blue", "violet", "grey", "white")
# Power of ten of the multiplier band. The standard also has pink for 10^-3. It is left out:
# bands on parts below 0.1 Ω are rare, and the reader of bands has no class for pink.
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
# Temperature coefficient, the sixth band, in parts per million per kelvin.
COEFFICIENTS = {
    "black": 250.0,
    "brown": 100.0,
    "red": 50.0,
    "orange": 15.0,
    "yellow": 25.0,
    "green": 20.0,
    "blue": 10.0,
    "violet": 5.0,
    "grey": 1.0,
}
# How many digits a code has by its number of bands.
DIGIT_BANDS = {3: 2, 4: 2, 5: 3, 6: 3}
CODES = "expected at most three digits, 0.1 Ω to 999 GΩ"  # what `has_code` asks for, for messages
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
        temperature_coefficient: maximum drift in parts per million per kelvin; None where the
            part has no sixth band.
    """

    ohms: float
    tolerance: float
    temperature_coefficient: float | None = None


def decode(bands: tuple[str, ...]) -> Reading:
    """Decodes 3 to 6 bands, the first digit first.

    Raises:
        DataError: another number of bands, or a colour that IEC 60062 does not allow there.
    """
    if len(bands) not in DIGIT_BANDS:
        raise DataError(
            f"bands {'-'.join(bands)}: {len(bands)} bands, expected 3, 4 or 5, or 6 with a "
            "temperature coefficient"
        )
    digits = DIGIT_BANDS[len(bands)]
    allowed = (DIGITS,) * digits + (tuple(MULTIPLIERS), tuple(TOLERANCES), tuple(COEFFICIENTS))
    for colour, known in zip(bands, allowed, strict=False):
        if colour not in known:
            raise DataError(
                f"bands {'-'.join(bands)}: {colour} cannot stand there; "
                f"one of {', '.join(known)} can"
            )
    number = int("".join(str(DIGITS.index(colour)) for colour in bands[:digits]))
    rest = bands[digits + 1 :]
    return Reading(
        ohms=_scaled(number, MULTIPLIERS[bands[digits]]),
        tolerance=TOLERANCES[rest[0]] if rest else NO_BAND_TOLERANCE,
        temperature_coefficient=COEFFICIENTS[rest[1]] if len(rest) > 1 else None,
    )


def encode(
    ohms: float,
    tolerance: float = 0.05,
    count: int = 4,
    temperature_coefficient: float | None = None,
) -> tuple[str, ...]:
    """Encodes a value as bands, the first digit first.

    Args:
        ohms: resistance in ohms, positive.
        tolerance: as a fraction; one of IEC 60062. 3 bands always mean 0.20.
        count: 3 or 4 bands (two digits), 5 or 6 bands (three digits).
        temperature_coefficient: of 6 bands, in parts per million per kelvin; one of IEC 60062.

    Raises:
        DataError: a value with more digits than the bands can encode or outside of the range of
            the multiplier, or a tolerance or temperature coefficient without a colour.
    """
    if count not in DIGIT_BANDS or (count == 6) != (temperature_coefficient is not None):
        raise DataError(
            f"{count} bands, temperature coefficient {temperature_coefficient}: expected 4 or 5 "
            "bands, or 3, without a temperature coefficient, or 6 with one"
        )
    bands = encode_ohms(ohms, DIGIT_BANDS[count])
    if count == 3:
        if tolerance != NO_BAND_TOLERANCE:
            raise DataError(f"tolerance {tolerance:g}: 3 bands mean {NO_BAND_TOLERANCE:g}")
        return bands
    bands = (*bands, _colour_of(tolerance, TOLERANCES, "tolerance"))
    if temperature_coefficient is None:
        return bands
    return (*bands, _colour_of(temperature_coefficient, COEFFICIENTS, "temperature coefficient"))


def encode_ohms(ohms: float, digits: int) -> tuple[str, ...]:
    """Encodes a value as its digit bands and the multiplier band.

    Args:
        ohms: resistance in ohms, positive.
        digits: 2 or 3 digit bands.

    Raises:
        DataError: a value with more digits, or outside of the range of the multiplier.
    """
    if not 0 < ohms < inf:
        raise DataError(f"{ohms} ohms has no colour code: expected a positive value")
    power = floor(log10(ohms)) - digits + 1
    number = round(ohms / 10.0**power)
    if number == 10**digits:  # 9.999 rounds up into the next decade
        number, power = number // 10, power + 1
    if abs(_scaled(number, power) - ohms) > 1e-9 * ohms:
        remedy = "use 5 bands" if digits == 2 else "no colour code has more"
        raise DataError(f"{ohms:g} ohms does not fit into {digits} digits: {remedy}")
    multiplier = {power: colour for colour, power in MULTIPLIERS.items()}.get(power)
    if multiplier is None:
        raise DataError(f"{ohms:g} ohms: no multiplier band for 10^{power}")
    return (*(DIGITS[int(digit)] for digit in str(number)), multiplier)


def has_code(ohms: float) -> bool:
    """Whether 4 or 5 bands can show a value; see `CODES`.

    Args:
        ohms: resistance in ohms.
    """
    for digits in (2, 3):
        with suppress(DataError):
            encode_ohms(ohms, digits)
            return True
    return False


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


def _colour_of(value: float, colours: dict[str, float], name: str) -> str:
    for colour, known in colours.items():
        if known == value:
            return colour
    raise DataError(f"{name} {value:g}: expected one of {sorted(colours.values())}")


def _scaled(number: int, power: int) -> float:
    # Division gives exactly 0.47 for 47 × 10^-2; multiplication by 0.01 does not.
    return float(number * 10**power) if power >= 0 else number / 10**-power
