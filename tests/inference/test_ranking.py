from pathlib import Path

import pytest

from resistor_cls.category_codes import category_log_probabilities, readable_categories
from resistor_cls.decoding import read_values
from resistor_cls.inference.ranking import Ranked, ranked_categories
from tests.helpers.band_scores import certain

ONE_KILOHM = ("brown", "black", "red", "gold")


def ranked(tmp_path: Path, names: str, code: tuple[str, ...] = ONE_KILOHM) -> list[Ranked]:
    (tmp_path / "stock.txt").write_text(names.replace(" ", "\n"))
    categories = readable_categories(tmp_path / "stock.txt")
    scores = certain([code], sharpness=9.0)
    (logs,) = category_log_probabilities(scores, categories)
    return ranked_categories(read_values(scores, top=10)[0], logs, categories)


def test_a_listed_value_is_what_its_name_says(tmp_path: Path) -> None:
    # The 37 categories have a part of this name with five bands; this one has four.
    best = ranked(tmp_path, "10K 1K_1-4W 4K7")[0]
    assert best.category is not None and best.category.name == "1K_1-4W"
    assert best.ohms == 1000 and best.probability > 0.9


def test_another_value_never_takes_the_probability_of_the_one_that_is_read(tmp_path: Path) -> None:
    first, second, *_ = ranked(tmp_path, "10K 4K7")
    assert (first.category, first.ohms) == (None, 1000)
    assert second.probability < 0.1


def test_categories_of_one_value_share_its_probability(tmp_path: Path) -> None:
    both = [one for one in ranked(tmp_path, "1K_1-4W 1K_2W 10K") if one.ohms == 1000]
    assert sum(one.probability for one in both) > 0.9
    assert both[0].probability == pytest.approx(both[1].probability)  # the wattage is not seen
