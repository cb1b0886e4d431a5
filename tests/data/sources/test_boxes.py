"""Boxes of bodies beside photos."""

import math
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resistor_cls.data.geometry import OrientedBox
from resistor_cls.data.sources.boxes import Box, read_boxes
from resistor_cls.errors import DataError


def boxes(root: Path, rows: Iterable[str]) -> Path:
    root.mkdir(exist_ok=True)
    lines = ["file,x_center,y_center,width,height", *rows]
    (root / "boxes.csv").write_text("\n".join(lines) + "\n")
    return root


def test_boxes_give_size_and_place_of_a_body(tmp_path: Path) -> None:
    read = read_boxes(boxes(tmp_path, ["a/1.jpg,0.5,0.5,0.25,0.1", "a/2.jpg,0.1,0.5,0.2,0.1"]))
    middle, edge = read["a/1.jpg"], read["a/2.jpg"]
    assert middle.length(400, 800) == 100
    assert (middle.reaches_border, middle.is_cut) == (False, False)
    assert (edge.reaches_border, edge.is_cut) == (True, True)
    assert read_boxes(tmp_path / "elsewhere") == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,x\na,1\n", "expected the columns file"),
        ("file,x_center,y_center,width,height\na.jpg,300,5,1,1\n", "row 1 .a.jpg. is not in"),
        ("file,x_center,y_center,width,height\na.jpg,left,0,0,0\n", "cannot be read"),
        ("file,file,x_center,y_center,width,height\na,a,0,0,0,0\n", "column file stands twice"),
    ],
)
def test_boxes_that_cannot_be_used_are_named(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "boxes.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        read_boxes(tmp_path)


def test_a_box_in_a_whole_photo_is_its_pixels() -> None:
    pixels = Box(0.5, 0.25, 0.5, 0.25).pixels(np.eye(2, 3), (8, 16))
    expected = np.zeros((8, 16), bool)
    expected[1:3, 4:12] = True
    assert np.array_equal(pixels, expected)
    elsewhere = np.array([[0.1, 0.0, 0.8], [0.0, 0.1, 0.8]])
    assert not Box(0.5, 0.25, 0.5, 0.25).pixels(elsewhere, (8, 16)).any()


@given(st.floats(0, 3.1), st.floats(-0.15, 0.15), st.floats(0.3, 0.5))
def test_a_box_gives_the_body_in_a_rotated_view(angle: float, off: float, share: float) -> None:
    # The view is rotated a little less or more than the body, and enlarges four times.
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
