import dataclasses

import numpy as np
import pytest

from resistor_cls.categories import resistor37
from resistor_cls.synthetic import draw, drawing, layers, sample_scene
from resistor_cls.synthetic.camera import develop
from resistor_cls.synthetic.layers import LitScene, Patch
from resistor_cls.synthetic.scene import Scene

SIZE = 200


def scene_of(seed: int) -> Scene:
    return sample_scene(list(resistor37())[seed % 37], np.random.default_rng(seed))


def whole_at_once(lit: LitScene) -> np.ndarray:
    """The light of a whole photo, by the formula: (3, size, size) float64."""
    size = len(lit.light)
    whole = slice(0, size)
    light = np.zeros((3, size, size))
    for layer in lit.table:
        intensity = np.prod([factor[whole].astype(float) for factor in layer.factors], axis=0)
        light += np.array(layer.colour)[:, None, None] * intensity
    for patch in lit.objects:
        inside, visible = patch.overlap(whole, whole)
        part = (slice(None), *visible)
        light[part] *= 1 - patch.cover[inside]
        for reflected, colour in zip(patch.layers, patch.colours, strict=True):
            light[part] += np.array(colour)[:, None, None] * reflected[inside] * lit.light[visible]
    exposed: np.ndarray = np.tensordot(lit.exposure.astype(float), light, 1)
    return exposed


# Among them are all places, glare, and papers that end in the photo.
@pytest.mark.parametrize("seed", range(12))
def test_strips_hold_the_light_of_the_whole_photo(seed: int) -> None:
    lit = drawing._lit_part(scene_of(seed), SIZE)
    expected = whole_at_once(lit)
    for height in (SIZE, 64, 7):
        strips = [
            lit.of_rows(slice(row, min(row + height, SIZE))) for row in range(0, SIZE, height)
        ]
        # float32 has 24 bits; a few products and sums round.
        np.testing.assert_allclose(np.concatenate(strips, axis=1), expected, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("seed", [0, 5, 9])
def test_the_photo_is_that_of_the_plain_formula(seed: int) -> None:
    scene = scene_of(seed)
    light = whole_at_once(drawing._lit_part(scene, 520)).astype(np.float32)
    plain = develop(lambda rows: light[:, rows].copy(), 520, 1, scene.camera, 520)
    away = np.abs(draw(scene, 520).photo.astype(int) - plain)
    # Light between two of the 8-bit levels before the tone curve is rounded either way.
    assert np.count_nonzero(away) <= 20
    assert away.max() <= 6


def test_the_height_of_strips_does_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = scene_of(4)
    for size in (300, 700):  # 300 is drawn at 600 and averaged
        usual = draw(scene, size).photo
        monkeypatch.setattr(layers, "_STRIP", 5_000)
        low = draw(scene, size).photo
        monkeypatch.undo()
        # The end of a row of OpenCV's may round differently, and with it one pixel in a million.
        assert np.count_nonzero(usual != low) <= 5


def test_strips_hold_every_row_once() -> None:
    for side, oversampling in ((700, 1), (301, 2), (64, 8), (4000, 1), (100_000, 1)):
        rows = [row for part in layers.strips(side, oversampling) for row in range(side)[part]]
        assert rows == list(range(side))


@pytest.mark.parametrize(
    ("corner", "shown"),
    [((2, 1), 12), ((-2, -1), 4), ((8, 9), 2), ((10, 0), 0), ((-4, 5), 0), ((3, -3), 0)],
)
def test_a_patch_overlaps_the_photo_where_it_lies(corner: tuple[int, int], shown: int) -> None:
    cover = np.arange(1, 13, dtype=np.float32).reshape(3, 4)
    inside, visible = Patch(cover, (), (), corner).overlap(slice(0, 10), slice(0, 10))
    photo = np.zeros((10, 10), np.float32)
    photo[visible] = cover[inside]
    assert np.count_nonzero(photo) == shown
    left, top = corner
    for row, column in np.argwhere(photo):
        assert photo[row, column] == cover[row - top, column - left]


def test_later_objects_cover_earlier_ones() -> None:
    ones = np.ones((4, 4), np.float32)
    white = Patch(ones, (ones,), ((1.0, 1.0, 1.0),), (0, 0))
    red = dataclasses.replace(white, colours=((0.5, 0.0, 0.0),), corner=(2, 2))
    table = (layers.Layer((0.1, 0.1, 0.1), (ones,)),)
    lit = LitScene(ones, table, (white, red), np.eye(3, dtype=np.float32)).of_rows(slice(0, 4))
    np.testing.assert_allclose(lit[:, 0, 0], 1.0)
    np.testing.assert_allclose(lit[:, 3, 3], (0.5, 0.0, 0.0))
    halved = LitScene(ones, table, (), np.eye(3, dtype=np.float32)).shaded(ones * np.float32(0.5))
    np.testing.assert_allclose(halved.of_rows(slice(1, 2)), 0.05)
