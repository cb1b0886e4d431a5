from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resistor_cls.bands import BANDS, MAX_BANDS, WATTS, BandScores
from resistor_cls.categories import Categories
from resistor_cls.category_codes import category_log_probabilities
from resistor_cls.code_priors import COUNT_WEIGHTS, last_bands_weight
from resistor_cls.colour_code import (
    COEFFICIENTS,
    DIGITS,
    MULTIPLIERS,
    TOLERANCES,
    decode,
    encode,
    ohms_in_words,
)
from resistor_cls.decoding import legal_share, read_values, reads_both_ways
from resistor_cls.e_series import e_series
from resistor_cls.errors import ConfigError, DataError
from tests.helpers.band_scores import certain, log_softmax, random_scores

seeds = st.integers(0, 2**32 - 1).map(np.random.default_rng)
first, digit = st.sampled_from(DIGITS[1:]), st.sampled_from(DIGITS)
multiplier, tolerance = st.sampled_from([*MULTIPLIERS]), st.sampled_from([*TOLERANCES])
codes = st.one_of(
    st.tuples(first, digit, multiplier),
    st.tuples(first, digit, multiplier, tolerance),
    st.tuples(first, digit, digit, multiplier, tolerance),
    st.tuples(first, digit, digit, multiplier, tolerance, st.sampled_from([*COEFFICIENTS])),
)


@given(codes, st.booleans())
def test_every_legal_code_is_read_back_from_either_end(
    code: tuple[str, ...], backward: bool
) -> None:
    best = read_values(certain([code], backward), "any")[0][0]
    assert (best.bands, best.reversed) == (code, backward)
    assert (best.ohms, best.tolerance) == (decode(code).ohms, decode(code).tolerance)
    assert best.probability > 0.99


@given(st.sampled_from(e_series(96)), st.integers(-2, 9), st.booleans())
def test_e96_values_are_read_by_default(number: int, power: int, backward: bool) -> None:
    code = (*(DIGITS[int(one)] for one in str(number)), [*MULTIPLIERS][power], "brown")
    assert read_values(certain([code], backward))[0][0].bands == code


@given(seeds, st.floats(0.1, 20))
@settings(max_examples=20)
def test_the_probabilities_of_all_values_sum_to_1(rng: np.random.Generator, spread: float) -> None:
    readings = read_values(random_scores(rng, 1, spread), "E24", top=1000)[0]
    probabilities = [reading.probability for reading in readings]
    assert sum(probabilities) == pytest.approx(1)
    assert probabilities == sorted(probabilities, reverse=True)
    assert len({reading.ohms for reading in readings}) == len(readings)
    for reading in readings:
        code = decode(reading.bands)
        assert (code.ohms, code.tolerance) == (reading.ohms, reading.tolerance)


@given(seeds, st.integers(3, 6))
def test_a_flipped_crop_gives_the_same_readings(rng: np.random.Generator, count: int) -> None:
    logits = rng.normal(0, 3, (1, MAX_BANDS, len(BANDS)))
    logits[:, :count, -1] = -np.inf  # the number of bands is certain
    logits[:, count:, :-1] = -np.inf
    slots, direction = log_softmax(logits), log_softmax(rng.normal(0, 1, (1, 2)))
    flipped = slots.copy()
    flipped[:, :count] = slots[:, :count][:, ::-1]
    watts = np.zeros((1, len(WATTS)))
    one = read_values(BandScores(slots, direction, watts))[0]
    other = read_values(BandScores(flipped, direction[:, ::-1], watts))[0]
    for before, after in zip(one, other, strict=True):
        assert (before.ohms, before.tolerance) == (after.ohms, after.tolerance)
        assert before.bands == after.bands
        assert before.reversed != after.reversed or before.bands == before.bands[::-1]
        assert before.probability == pytest.approx(after.probability)


