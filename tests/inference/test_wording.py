"""Predictions in words, and the order of the reasons."""

import itertools

import pytest

from resistor_cls.categories import parse_name, resistor37
from resistor_cls.inference import Candidate
from resistor_cls.inference.prediction import reading_of
from resistor_cls.inference.wording import worded

BEST = parse_name("270K_1-4W")


@pytest.mark.parametrize(
    ("located", "familiar", "limit"),
    list(itertools.product((True, False, None), (True, False, None), (None, "--risk 0.01"))),
)
def test_no_body_comes_before_unfamiliar_and_unfamiliar_before_low_confidence(
    located: bool | None, familiar: bool | None, limit: str | None
) -> None:
    expected: tuple[str, str | None]
    wording = worded(BEST, located=located, familiar=familiar, missed_limit=limit)
    if located is False:
        expected = ("no resistor found", "the detector finds no resistor body in the photo")
    elif familiar is False:
        expected = ("don't know", "unlike the photos I know; best guess 270 kΩ ±5 %")
    elif limit:
        expected = ("don't know", "confidence too low for --risk 0.01; best guess 270 kΩ ±5 %")
    else:
        expected = ("270 kΩ ±5 %, 0.25 W", None)
    assert (wording.text, wording.reason) == expected
    assert wording.accepted == (wording.reason is None)


def test_no_name_is_in_the_words_of_a_photo_without_a_body() -> None:
    for category in resistor37():
        wording = worded(category, located=False)
        assert category.name not in f"{wording.text} {wording.reason}"
        assert "Ω" not in f"{wording.text} {wording.reason}"


def test_what_parts_of_a_category_differ_in_is_none() -> None:
    mixed = reading_of(parse_name("5K1_1-4W"))
    assert (mixed["ohms"], mixed["tolerance"], mixed["bands"]) == (5100, None, None)
    assert len(mixed["markings"]) == 2
    plain = reading_of(parse_name("4700Mohm"))
    assert (plain["ohms"], plain["tolerance"], plain["watts"]) == (0.47, 0.05, None)
    assert plain["bands"] == ("yellow", "violet", "silver", "gold")
    without = reading_of(parse_name("left"))
    assert set(without.values()) == {None, (), "left"}
    assert Candidate.of(parse_name("left"), 0.5, 0.4).text == "left"
