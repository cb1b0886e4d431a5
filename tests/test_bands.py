from dataclasses import replace

import numpy as np
import pytest

from resistor_cls.bands import BANDS, MAX_BANDS, WATTS, BandScores
from resistor_cls.colour_code import DIGITS, SWATCHES
from tests.helpers.band_scores import random_scores


def test_classes_are_the_colours_of_the_code_and_none() -> None:
    assert BANDS[:10] == DIGITS
    assert set(BANDS) == {*SWATCHES, "none"}


def test_scores_have_the_shapes_of_the_reader() -> None:
    slots, direction = np.zeros((3, MAX_BANDS, len(BANDS))), np.zeros((3, 2))
    assert len(BandScores(slots, direction, np.zeros((3, len(WATTS))))) == 3
    with pytest.raises(ValueError, match=r"watts: shape \(2, 5\), expected \(3, 5\)"):
        BandScores(slots, direction, np.zeros((2, len(WATTS))))


def test_the_scores_of_one_photo_are_its_own() -> None:
    rng = np.random.default_rng(0)
    scores = replace(random_scores(rng, 3), turned=random_scores(rng, 3))
    one = scores.of_photo(1)
    assert len(one) == 1
    for count in (3, 6):
        for found, expected in zip(one.of_count(0, count), scores.of_count(1, count), strict=True):
            assert (found == expected).all()