@given(seeds, st.integers(3, 6))
def test_a_turned_view_that_agrees_changes_nothing(rng: np.random.Generator, count: int) -> None:
    logits = rng.normal(0, 3, (1, MAX_BANDS, len(BANDS)))
    logits[:, :count, -1] = -np.inf
    logits[:, count:, :-1] = -np.inf
    slots = log_softmax(logits)
    turned = slots.copy()
    turned[:, :count] = slots[:, :count][:, ::-1]
    direction, watts = log_softmax(rng.normal(0, 1, (1, 2))), np.zeros((1, len(WATTS)))
    alone = BandScores(slots, direction, watts)
    both = replace(alone, turned=BandScores(turned, direction[:, ::-1], watts))
    found = [(one.ohms, one.bands, one.probability) for one in read_values(both)[0]]
    for one, (ohms, bands, probability) in zip(read_values(alone)[0], found, strict=True):
        assert (one.ohms, one.bands) == (ohms, bands)
        assert one.probability == pytest.approx(probability)
    names = Categories([ohms_in_words(ohms) for ohms, _, _ in found])
    np.testing.assert_allclose(
        category_log_probabilities(both, names), category_log_probabilities(alone, names)
    )


def all_codes(ohms: float) -> Iterator[tuple[str, ...]]:
    """Every code of a value, by encoding."""
    for count in (3, 4, 5, 6):
        for fraction in (0.20,) if count == 3 else TOLERANCES.values():
            for coefficient in COEFFICIENTS.values() if count == 6 else (None,):
                try:
                    yield encode(ohms, fraction, count, coefficient)
                except DataError:
                    continue


def log_posterior(scores: BandScores, code: tuple[str, ...], backward: bool) -> float:
    shown = (code[::-1] if backward else code) + ("none",) * (MAX_BANDS - len(code))
    bands = sum(scores.slots[0, slot, BANDS.index(band)] for slot, band in enumerate(shown))
    prior = COUNT_WEIGHTS[len(code)] * last_bands_weight(code)
    return bands + scores.direction[0, int(backward)] + np.log(prior)


@given(seeds)
@settings(max_examples=3)
def test_a_value_has_the_probability_of_all_its_codes(rng: np.random.Generator) -> None:
    scores = random_scores(rng, 1)
    readings = {one.ohms: one for one in read_values(scores, "E24", top=1000)[0]}
    masses = {}
    for ohms in (0.47, 10.0, 4700.0, 120e3, 2.2e6):  # usual values, so that both priors are 1
        logs = {
            (code, backward): log_posterior(scores, code, backward)
            for code in all_codes(ohms)
            for backward in (False, True)
        }
        masses[ohms] = np.exp(list(logs.values())).sum()
        by_tolerance = {
            fraction: sum(np.exp(log) for key, log in logs.items() if is_of(key[0], fraction))
            for fraction in (0.20, *TOLERANCES.values())
        }
        reading = readings[ohms]
        assert by_tolerance[reading.tolerance or 0] == pytest.approx(max(by_tolerance.values()))
        best = max(log for key, log in logs.items() if is_of(key[0], reading.tolerance))
        assert logs[reading.bands, reading.reversed] == pytest.approx(best)
    for ohms, mass in masses.items():
        expected = mass / masses[10.0] * readings[10.0].probability
        assert readings[ohms].probability == pytest.approx(expected)


def is_of(code: tuple[str, ...], fraction: float | None) -> bool:
    return decode(code).tolerance == fraction


def test_a_code_that_is_legal_both_ways_gives_both_readings() -> None:
    ten_k = ("brown", "black", "black", "red", "brown")
    readings = read_values(certain([ten_k], backward=None))[0]
    assert {reading.ohms for reading in readings[:2]} == {10e3, 120.0}
    assert [reading.probability for reading in readings[:2]] == pytest.approx([0.5, 0.5])
    assert reads_both_ways(readings)
    # Gold is not a digit: this code has one direction.
    readings = read_values(certain([("yellow", "violet", "red", "gold")], backward=None))[0]
    assert readings[0].ohms == 4700
    assert readings[0].probability > 0.99
    assert not reads_both_ways(readings)
    assert not reads_both_ways([])


