import pytest
from hypothesis import given
from hypothesis import strategies as st

from resistor_cls.colour_code import COEFFICIENTS, DIGITS, TOLERANCES, Reading, decode, encode
from resistor_cls.e_series import e_series
from resistor_cls.errors import DataError

tolerances = st.sampled_from(sorted(TOLERANCES.values()))


@given(st.sampled_from(e_series(24)), st.integers(-2, 8), tolerances)
def test_every_e24_value_reads_back_from_four_bands(
    number: int, power: int, tolerance: float
) -> None:
    ohms = number * 10**power if power >= 0 else number / 10**-power
    bands = encode(ohms, tolerance, count=4)
    assert len(bands) == 4
    assert decode(bands) == Reading(ohms, tolerance)


@given(st.sampled_from(e_series(96)), st.integers(-2, 7), tolerances)
def test_every_e96_value_reads_back_from_five_bands(
    number: int, power: int, tolerance: float
) -> None:
    ohms = number * 10**power if power >= 0 else number / 10**-power
    bands = encode(ohms, tolerance, count=5)
    assert len(bands) == 5
    assert decode(bands) == Reading(ohms, tolerance)


@given(
    st.sampled_from(e_series(96)), st.integers(-2, 9), tolerances, st.sampled_from([*COEFFICIENTS])
)
def test_every_code_of_six_bands_reads_back(
    number: int, power: int, tolerance: float, colour: str
) -> None:
    ohms = number * 10**power if power >= 0 else number / 10**-power
    bands = encode(ohms, tolerance, 6, COEFFICIENTS[colour])
    assert bands[:5] == encode(ohms, tolerance, 5)
    assert bands[5] == colour
    assert decode(bands) == Reading(ohms, tolerance, COEFFICIENTS[colour])


@given(st.sampled_from(e_series(24)), st.integers(-2, 9))
def test_three_bands_mean_20_percent(number: int, power: int) -> None:
    ohms = number * 10**power if power >= 0 else number / 10**-power
    bands = encode(ohms, 0.20, 3)
    assert bands == encode(ohms)[:3]
    assert decode(bands) == Reading(ohms, 0.20)


def test_known_parts() -> None:
    assert encode(4700) == ("yellow", "violet", "red", "gold")
    assert encode(0.47) == ("yellow", "violet", "silver", "gold")
    assert encode(5610, 0.01, count=5) == ("green", "blue", "brown", "brown", "brown")
    assert decode(("brown", "black", "black")) == Reading(10.0, 0.20)
    assert decode(("red", "red", "black", "red", "brown", "red")) == Reading(22e3, 0.01, 50.0)


@pytest.mark.parametrize(
    ("bands", "says"),
    [
        (("brown", "black"), "2 bands, expected 3, 4 or 5"),
        (("gold", "black", "red", "gold"), "gold cannot stand there"),
        (("brown", "black", "red", "white"), "white cannot stand there"),
        (("brown", "pink", "red", "gold"), "pink cannot stand there"),
        (("red", "red", "black", "red", "brown", "gold"), "gold cannot stand there"),
        (("red",) * 7, "7 bands, expected 3, 4 or 5, or 6"),
    ],
)
def test_bands_that_mean_nothing_say_why(bands: tuple[str, ...], says: str) -> None:
    with pytest.raises(DataError, match=says):
        decode(bands)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((4711, 0.05, 5), "does not fit into 3 digits: no colour code has more"),
        ((float("inf"), 0.05, 4), "positive"),
        ((100, 0.05, 3), "3 bands mean 0.2"),
        ((100, 0.01, 5, 100), "5 bands, temperature coefficient 100: expected"),
        ((100, 0.01, 6, 30), "temperature coefficient 30: expected one of"),
        ((4990, 0.05, 4), "does not fit into 2 digits: use 5 bands"),
        ((0, 0.05, 4), "positive"),
        ((float("nan"), 0.05, 4), "positive"),
        ((1e-4, 0.05, 4), "no multiplier band"),
        ((100, 0.03, 4), "tolerance 0.03"),
        ((100, 0.05, 6), "expected 4 or 5"),
    ],
)
def test_values_without_a_code_say_why(arguments: tuple[float, float, int], says: str) -> None:
    with pytest.raises(DataError, match=says):
        encode(*arguments)


def test_a_value_with_three_digits_never_loses_one() -> None:
    # 9.999 is not 10: rounding into the next decade must not pass for a code.
    with pytest.raises(DataError, match="does not fit"):
        encode(9.999, count=4)


def test_digits_are_in_the_order_of_the_standard() -> None:
    assert DIGITS.index("black") == 0
    assert DIGITS.index("white") == 9
