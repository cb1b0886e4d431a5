import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resistor_cls.data.geometry import OrientedBox, overlap
from resistor_cls.data.sources.boxes import Box


@given(
    st.floats(0, 3.1), st.floats(20, 200), st.floats(0.2, 0.6), st.floats(0, 500), st.floats(0, 500)
)
def test_a_box_turns_with_its_body(angle: float, length: float, share: float, x: float, y: float):
    there = OrientedBox(x, y, angle, length, length * share, 1.0)
    across = dataclasses.replace(there, angle=angle + math.pi / 2)
    assert there.box()[2:] == pytest.approx(across.box()[:1:-1])
    assert there.box()[:2] == (x, y)
    lying = dataclasses.replace(there, angle=0.0)
    assert lying.box()[2:] == pytest.approx((length, length * share))


def test_overlap():
    assert overlap((5, 5, 4, 2), (5, 5, 4, 2)) == pytest.approx(1)
    assert overlap((0, 0, 2, 2), (1, 0, 2, 2)) == pytest.approx(1 / 3)
    assert overlap((0, 0, 2, 2), (5, 0, 2, 2)) == 0


@pytest.mark.parametrize("degrees", range(0, 180, 20))
def test_the_pixels_of_a_body_fill_its_box_and_no_more(degrees: int):
    body = OrientedBox(70.5, 48, math.radians(degrees), 60, 22, 1.0)
    rows, columns = np.nonzero(body.pixels((100, 140)))
    x, y, width, height = body.box()
    assert np.ptp(columns) == pytest.approx(width, abs=3)
    assert np.ptp(rows) == pytest.approx(height, abs=3)
    assert (columns.mean() + 0.5, rows.mean() + 0.5) == pytest.approx((x, y), abs=0.5)
    assert 0.85 * 60 * 22 < len(rows) <= 60 * 22


def test_a_box_in_a_whole_photo_is_its_pixels():
    pixels = Box(0.5, 0.25, 0.5, 0.25).pixels(np.eye(2, 3), (8, 16))
    expected = np.zeros((8, 16), bool)
    expected[1:3, 4:12] = True
    assert np.array_equal(pixels, expected)
    elsewhere = np.array([[0.1, 0.0, 0.8], [0.0, 0.1, 0.8]])
    assert not Box(0.5, 0.25, 0.5, 0.25).pixels(elsewhere, (8, 16)).any()


@given(st.floats(0, 3.1), st.floats(-0.15, 0.15), st.floats(0.3, 0.5))
def test_a_box_tells_the_body_in_a_turned_view(angle: float, off: float, share: float):
    # The view is turned a little less or more than the body, and enlarges four times.
    width, height, rows, columns = 300, 200, 80, 192
    body = OrientedBox(140, 110, angle, 30, 30 * share, 1.0)
    x, y, wide, high = body.box()
    box = Box(x / width, y / height, wide / width, high / height)
    turn = angle + off
    cos, sin = math.cos(turn) / 4, math.sin(turn) / 4
    axes = np.array([[cos * columns, -sin * rows], [sin * columns, cos * rows]])
    shift = np.array([x, y]) - axes @ (0.5, 0.5)
    place = np.column_stack([axes, shift]) / np.array([[width], [height]])
    seen = box.body(place, (rows, columns), share)
    assert (seen.x, seen.y) == pytest.approx((columns / 2, rows / 2))
    # Two bodies that mirror each other have one box, and close to level both are likely.
    assert abs(math.sin(seen.angle)) < 0.5
    assert seen.length == pytest.approx(120, rel=0.1)
    assert seen.width == pytest.approx(share * seen.length)