def test_a_palindrome_has_one_value() -> None:
    readings = read_values(certain([("brown", "red", "red", "red", "brown")], backward=None), "any")
    assert readings[0][0].ohms == 12200
    assert readings[0][0].probability > 0.99


def blue_or_violet(blue: float) -> BandScores:
    """Scores of 4.6 kΩ, which no series has, with a given probability, or else of 4.7 kΩ."""
    scores = certain([("yellow", "blue", "red", "gold")])
    slots = scores.slots.copy()
    slots[0, 1] = -30.0
    slots[0, 1, [BANDS.index("blue"), BANDS.index("violet")]] = np.log([blue, 1 - blue])
    return BandScores(slots, scores.direction, scores.watts)


def test_the_series_decides_between_colours_that_look_alike() -> None:
    scores = blue_or_violet(0.9)
    assert read_values(scores, "E24")[0][0].ohms == 4700
    assert read_values(scores)[0][0].ohms == 4700
    assert read_values(scores, "any")[0][0].ohms == 4700
    assert read_values(blue_or_violet(0.999), "any")[0][0].ohms == 4600


def test_the_tolerance_decides_between_directions() -> None:
    # 2.2 kΩ ±1 % from the left, 11 kΩ ±2 % from the right: 1 % is the commoner tolerance.
    readings = read_values(certain([("red", "red", "black", "brown", "brown")], backward=None))[0]
    assert [reading.ohms for reading in readings[:2]] == [2200, 11e3]
    assert readings[0].tolerance == 0.01
    assert not readings[0].reversed
    assert readings[1].reversed


def test_no_more_than_top_readings_are_given() -> None:
    scores = random_scores(np.random.default_rng(0), 3)
    two = read_values(scores, top=2)
    assert [len(readings) for readings in two] == [2, 2, 2]
    assert two == [readings[:2] for readings in read_values(scores, top=50)]
    assert read_values(random_scores(np.random.default_rng(0), 0)) == []


def impossible() -> BandScores:
    """Gold at both ends, without any doubt."""
    scores = certain([("gold", "red", "red", "gold")], sharpness=2000)
    slots = np.where(scores.slots < -1000, -np.inf, scores.slots)
    return BandScores(slots, scores.direction, scores.watts)


def test_bands_that_no_code_has_give_no_reading() -> None:
    with np.errstate(divide="raise", invalid="raise"):
        assert read_values(impossible()) == [[]]
        assert legal_share(impossible()) == 0


@pytest.mark.parametrize(
    ("series", "two", "three"), [("any", 90, 900), ("E24", 24, 24), ("E96", 24, None)]
)
def test_the_legal_share_counts_legal_codes(series: str, two: int, three: int | None) -> None:
    three = three or len({number * 10 for number in e_series(24)} | {*e_series(96)})
    count = two * 12 * (1 + 10) + three * 12 * 10 * (1 + 9)
    uniform = certain([()], backward=None, sharpness=0)
    assert legal_share(uniform, series) == pytest.approx(count / 13**6)


@given(codes, st.booleans())
def test_a_certain_legal_code_has_a_legal_share_of_1(code: tuple[str, ...], backward: bool) -> None:
    assert legal_share(certain([code], backward), "any") == pytest.approx(1)


def test_another_series_is_refused() -> None:
    with pytest.raises(ConfigError, match="series 'E12': expected one of any, E24, E96"):
        read_values(certain([]), "E12")


@given(seeds, st.sampled_from(["E24", "E96", "any"]))
@settings(max_examples=20)
def test_few_readings_are_the_first_of_many(rng: np.random.Generator, series: str) -> None:
    scores = random_scores(rng, 1)
    (few,), (many,) = read_values(scores, series, 4), read_values(scores, series, 300)
    assert few == many[:4]
    probabilities = [one.probability for one in many]
    assert probabilities == sorted(probabilities, reverse=True)
