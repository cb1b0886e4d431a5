"""Body colour and light of made-up crops."""

import numpy as np
import pytest

from resistor_cls.evaluation.values import body_colour, light


def crop(body: tuple[int, int, int], bands: tuple[tuple[int, int, int], ...]) -> np.ndarray:
    """An upright crop of 64 × 192 pixels: a body with bands on a grey table."""
    picture = np.full((64, 192, 3), 120, np.uint8)
    picture[10:54, 38:154] = body
    for place, colour in enumerate(bands):
        left = 52 + 20 * place
        picture[10:54, left : left + 9] = colour
    noise = np.random.default_rng(0).integers(-4, 5, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ((200, 170, 120), "tan"),
        ((70, 150, 200), "blue"),
        ((110, 170, 130), "green"),
        ((170, 170, 172), "grey or white"),
        ((190, 120, 115), "red or pink"),
        ((30, 25, 20), "dark"),
    ],
)
def test_the_colour_between_the_bands_is_named(body: tuple[int, int, int], name: str) -> None:
    dark = ((20, 20, 20), (90, 50, 25), (15, 15, 18), (150, 30, 30), (90, 50, 25))
    assert body_colour(crop(body, dark if name != "dark" else dark[:1])) == name


def test_light_is_named_by_the_median_luma() -> None:
    for level, name in ((40, "dark"), (110, "normal"), (240, "bright")):
        assert light(np.full((64, 192, 3), level, np.uint8)) == name
    assert body_colour(np.full((1, 1, 3), 200, np.uint8)) == "grey or white"
