import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from resistor_cls.errors import DataError
from resistor_cls.inference.photo_input import is_one, pixels_of


def test_one_photo_and_many_are_distinguished() -> None:
    photo = np.zeros((4, 5, 3), np.uint8)
    one = ("a.jpg", Path("a.jpg"), b"bytes of a file", photo, Image.fromarray(photo))
    many = (photo[None], [photo], iter(["a.jpg"]))
    assert all(is_one(given) for given in one)
    assert not any(is_one(given) for given in many)


@pytest.mark.parametrize("size", [(0, 0), (0, 5), (5, 0)])
def test_a_photo_without_pixels_is_refused(size: tuple[int, int]) -> None:
    width, height = size
    with pytest.raises(DataError, match=f"an image of {width}×{height} pixels: expected one"):
        pixels_of(Image.new("RGB", size))
    with pytest.raises(DataError, match=r"an array of shape .* expected \(height, width, 3\)"):
        pixels_of(np.zeros((height, width, 3), np.uint8))


def test_a_path_with_a_null_character_is_refused() -> None:
    for path in ("a\0b.jpg", Path("a\0b.jpg")):
        with pytest.raises(DataError, match=r"null character .* check the path"):
            pixels_of(path)


def test_the_bytes_of_a_file_are_decoded() -> None:
    content = io.BytesIO()
    photo = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
    Image.fromarray(photo).save(content, "PNG")
    assert np.array_equal(pixels_of(content.getvalue()), photo)
    with pytest.raises(DataError, match="the file is empty"):
        pixels_of(b"")


def test_pillow_images_become_upright_and_rgb() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # shown after a quarter turn clockwise
    picture = Image.new("L", (6, 4), 90)
    picture.getexif().update(exif)
    assert pixels_of(picture).shape == (6, 4, 3)
