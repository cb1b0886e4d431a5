"""How numbers and names are written."""

import pytest

from resistor_cls.errors import many
from resistor_cls.evaluation.wording import digits, level, percent, share, short


def test_counts_have_their_noun() -> None:
    assert [many(1, "photo"), many(0, "category"), many(1234, "day")] == [
        "1 photo",
        "0 categories",
        "1,234 days",
    ]


@pytest.mark.parametrize(
    ("value", "whole", "tenth"),
    [
        (0.0, "0 %", "0 %"),
        (1e-9, "< 1 %", "< 0.1 %"),
        (0.984, "98 %", "98.4 %"),
        (0.9996, "100 %", "> 99.9 %"),
        (1.0, "100 %", "100 %"),
    ],
)
def test_shares_are_in_percent_and_small_ones_are_not_0(
    value: float, whole: str, tenth: str
) -> None:
    assert (percent(value), share(value)) == (whole, tenth)


def test_risk_levels_have_no_more_digits_than_they_need() -> None:
    assert [level(risk) for risk in (0.001, 0.01, 0.05)] == ["0.1 %", "1 %", "5 %"]


def test_what_is_undefined_is_a_dash() -> None:
    assert (share(None), digits(None)) == ("–", "–")
    assert digits(0.12345) == "0.123"


def test_long_names_keep_their_ends() -> None:
    assert short("10R_1W", 8) == "10R_1W"
    assert short("abcdefghijkl", 8) == "abc…ijkl"
