import numpy as np
import pytest

from resistor_cls.code_priors import SERIES, decade_weights, last_bands_weight, number_weights
from resistor_cls.colour_code import encode
from resistor_cls.errors import ConfigError


@pytest.mark.parametrize(
    ("series", "digits", "numbers"),
    [("E24", 2, 24), ("E24", 3, 24), ("E96", 2, 24), ("any", 2, 90), ("any", 3, 900)],
)
def test_series_limit_the_numbers(series: str, digits: int, numbers: int) -> None:
    assert len(number_weights(series, digits)) == numbers


def test_e24_values_weigh_most_and_values_of_no_series_least() -> None:
    weights = number_weights("any", 3)
    assert weights[470] > weights[475] > weights[471] > 0
    assert 471 not in number_weights("E96", 3)
    assert 475 not in number_weights("E24", 3)


@pytest.mark.parametrize("series", SERIES)
@pytest.mark.parametrize("digits", [2, 3])
def test_numbers_have_their_digits_and_weights_of_at_most_1(series: str, digits: int) -> None:
    for number, weight in number_weights(series, digits).items():
        assert len(str(number)) == digits
        assert 0 < weight <= 1


def test_rare_parts_weigh_less() -> None:
    assert decade_weights(np.array([0.1, 22e6])).tolist() == [1, 1]
    assert 0 < decade_weights(np.array([24e6])) < 1
    assert last_bands_weight(encode(4700, 0.20, 3)) == 1
    assert last_bands_weight(encode(4700, 0.05)) > last_bands_weight(encode(4700, 0.10))
    assert last_bands_weight(encode(4700, 0.01, 5)) > last_bands_weight(encode(4700, 0.05, 5)) > 0
    usual, rare = (encode(4700, 0.01, 6, coefficient) for coefficient in (50, 250))
    assert last_bands_weight(usual) > last_bands_weight(rare) > 0


def test_another_series_is_refused() -> None:
    with pytest.raises(ConfigError, match="series 'E12': expected one of any, E24, E96"):
        number_weights("E12", 2)
