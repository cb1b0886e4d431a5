from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resistor_cls.bands import WATTS, BandScores
from resistor_cls.categories import Categories, resistor37
from resistor_cls.category_codes import (
    category_log_probabilities,
    code_table,
    readable_categories,
)
from resistor_cls.colour_code import encode
from resistor_cls.errors import DataError
from tests.helpers.band_scores import certain, log_softmax, random_scores

seeds = st.integers(0, 2**32 - 1).map(np.random.default_rng)
NAMES = (
    "4K7", "4700", "4K7_1-4W", "4K7_1W", "4K7_3W", "4K7_5W", "4.7k_2W", "470R_1-4W", "470", "4K99",
    "0R47", "left", "0R", "4K711", "100R_1-4W", "5K1_1-4W", "10_1-4W", "10R_1W", "10",
)  # fmt: skip
lists = st.lists(st.sampled_from(NAMES), min_size=2, max_size=8, unique=True).map(Categories)


def of_watts(scores: BandScores, watts: float) -> BandScores:
    logits = np.tile(np.where(np.array(WATTS) == watts, 30.0, 0.0), (len(scores), 1))
    return BandScores(scores.slots, scores.direction, log_softmax(logits))


def probabilities(scores: BandScores, *names: str) -> list[float]:
    return np.exp(category_log_probabilities(scores, Categories(names)))[0].tolist()


@pytest.mark.parametrize("backward", [False, True])
def test_the_37_are_read_from_their_bands_and_watts(backward: bool) -> None:
    names = resistor37().names
    for index, category in enumerate(resistor37()):
        scores = certain(category.markings, backward)
        scores = of_watts(scores, category.watts or 2.0)
        found = category_log_probabilities(scores, resistor37())
        best = [names[one] for one in found.argmax(axis=1)]
        same = [other for other in resistor37() if set(other.markings) == set(category.markings)]
        rivals = {other.name for other in same if other.watts in (None, category.watts)}
        assert set(best) <= rivals | {category.name}
        assert np.exp(found[:, index]) == pytest.approx(1)


@given(seeds, lists, st.floats(0.1, 10))
def test_the_probabilities_of_any_list_sum_to_at_most_1(
    rng: np.random.Generator, categories: Categories, spread: float
) -> None:
    found = category_log_probabilities(random_scores(rng, 2, spread), categories)
    assert (np.logaddexp.reduce(found, axis=1) <= 1e-9).all()


@given(seeds, lists)
def test_probabilities_are_sums_over_the_rows_of_the_table(
    rng: np.random.Generator, categories: Categories
) -> None:
    scores, table = random_scores(rng, 1), code_table(categories)
    found = category_log_probabilities(scores, categories, table)
    expected = np.zeros(len(categories))
    for row, category in enumerate(table.categories):
        log = table.log_priors[row] + scores.direction[0, table.directions[row]]
        log += sum(scores.slots[0, slot, band] for slot, band in enumerate(table.slots[row]))
        if table.watts[row] != -1:
            log += scores.watts[0, table.watts[row]]
        expected[category] += np.exp(log)
    assert np.exp(found[0]) == pytest.approx(expected)
    assert (table.log_priors <= 0).all()
    assert (np.diff(table.categories) >= 0).all()


def test_a_value_has_all_its_codes() -> None:
    for code in (encode(4700), encode(4700, 0.01, 5), encode(4700, 0.01, 6, 50)):
        mine, other = probabilities(certain([code]), "4K7", "10K")
        assert mine > 0.25
        assert mine > 1e6 * other


def test_a_listed_value_needs_no_series() -> None:
    assert probabilities(certain([encode(5000)]), "5K", "4K7")[0] == pytest.approx(1)


def test_known_markings_are_the_only_codes() -> None:
    # The 4.7 kΩ part of the 37 has 4 bands and 5 %.
    mine, other = probabilities(certain([encode(4700, 0.01, 5)]), "4K7_1-4W", "10K")
    assert max(mine, other) < 1e-6


def test_parts_that_are_not_listed_leave_a_rest() -> None:
    assert sum(probabilities(certain([encode(330)]), "4K7", "10K")) < 1e-6


def test_categories_without_a_code_are_impossible() -> None:
    scores = random_scores(np.random.default_rng(0), 2)
    for names in (["left", "0R", "4K711", "R047", "10K"], ["left", "right"]):
        found = category_log_probabilities(scores, Categories(names))
        assert (found[:, :2] == -np.inf).all()
    assert found.shape == (2, 2)


def test_the_nearest_power_rating_counts() -> None:
    scores = of_watts(certain([encode(330)]), 2.0)
    assert probabilities(scores, "330R_5W", "330R_1-8W")[0] == pytest.approx(1)
    assert probabilities(scores, "330R_1-16W", "330R_3W")[1] == pytest.approx(1)


def test_categories_that_look_the_same_share_equally() -> None:
    scores = certain([encode(330)])  # of any of five power ratings
    assert probabilities(scores, "330R", "330") == pytest.approx([0.5, 0.5])
    assert probabilities(scores, "330R_3W", "330R_5W") == pytest.approx([0.1, 0.1])
    assert probabilities(scores, "330R", "330R_5W") == pytest.approx([0.9, 0.1])


def test_a_list_of_values_is_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "stock.txt"
    file.write_text("# mine\n4K7\n\n0.47 Ω\n10_1-4W\n4.99k\n", encoding="utf-8")
    assert readable_categories(file).names == ("4K7", "0.47 Ω", "10_1-4W", "4.99k")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("left", "line 3 of .*stock.txt: 'left' has no value: write one such as 4K7"),
        ("4K711", "line 3 of .*stock.txt: '4K711' is 4.711 kΩ, which no colour code shows"),
        ("R047", "line 3 of .*stock.txt: 'R047' is 0.047 Ω, which no colour code shows"),
        ("0R", "line 3 of .*stock.txt: '0R' is 0 Ω, which no colour code shows"),
        ("4K7", "line 3 of .*stock.txt: '4K7' stands in line 1 too: remove one"),
    ],
)
def test_values_that_cannot_be_read_name_line_and_remedy(
    tmp_path: Path, name: str, says: str
) -> None:
    file = tmp_path / "stock.txt"
    file.write_text(f"4K7\n\n{name}\n", encoding="utf-8")
    with pytest.raises(DataError, match=says):
        readable_categories(file)


def test_a_list_may_have_one_value_but_not_none(tmp_path: Path) -> None:
    file = tmp_path / "stock.txt"
    file.write_text("# mine\n4k7\n", encoding="utf-8")
    assert readable_categories(file).names == ("4k7",)
    file.write_text("# mine\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"stock\.txt names no value: write one a line"):
        readable_categories(file)
