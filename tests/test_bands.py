import numpy as np
import pytest

from resistor_cls.bands import BANDS, MAX_BANDS, WATTS, BandScores
from resistor_cls.colour_code import DIGITS, SWATCHES


def test_classes_are_the_colours_of_the_code_and_none() -> None:
    assert BANDS[:10] == DIGITS
    assert set(BANDS) == {*SWATCHES, "none"}


def test_scores_have_the_shapes_of_the_reader() -> None:
    slots, direction = np.zeros((3, MAX_BANDS, len(BANDS))), np.zeros((3, 2))
    assert len(BandScores(slots, direction, np.zeros((3, len(WATTS))))) == 3
    with pytest.raises(ValueError, match=r"watts: shape \(2, 5\), expected \(3, 5\)"):
        BandScores(slots, direction, np.zeros((2, len(WATTS))))
