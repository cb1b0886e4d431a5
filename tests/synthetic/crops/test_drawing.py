import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resistor_cls.bands import BANDS
from resistor_cls.synthetic import draw_crops
from resistor_cls.synthetic.crops import camera, drawing
from resistor_cls.synthetic.crops.codes import NONE, Codes

SHAPE = (64, 192)


def codes_of(*bands: str) -> Codes:
    places = [BANDS.index(band) for band in bands]
    padded = [[*places, *[NONE] * (6 - len(places))]]
    return Codes(np.array(padded), np.array([len(places)]), np.array([1]))


@given(st.integers(0, 2**32), st.integers(1, 3))
@settings(max_examples=20)
def test_crops_repeat_with_the_seed_and_say_what_they_show(seed: int, size: int) -> None:
    crops = draw_crops(size, SHAPE, np.random.default_rng(seed))
    again = draw_crops(size, SHAPE, np.random.default_rng(seed))
    assert crops.photos.shape == (size, *SHAPE, 3)
    assert crops.photos.dtype == np.uint8
    np.testing.assert_array_equal(crops.photos, again.photos)
    for bands, columns in zip(crops.bands, crops.columns, strict=True):
        # From left to right, the columns show the bands in their order; the crop may cut some off.
        assert spelled(columns[columns < NONE]) in spelled(bands[bands < NONE])


def spelled(bands: np.ndarray) -> str:
    """Bands as letters, neighbours of the same colour once."""
    return re.sub(r"(.)\1+", r"\1", "".join(chr(ord("a") + band) for band in bands))


@pytest.mark.parametrize("seed", range(6))
def test_the_colours_of_the_columns_are_those_of_the_paint(
    monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    def plain(light: Any, rng: np.random.Generator) -> Any:
        del rng
        levels = 255 * np.clip(light, 0, 1) ** (1 / 2.2)
        return levels.transpose(0, 2, 3, 1).astype(np.uint8)

    monkeypatch.setattr(drawing, "develop", plain)
    part = codes_of("red", "green", "blue", "gold")
    crops = draw_crops(1, SHAPE, np.random.default_rng(seed), codes=part)
    # The mean colour over the middle rows, where the band's class says that it is.
    strip = np.median(crops.photos[0, 24:40].astype(float), axis=0)[2::4]
    strongest = {"red": 0, "green": 1, "blue": 2}
    means = {
        colour: strip[crops.columns[0] == BANDS.index(colour)].mean(axis=0) for colour in strongest
    }
    for colour, channel in strongest.items():
        others = [
            means[other][channel] - means[other].mean() for other in strongest if other != colour
        ]
        assert means[colour][channel] - means[colour].mean() > max(others)


def test_dark_and_blown_out_photos_are_among_them() -> None:
    photos = draw_crops(200, (16, 48), np.random.default_rng(0)).photos
    levels = np.median(photos.reshape(200, -1), axis=1)
    assert (levels < 40).sum() > 5
    assert (levels > 190).sum() > 2
    assert (
        camera.develop(np.full((1, 3, 8, 8), 9.0, np.float32), np.random.default_rng(0)).min() > 200
    )
