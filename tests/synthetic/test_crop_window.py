import dataclasses
import time

import cv2
import numpy as np
import pytest

from resistor_cls.categories import resistor37
from resistor_cls.synthetic import Scene, Window, close_up, draw, draw_empty, sample_scene

CATEGORIES = list(resistor37())
# In pixels of a photo of 700: left, top, side. Inside, over the middle, in a corner.
PLACES = [(180, 220, 300), (40, 330, 361), (400, 0, 300)]


def scene_of(seed: int) -> Scene:
    return sample_scene(CATEGORIES[seed % 37], np.random.default_rng(seed))


def window_at(left: int, top: int, side: int) -> Window:
    return Window(left / 700, top / 700, side / 700)


def smooth(photo: np.ndarray) -> np.ndarray:
    """Without the noise, which is another in a window, and the last pixel of an edge."""
    return cv2.GaussianBlur(photo, (0, 0), 3).astype(float)


@pytest.mark.parametrize("seed", range(12))
def test_a_window_shows_what_the_whole_drawing_shows_there(seed: int) -> None:
    scene = scene_of(seed)
    whole = draw(scene).photo
    for left, top, side in PLACES:
        window = window_at(left, top, side)
        part = draw(scene, window=window)
        there = whole[top : top + side, left : left + side]
        assert part.photo.shape == there.shape
        away = np.abs(smooth(there) - smooth(part.photo))
        # The slope of the vignette and shadows of what lies outside may be missing.
        assert away.mean() < 4
        assert np.quantile(away, 0.99) < 12


def test_the_box_in_a_window_is_the_box_of_the_whole_drawing() -> None:
    scene = scene_of(3)
    window = Window(0.2, 0.3, 0.4)
    x, y, width, height = draw(scene, 128, window).box
    seen = (x * 0.4 + 0.2, y * 0.4 + 0.3, width * 0.4, height * 0.4)
    assert seen == pytest.approx(draw(scene, 128).box)


def test_the_whole_photo_as_a_window_is_the_photo() -> None:
    scene = scene_of(4)
    assert draw(scene, 256, Window(0, 0, 1)).photo == pytest.approx(draw(scene, 256).photo, abs=1)


def test_a_window_of_a_window_is_a_window() -> None:
    scene = scene_of(5)
    twice = close_up(close_up(scene, Window(0.1, 0.2, 0.5)), Window(0.5, 0.0, 0.5))
    once = close_up(scene, Window(0.35, 0.2, 0.25))
    for part in ("body", "background", "light"):
        one, two = (dataclasses.asdict(getattr(found, part)) for found in (once, twice))
        for name in one:
            same = isinstance(one[name], str | tuple)
            assert one[name] == (two[name] if same else pytest.approx(two[name], abs=1e-6)), name
    # The slope of the vignette is lost at every step.
    assert once.camera.exposure == pytest.approx(twice.camera.exposure, rel=0.05)


def test_a_window_beside_the_part_shows_the_table_alone() -> None:
    scene = scene_of(6)
    first, last = (dataclasses.replace(lead, length=0.01) for lead in scene.leads)
    body = dataclasses.replace(scene.body, x=0.8, y=0.8, length=0.1, diameter=0.04)
    scene = dataclasses.replace(scene, leads=(first, last), body=body)
    window = Window(0.0, 0.0, 0.5)
    away = smooth(draw(scene, window=window).photo) - smooth(draw_empty(scene, window=window))
    assert np.abs(away).max() < 2


def test_an_empty_table_differs_from_the_photo_only_where_the_part_lies() -> None:
    scene = scene_of(7)
    drawing, empty = draw(scene), draw_empty(scene)
    differs = np.abs(smooth(drawing.photo) - smooth(empty)).max(axis=2) > 4
    x, y, _, _ = drawing.box
    assert differs[round(y * 700), round(x * 700)]
    assert differs.mean() < 0.3


def test_a_window_is_drawn_faster_than_the_whole() -> None:
    scenes = [scene_of(seed) for seed in range(6)]

    def seconds(window: Window | None) -> float:
        begun = time.perf_counter()
        for scene in scenes:
            draw(scene, window=window)
        return time.perf_counter() - begun

    seconds(None)  # textures are made once
    small = Window(0.3, 0.3, 0.3)
    # The best of three: another program may have the processor meanwhile.
    assert min(seconds(small) for _ in range(3)) < min(seconds(None) for _ in range(3))
