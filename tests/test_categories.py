import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resistor_cls.categories import (
    Categories,
    Category,
    first_difference,
    numbered_names,
    parse_name,
    parse_value,
    resistor37,
)
from resistor_cls.colour_code import decode, ohms_in_words
from resistor_cls.errors import DataError
from resistor_cls.resistor37 import RESISTOR37_COUNTS


def test_the_37_and_their_photos() -> None:
    assert len(resistor37()) == 37
    assert sum(RESISTOR37_COUNTS.values()) == 2881
    assert resistor37().names == tuple(sorted(RESISTOR37_COUNTS))


@pytest.mark.parametrize(
    ("name", "ohms", "watts"),
    [
        ("4K7_1-4W", 4700, 0.25),
        ("R47_1-4W", 0.47, 0.25),
        ("2K2_1-4W", 2200, 0.25),
        ("10_1-4W", 10, 0.25),
        ("11M_1-2W", 11e6, 0.5),
        ("150R_1-8W", 150, 0.125),
        ("33K_2W", 33e3, 2),
        ("3R9K_1-4W", 3900, 0.25),
        ("6R8_1-4W", 6.8, 0.25),
        ("4700Mohm", 0.47, None),  # of the 37: their bands decide
        ("5K61_1-4W", 5600, 0.25),
        ("220R_2W", 22, 2),
        ("4700Mohm_1W", 4.7e9, 1),
        ("1K", 1000, None),
        ("left", None, None),
        ("cracked_1-4W", None, 0.25),
        ("1-0W", None, None),
        ("4K7_1-0W", 4700, None),
        ("0R", 0, None),
        ("R001", 1e-3, None),
        ("999G", 999e9, None),
        ("R0009_100000W", None, 1e5),
        ("1001G_100001W", None, None),
        ("9" * 400 + "R_" + "9" * 400 + "W", None, None),
        ("R" + "9" * 5000, None, None),
        ("inf", None, None),
        ("10^400", None, None),
        ("4K7_0W", 4700, None),
        ("٤K٧_١W", None, None),  # digits of other scripts, and other letters that fold to K
        ("4\N{KELVIN SIGN}7", None, None),
        ("47\N{OHM SIGN}", 47, None),
        ("4.7K_1-4W", 4700, 0.25),
        ("0.47 Ω", 0.47, None),
        ("4.7 kΩ_2W", 4700, 2),
        ("47 Ohms", 47, None),
        ("4.7.1", None, None),
        ("4.K7", None, None),
        ("4.7 ", 4.7, None),
        ("4. 7", None, None),
        ("4 7", None, None),
    ],
)
def test_names_say_ohms_and_watts(name: str, ohms: float | None, watts: float | None) -> None:
    category = parse_name(name)
    assert (category.name, category.ohms, category.watts) == (name, ohms, watts)


@pytest.mark.parametrize(
    ("text", "ohms"),
    [
        ("4k7", 4700),
        ("4.7k", 4700),
        ("4,7k", 4700),
        ("0,47", 0.47),
        ("4700", 4700),
        ("10R", 10),
        ("0R47", 0.47),
        ("2M2", 2.2e6),
        (" 4.7 kΩ ", 4700),
        ("1 Mohm", 1e6),
        ("0", 0),
    ],
)
def test_values_are_read_as_people_write_them(text: str, ohms: float) -> None:
    assert parse_value(text) == ohms


@pytest.mark.parametrize("text", ["", "k", "ten", "4k7_1-4W", "-5", "1e3", "1e-9"])
def test_text_without_a_value_is_refused(text: str) -> None:
    with pytest.raises(DataError, match=f"{text!r} is not a resistance: expected one such as 4k7"):
        parse_value(text)


@pytest.mark.parametrize("text", ["4,700", "1,000 kΩ", "1,000,000", "4,7k7"])
def test_a_comma_that_may_separate_thousands_is_refused(text: str) -> None:
    with pytest.raises(DataError, match=f"{text!r} is not clear: a comma may separate thousands"):
        parse_value(text)


@given(st.floats(1e-3, 1e12))
def test_ohms_in_words_are_read_back(ohms: float) -> None:
    assert parse_value(ohms_in_words(ohms)) == pytest.approx(ohms, rel=1e-11)


@given(st.text() | st.from_regex(r"[0-9RKMG]{0,40}(ohm|Ω)?_[0-9]{0,40}(-[0-9]{0,20})?W?"))
def test_any_text_is_a_name(text: str) -> None:
    category = parse_name(text)
    assert category.name == text
    assert category.ohms is None or category.ohms == 0 or 1e-3 <= category.ohms <= 1e12
    assert category.watts is None or 1e-3 <= category.watts <= 1e5


def test_bands_agree_with_the_names_but_for_those_that_mislead() -> None:
    misleading = {"4700Mohm": 0.47, "5K61_1-4W": 5600, "220R_2W": 22}
    for category in resistor37():
        assert category.markings, category.name
        for bands in category.markings:
            reading = parse_name(category.name).reading
            assert reading is not None
            said = misleading.get(category.name, category.name_ohms)
            assert reading.ohms == category.ohms == said, (category.name, bands)


