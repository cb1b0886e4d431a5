import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resistor_cls.data.geometry import OrientedBox, overlap


@given(
    st.floats(0, 3.1), st.floats(20, 200), st.floats(0.2, 0.6), st.floats(0, 500), st.floats(0, 500)
)
def test_a_box_rotates_with_its_body(
    angle: float, length: float, share: float, x: float, y: float
) -> None:
    there = OrientedBox(x, y, angle, length, length * share, 1.0)
    across = dataclasses.replace(there, angle=angle + math.pi / 2)
    assert there.box()[2:] == pytest.approx(across.box()[:1:-1])
    assert there.box()[:2] == (x, y)
    lying = dataclasses.replace(there, angle=0.0)
    assert lying.box()[2:] == pytest.approx((length, length * share))


def test_overlap() -> None:
    assert overlap((5, 5, 4, 2), (5, 5, 4, 2)) == pytest.approx(1)
    assert overlap((0, 0, 2, 2), (1, 0, 2, 2)) == pytest.approx(1 / 3)
    assert overlap((0, 0, 2, 2), (5, 0, 2, 2)) == 0


@pytest.mark.parametrize("degrees", range(0, 180, 20))
def test_the_pixels_of_a_body_fill_its_box_and_no_more(degrees: int) -> None:
    body = OrientedBox(70.5, 48, math.radians(degrees), 60, 22, 1.0)
    rows, columns = np.nonzero(body.pixels((100, 140)))
    x, y, width, height = body.box()
    assert np.ptp(columns) == pytest.approx(width, abs=3)
    assert np.ptp(rows) == pytest.approx(height, abs=3)
    assert (columns.mean() + 0.5, rows.mean() + 0.5) == pytest.approx((x, y), abs=0.5)
    assert 0.85 * 60 * 22 < len(rows) <= 60 * 22
