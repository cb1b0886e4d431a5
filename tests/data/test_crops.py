import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resistor_cls.categories import parse_name
from resistor_cls.data.crops import CROP_SHAPE, View, crop_upright, sample_view
from resistor_cls.data.geometry import OrientedBox, overlap
from resistor_cls.synthetic import Scene, draw, sample_scene


def scene_of(seed: int, angle: float | None = None) -> Scene:
    scene = sample_scene(parse_name("4K7_1-4W"), np.random.default_rng(seed))
    if angle is None:
        return scene
    return dataclasses.replace(scene, body=dataclasses.replace(scene.body, angle=angle))


def box_of(scene: Scene, size: int) -> OrientedBox:
    body = scene.body
    return OrientedBox(
        body.x * size, body.y * size, body.angle % math.pi,
        body.length * size, body.diameter * size, 1.0,
    )  # fmt: skip


@pytest.mark.parametrize("degrees", range(0, 180, 15))
def test_the_upright_box_is_that_of_the_synthetic_body(degrees: int) -> None:
    scene = scene_of(degrees, math.radians(degrees))
    drawn = tuple(700 * value for value in draw(scene).box)
    assert overlap(box_of(scene, 700).box(), drawn) > 0.85


@pytest.mark.parametrize("seed", range(6))
def test_a_crop_is_upright_with_the_bands_from_left_to_right(seed: int) -> None:
    scene = scene_of(seed)
    red, green = (0.9, 0.0, 0.0), (0.0, 0.9, 0.0)
    body = dataclasses.replace(
        scene.body,
        paint=(red, green, green, green),
        gloss=0.0,
        bulge=0.0,
        length=0.2,
        diameter=0.07,
    )
    camera = dataclasses.replace(
        scene.camera, exposure=(1.0, 1.0, 1.0), motion=0.0, noise=0.0, saturation=1.0, lift=1.0
    )
    grey = dataclasses.replace(scene.background, place="grey paper")
    scene = dataclasses.replace(scene, body=body, camera=camera, background=grey)
    crop = crop_upright(draw(scene).photo, box_of(scene, 700)).astype(int)
    assert crop.shape == (*CROP_SHAPE, 3)
    colour = crop[CROP_SHAPE[0] // 2]  # the row along the axis
    reds = np.nonzero(colour[:, 0] - colour[:, 1:].max(axis=1) > 90)[0]
    greens = np.nonzero(colour[:, 1] - colour[:, ::2].max(axis=1) > 90)[0]
    # Where the scene says that the bands lie: the body spans 1 / 1.7 of the crop.
    first, *others = (CROP_SHAPE[1] * (0.5 + (centre - 0.5) / 1.7) for centre in body.centres)
    if body.angle >= math.pi:  # a box has no first end
        first, *others = (CROP_SHAPE[1] - column for column in (first, *others))
    assert reds.mean() == pytest.approx(first, abs=5)
    assert greens.mean() == pytest.approx(np.mean(others), abs=8)
    # A band stands across the crop: its red is in one column from the body's top to its bottom.
    rows, columns = np.nonzero(crop[..., 0] - crop[..., 1:].max(axis=2) > 90)
    assert np.ptp(rows) > 1.5 * np.ptp(columns[np.abs(columns - first) < 30])


def test_a_crop_has_the_pixels_of_the_photo() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8)
    crop = crop_upright(photo, OrientedBox(200, 150, 0.0, 224 / 1.7, 30, 1.0))
    assert (crop == photo[150 - 48 : 150 + 48, 200 - 112 : 200 + 112]).all()


def test_a_view_at_a_smaller_size_averages_pixels() -> None:
    # A checkerboard of single pixels is grey from afar; sampling alone would show black or white.
    rows, columns = np.indices((700, 700))
    photo = np.repeat(((rows + columns) % 2 * 255).astype(np.uint8)[..., None], 3, axis=2)
    for angle in (0.0, 0.4):
        seen = sample_view(photo, View(350, 350, angle, 600), (100, 100))
        assert seen.min() > 90
        assert seen.max() < 165


def test_beyond_the_photo_its_edge_is_repeated() -> None:
    photo = np.full((50, 80, 3), 200, np.uint8)
    assert (sample_view(photo, View(0, 0, 0.3, 300), (64, 64)) == 200).all()


def test_a_view_of_a_very_long_photo_is_the_view_of_its_part() -> None:
    photo = np.random.default_rng(1).integers(0, 256, (40_000, 60, 3), np.uint8)
    view, part = View(30, 35_000, 0.5, 40), View(30, 100, 0.5, 40)
    assert (
        sample_view(photo, view, (32, 32)) == sample_view(photo[34_900:35_100], part, (32, 32))
    ).all()


@given(st.floats(0, 3.1), st.floats(20, 200), st.floats(60, 140), st.floats(40, 80))
def test_what_a_view_shows_is_where_its_place_says(
    angle: float, span: float, x: float, y: float
) -> None:
    # A photo whose red is the fraction of its width, whose green that of its height.
    height, width, size = 120, 200, (40, 96)
    down, across = (np.indices((height, width)) + 0.5) / np.array([[[height]], [[width]]])
    photo = (255 * np.dstack([across, down, across])).round().astype(np.uint8)
    view = View(x, y, angle, span)
    place = view.place(size, (height, width))
    seen = sample_view(photo, view, size) / 255
    rows, columns = np.indices(size) + 0.5
    for row, column in ((0, 0), (0, 95), (39, 0), (20, 48)):
        there = place @ (columns[row, column] / 96, rows[row, column] / 40, 1)
        if (there > 0.01).all() and (there < 0.99).all():
            assert seen[row, column, :2] == pytest.approx(there, abs=0.01)