def test_both_designs_of_a_mixed_category_read_the_same() -> None:
    mixed = [category for category in resistor37() if len(category.markings) > 1]
    assert [category.name for category in mixed] == ["100R_1-4W", "5K1_1-4W"]
    for category in mixed:
        assert len({decode(bands).ohms for bands in category.markings}) == 1


def value_of(words: str) -> tuple[float, set[float]]:
    """Ohms and tolerances, read off words as a person reads them."""
    found = re.fullmatch(r"([\d.]+) ([kMG]?)Ω((?:(?: or)? ±[\d.]+ %)*)(, [\d.]+ W)?", words)
    assert found, words
    scale = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9}[found[2]]
    tolerances = {float(one) / 100 for one in re.findall(r"±([\d.]+)", found[3])}
    return float(found[1]) * scale, tolerances


@given(st.sampled_from(list(resistor37())))
def test_the_words_of_each_category_say_what_its_bands_say(category: Category) -> None:
    readings = [decode(bands) for bands in category.markings]
    ohms, tolerances = value_of(category.in_words)
    assert all(one.ohms == pytest.approx(ohms) for one in readings)
    assert sorted({one.tolerance for one in readings}) == pytest.approx(sorted(tolerances))
    assert category.in_words.startswith(category.value_in_words)


@given(st.floats(1e-3, 1e12))
def test_ohms_in_words_are_the_ohms(ohms: float) -> None:
    words = ohms_in_words(ohms)
    assert value_of(words)[0] == pytest.approx(ohms, rel=1e-11)
    number = float(words.split()[0])
    assert 1 <= number <= 1000 or ohms < 1 or ohms > 1e9


@pytest.mark.parametrize(
    ("name", "words", "says_all"),
    [
        ("10R_1W", "10 Ω ±5 %, 1 W", True),
        ("4700Mohm", "0.47 Ω ±5 %", False),
        ("220R_2W", "22 Ω ±5 %, 2 W", False),
        ("100R_1-4W", "100 Ω ±5 % or ±1 %, 0.25 W", True),
        ("4K99_1-8W", "4.99 kΩ, 0.125 W", True),
        ("0R", "0 Ω", True),
        ("10R_old", "10 Ω", False),
        ("left", "left", True),
        ("cracked_1-4W", "cracked_1-4W", True),
    ],
)
def test_words_and_whether_they_say_what_the_name_says(
    name: str, words: str, says_all: bool
) -> None:
    category = parse_name(name)
    assert (category.in_words, category.words_say_all) == (words, says_all)


def test_a_category_without_markings_has_no_reading() -> None:
    assert parse_name("47K_1-4W").reading is None


def test_positions_are_class_indices() -> None:
    categories = Categories(["b", "a", "c"])
    assert [categories.index(name) for name in ("b", "a", "c")] == [0, 1, 2]
    assert categories[1].name == "a"
    with pytest.raises(DataError, match="category 'd' is not among the 3 categories"):
        categories.index("d")


def test_the_first_difference_is_named() -> None:
    assert first_difference(("a", "b"), ("a", "c")) == "category 1 is 'c', expected 'b'"
    assert first_difference(("a", "b"), ("a",)) == "'b' is missing (2 against 1 names)"
    composed, decomposed = "Direnç", unicodedata.normalize("NFD", "Direnç")
    assert "Diren\\xe7" in first_difference((composed,), (decomposed,))  # else both print the same
    assert first_difference(("a",), ("a", "b")) == "'b' is unknown (1 against 2 names)"


def test_another_order_is_another_label_space() -> None:
    categories = Categories(["a", "b"])
    categories.require(["a", "b"], "the photos")
    with pytest.raises(
        DataError, match="the photos differ from the model's: category 0 is 'b', expected 'a'"
    ):
        categories.require(["b", "a"], "the photos")


def test_lists_that_cannot_be_learned_are_refused() -> None:
    with pytest.raises(DataError, match="named twice: a"):
        Categories(["a", "b", "a"])
    with pytest.raises(DataError, match="at least two"):
        Categories(["a"])


def test_names_are_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "names.txt"
    file.write_text("# mine\n47K_1-4W\n\n  left \n", encoding="utf-8")
    assert Categories.from_file(file).names == ("47K_1-4W", "left")
    assert numbered_names(file) == {2: "47K_1-4W", 4: "left"}
    with pytest.raises(DataError, match=r"absent\.txt"):
        Categories.from_file(tmp_path / "absent.txt")
    for encoding in ("utf-8-sig", "utf-16"):  # as Windows' Notepad saves them
        file.write_text("47K_1-4W\nleft\n", encoding=encoding)
        assert Categories.from_file(file).names == ("47K_1-4W", "left")
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="expected UTF-8 text"):
        Categories.from_file(file)
