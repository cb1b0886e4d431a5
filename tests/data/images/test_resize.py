"""The resize rule, and preprocessing that only resizes."""

import re
from io import BytesIO
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from resistor_cls.data import resize
from resistor_cls.data.images import decode
from resistor_cls.data.images import resize as resize_module
from resistor_cls.data.images.decode import decode_photo
from resistor_cls.data.images.resize import Resize, resize_image
from resistor_cls.errors import ConfigError
from resistor_cls.model.preprocessing import Preprocessing
from tests.helpers.photo_files import noise


def encode(image: Image.Image, kind: str, **how: Any) -> bytes:
    file = BytesIO()
    image.save(file, kind, **how)
    return file.getvalue()


@pytest.mark.parametrize("size", [0, -1, 2.5, True, "64", [64], [64, 0], [64, 64, 3], [64.0, 64]])
def test_an_invalid_size_is_refused(size: Any) -> None:
    with pytest.raises(
        ConfigError, match=rf"{re.escape(f'data.image_size={size}')}: expected 1 or"
    ):
        Resize(size)


def test_the_right_size_is_left_alone() -> None:
    photos = torch.rand(2, 3, 20, 20)
    assert resize(photos, (20, 20)) is photos
    photo = noise(20, 20)
    assert np.array_equal(resize_image(photo, (20, 20)), photo)


sides = st.integers(1, 70)


@given(sides, sides, sides)
def test_a_stored_photo_is_what_the_model_would_have_made_of_it(
    height: int, width: int, size: int
) -> None:
    photo = noise(height, width)
    stored = resize_image(photo, (size, size))
    assert stored.shape == (size, size, 3)
    assert stored.dtype == np.uint8
    whole = torch.from_numpy(photo).permute(2, 0, 1)[None].float().div(255)
    model = Preprocessing(size, "simple")
    levels = (model(whole) * model.std + model.mean) * 255
    difference = levels[0].permute(1, 2, 0).numpy() - stored
    assert np.abs(difference).max() < 1.001  # a value halfway between two levels may become either


@given(sides, sides, sides, st.integers(0, 255))
def test_a_photo_of_one_colour_keeps_it(height: int, width: int, size: int, level: int) -> None:
    photo = np.full((height, width, 3), level, np.uint8)
    assert np.array_equal(resize_image(photo, (size, size)), np.full((size, size, 3), level))


@given(sides, sides, st.tuples(sides, sides), st.integers(1, 600))
def test_a_photo_resized_in_strips_is_the_same_to_the_bit(
    height: int, width: int, shape: tuple[int, int], values: int
) -> None:
    photo = noise(height, width)
    expected = resize_image(photo, shape)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decode, "STRIP", values)
        patch.setattr(resize_module, "STRIP", values)
        assert np.array_equal(resize_image(photo, shape), expected)
        encoded = encode(Image.fromarray(photo), "PNG")
        assert np.array_equal(decode_photo(encoded), photo)


def in_floats(levels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    image = Image.fromarray(levels.astype(np.float32))
    return np.asarray(image.resize(size, Image.Resampling.BILINEAR))


@given(sides, sides, st.tuples(sides, sides), st.sampled_from([1, 3, 5, 200, 600]))
def test_each_channel_is_resized_as_pillow_resizes_floats(
    height: int, width: int, shape: tuple[int, int], channels: int
) -> None:
    photo = np.resize(noise(height, width), (height, width, channels))
    resized = resize_image(photo, shape)
    for channel in {0, channels // 2, channels - 1}:
        columns = in_floats(photo[..., channel], (shape[1], height))
        assert np.array_equal(resized[..., channel], np.rint(in_floats(columns, shape[::-1])))


def test_resizing_averages_what_it_drops() -> None:
    # Without anti-aliasing only the two pixels around each centre would count: all black.
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::4] = 255
    inner = resize_image(stripes, (16, 16))[:, 2:-2]
    assert np.abs(inner.astype(int) - 64).max() <= 3
