"""The E series: the preferred values of resistors (IEC 60063)."""

from functools import cache

from resistor_cls.errors import DataError

# The rounded values of the series up to E24 are historical and cannot be computed.
_E24 = (
    10, 11, 12, 13, 15, 16, 18, 20, 22, 24, 27, 30,
    33, 36, 39, 43, 47, 51, 56, 62, 68, 75, 82, 91,
)  # fmt: skip
# The one value of E192 that the standard rounds differently.
_E192_EXCEPTION = {919: 920}


@cache
def e_series(size: int) -> tuple[int, ...]:
    """Returns the preferred values of one decade (IEC 60063).

    Args:
        size: 3, 6, 12, 24 (values 10 to 91) or 48, 96, 192 (values 100 to 988).

    Raises:
        DataError: a series that the standard does not define.
    """
    if size in (3, 6, 12, 24):
        return _E24[:: 24 // size]
    if size in (48, 96, 192):
        values = (round(100 * 10 ** (step / size)) for step in range(size))
        return tuple(_E192_EXCEPTION.get(value, value) for value in values)
    raise DataError(
        f"E{size} is not a series of IEC 60063: expected E3, E6, E12, E24, E48, E96 or E192"
    )
