"""Bands are compared in the better direction, and counted by colour."""

import numpy as np

from resistor_cls.bands import BANDS
from resistor_cls.evaluation.values import align_bands, band_confusion_table
from resistor_cls.evaluation.values.band_confusion import COLOURS, band_confusion
from tests.helpers.band_scores import certain

CODE = ("yellow", "violet", "red", "gold")
FIVE = ("brown", "black", "black", "brown", "brown")


def test_bands_are_aligned_in_the_better_direction() -> None:
    for backward in (False, True, None):
        scores = certain([CODE], backward)
        assert align_bands(scores, 0, [CODE]) == (CODE, CODE)
    # One band is misread; the direction head says the opposite.
    shown = ("yellow", "violet", "orange", "gold")
    assert align_bands(certain([shown], True), 0, [CODE]) == (CODE, shown)


def test_a_band_of_unknown_colour_decides_nothing() -> None:
    partial = (*CODE[:3], "")
    assert align_bands(certain([CODE], True), 0, [partial]) == (partial, CODE)
    assert align_bands(certain([CODE]), 0, []) == ((), ())


def test_the_code_that_fits_is_taken_of_several() -> None:
    scores = certain([FIVE, CODE])
    for codes in ([CODE, FIVE], [FIVE, CODE]):
        assert align_bands(scores, 0, codes)[0] == FIVE
        assert align_bands(scores, 1, codes)[0] == CODE
    # A part with five bands of which four are read: one of them is no band.
    true, read = align_bands(scores, 1, [FIVE])
    assert true == FIVE and "none" in read


def test_bands_are_counted_by_true_and_read_colour() -> None:
    true = [CODE, ("red", "red", "brown", ""), ()]
    read = [("yellow", "blue", "red", "none"), ("red", "orange", "brown", "gold"), ()]
    counts = band_confusion(true, read)
    assert counts.shape == (12, 13) and counts.sum() == 7
    table = band_confusion_table(counts)
    counted = table.to_dict("index")
    assert counted["violet"]["blue"] == counted["gold"]["none"] == 1
    assert counted["red"]["red"] == 2 and counted["red"]["orange"] == 1
    assert list(table.index) == list(COLOURS) and list(table.columns) == list(BANDS)
    assert not band_confusion([], []).any()
    assert np.trace(counts) == 4
