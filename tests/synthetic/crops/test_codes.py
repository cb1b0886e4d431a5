import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from resistor_cls.bands import BANDS, MAX_BANDS
from resistor_cls.colour_code import decode
from resistor_cls.synthetic.crops.codes import NONE, sample_codes


@given(st.integers(0, 2**32))
def test_every_code_is_legal(seed: int) -> None:
    codes = sample_codes(16, np.random.default_rng(seed))
    for bands, count in zip(codes.bands, codes.counts, strict=True):
        assert decode(tuple(BANDS[band] for band in bands[:count])).ohms > 0
        assert (bands[count:] == NONE).all()


def test_every_colour_stands_in_every_place_that_it_may_have() -> None:
    codes = sample_codes(20_000, np.random.default_rng(0))
    assert set(codes.counts) == {3, 4, 5, 6}
    of_five = codes.bands[codes.counts == 5]
    digits = {BANDS.index(colour) for colour in BANDS[:10]}
    assert set(of_five[:, 0]) == digits - {BANDS.index("black")}
    assert set(of_five[:, 1]) == set(of_five[:, 2]) == digits
    assert set(of_five[:, 3]) == set(range(NONE))
    assert codes.bands.shape[1] == MAX_BANDS
