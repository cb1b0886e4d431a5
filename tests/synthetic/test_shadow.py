import cv2
import numpy as np
import pytest

from resistor_cls.synthetic import shadow
from resistor_cls.synthetic.layers import Patch


@pytest.mark.parametrize("size", [700, 512, 301, 130])
@pytest.mark.parametrize("corner", [(90, 41), (-13, -7), (110, 100), (600, 290), (900, 900)])
def test_the_coarse_cover_is_the_average_of_the_whole_photo(
    size: int, corner: tuple[int, int]
) -> None:
    cover = np.random.default_rng(0).random((57, 94), dtype=np.float32)
    patch = Patch(cover, (), (), corner)
    whole = np.zeros((size, size), np.float32)
    inside, visible = patch.overlap(slice(0, size), slice(0, size))
    whole[visible] = cover[inside]
    small = size // 4
    expected = cv2.resize(whole, (small, small), interpolation=cv2.INTER_AREA)
    assert (shadow._coarse_cover(patch, size, small) == expected).all()


def test_nothing_casts_no_shadow() -> None:
    empty = np.zeros((0, 0), np.float32)
    for patch in (None, Patch(empty, (), (), (0, 0))):
        assert not shadow._coarse_cover(patch, 700, 175).any()
