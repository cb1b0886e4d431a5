import pytest

from resistor_cls.evaluation.pages.readings import ohms_text, reading, size_order


@pytest.mark.parametrize(
    ("name", "whole", "short"),
    [
        ("10R_1W", "10 Ω ±5 %, 1 W", "10 Ω, 1 W"),
        ("4700Mohm", "0.47 Ω ±5 %", "0.47 Ω"),  # the bands, not the name
        ("220R_2W", "22 Ω ±5 %, 2 W", "22 Ω, 2 W"),
        ("100R_1-4W", "100 Ω, 0.25 W", "100 Ω, 0.25 W"),  # two designs, of 5 and of 1 %
        ("47K_1-8W", "47 kΩ, 0.125 W", "47 kΩ, 0.125 W"),
        ("cracked", "", ""),
    ],
)
def test_a_category_is_read_in_ohms_and_watts(name: str, whole: str, short: str) -> None:
    assert reading(name) == whole
    assert reading(name, tolerance=False) == short


def test_ohms_have_a_unit_of_their_size() -> None:
    said = [ohms_text(ohms) for ohms in (None, 0, 0.47, 999, 1000, 4700, 2.2e6, 1e9)]
    assert said == ["", "0 Ω", "0.47 Ω", "999 Ω", "1 kΩ", "4.7 kΩ", "2.2 MΩ", "1 GΩ"]


def test_categories_are_ordered_by_ohms_then_watts() -> None:
    names = ["1K_1W", "cracked", "220R_2W", "22R_1-4W", "4700Mohm", "broken"]
    assert [names[place] for place in size_order(names)] == [
        *("4700Mohm", "22R_1-4W", "220R_2W", "1K_1W"),
        *("broken", "cracked"),
    ]
