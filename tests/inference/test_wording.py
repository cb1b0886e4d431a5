"""Where a prediction becomes words, and in which order reasons count."""

import itertools

import pytest

from resistor_cls.categories import parse_name, resistor37
from resistor_cls.inference import Candidate
from resistor_cls.inference.prediction import reading_of
from resistor_cls.inference.wording import percent_in_words, worded

BEST = parse_name("270K_1-4W")


@pytest.mark.parametrize(
    ("located", "familiar", "limit"),
    list(itertools.product((True, False, None), (True, False, None), (None, "--risk 0.01"))),
)
def test_no_body_comes_before_unfamiliar_and_unfamiliar_before_unsure(
    located: bool | None, familiar: bool | None, limit: str | None
) -> None:
    said = worded(BEST, located=located, familiar=familiar, too_unsure_for=limit)
    if located is False:
        expected = ("no resistor found", "the detector finds no resistor body in the photo")
    elif familiar is False:
        expected = ("don't know", "unlike the photos I know; best guess 270 kΩ ±5 %")
    elif limit:
        expected = ("don't know", "too unsure for --risk 0.01; best guess 270 kΩ ±5 %")
    else:
        expected = ("270 kΩ ±5 %, 0.25 W", None)
    assert (said.text, said.reason) == expected
    assert said.accepted == (said.reason is None)


def test_no_name_is_in_the_words_of_a_photo_without_a_body() -> None:
    for category in resistor37():
        said = worded(category, located=False)
        assert category.name not in f"{said.text} {said.reason}"
        assert "Ω" not in f"{said.text} {said.reason}"


@pytest.mark.parametrize(
    ("share", "words"),
    [(0, "0.0 %"), (1e-9, "< 0.1 %"), (0.997, "99.7 %"), (0.99951, "> 99.9 %"), (1, "100.0 %")],
)
def test_what_is_not_all_is_not_called_all(share: float, words: str) -> None:
    assert percent_in_words(share) == words


def test_what_parts_of_a_category_differ_in_is_unknown() -> None:
    mixed = reading_of(parse_name("5K1_1-4W"))
    assert (mixed["ohms"], mixed["tolerance"], mixed["bands"]) == (5100, None, None)
    assert len(mixed["markings"]) == 2
    plain = reading_of(parse_name("4700Mohm"))
    assert (plain["ohms"], plain["tolerance"], plain["watts"]) == (0.47, 0.05, None)
    assert plain["bands"] == ("yellow", "violet", "silver", "gold")
    unknown = reading_of(parse_name("left"))
    assert set(unknown.values()) == {None, (), "left"}
    assert Candidate.of(parse_name("left"), 0.5, 0.4).text == "left"
