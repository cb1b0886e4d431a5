import re
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from photo_files import noise, write_photo
from PIL import Image

from resistor_cls.data import read_photo, resize
from resistor_cls.data.photos import decode_photo, shrink
from resistor_cls.errors import DataError
from resistor_cls.model.preprocessing import Preprocessing

ORIENTATION = 0x0112  # EXIF tag


@pytest.mark.parametrize(
    ("orientation", "upright"),
    [
        (1, np.asarray),
        (2, np.fliplr),
        (3, lambda photo: np.rot90(photo, 2)),
        (6, lambda photo: np.rot90(photo, -1)),
        (8, np.rot90),
    ],
)
def test_the_exif_rotation_is_applied(tmp_path: Path, orientation: int, upright):
    blocks = np.kron(noise(2, 3), np.ones((16, 16, 1), np.uint8))  # survives JPEG
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    path = tmp_path / "turned.jpg"
    Image.fromarray(blocks).save(path, quality=100, subsampling=0, exif=exif)
    photo = read_photo(path)
    assert photo.dtype == np.uint8
    assert photo.shape == upright(blocks).shape
    assert np.abs(photo.astype(int) - upright(blocks)).max() <= 8


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "1", "LA"])
def test_every_kind_of_photo_becomes_rgb(mode: str):
    file = BytesIO()
    Image.new("RGB", (5, 4), "white").convert(mode).save(file, "TIFF")
    assert np.array_equal(decode_photo(file.getvalue()), np.full((4, 5, 3), 255))


@pytest.mark.parametrize("mode", ["I;16", "F"])
def test_deeper_photos_are_refused_instead_of_clipped(mode: str):
    file = BytesIO()
    Image.new(mode, (5, 4)).save(file, "TIFF")
    with pytest.raises(DataError, match="save the photo with 8 bits a channel"):
        decode_photo(file.getvalue())


def test_what_is_no_photo_is_named(tmp_path: Path):
    whole = write_photo(tmp_path / "whole.jpg").read_bytes()
    for name, content, reason in (
        ("empty.jpg", b"", "the file is empty"),
        ("text.jpg", b"hello", "no image"),
        ("cut.jpg", whole[:-200], "cannot be decoded"),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(DataError, match=rf"{re.escape(str(path))}: .*{reason}"):
            read_photo(path)
    with pytest.raises(DataError, match=r"absent.jpg: No such file"):
        read_photo(tmp_path / "absent.jpg")


@given(st.data())
def test_damage_never_raises_anything_else(data: st.DataObject):
    file = BytesIO()
    kind = data.draw(st.sampled_from(["JPEG", "PNG", "WEBP", "BMP"]))
    Image.fromarray(noise(8, 8)).save(file, kind)
    encoded = bytearray(file.getvalue())
    places = st.integers(0, len(encoded) - 1)
    for place, value in data.draw(st.dictionaries(places, st.integers(0, 255))).items():
        encoded[place] = value
    try:
        photo = decode_photo(bytes(encoded[: data.draw(places)]))
    except DataError:
        return
    assert photo.ndim == 3


def test_the_right_size_is_left_alone():
    photos = torch.rand(2, 3, 20, 20)
    assert resize(photos, 20) is photos
    photo = noise(20, 20)
    assert np.array_equal(shrink(photo, 20), photo)


sides = st.integers(1, 70)


@given(sides, sides, sides)
def test_a_stored_photo_is_what_the_model_would_have_made_of_it(height: int, width: int, size: int):
    photo = noise(height, width)
    stored = shrink(photo, size)
    assert stored.shape == (size, size, 3)
    assert stored.dtype == np.uint8
    whole = torch.from_numpy(photo).permute(2, 0, 1)[None].float().div(255)
    model = Preprocessing(size, "simple")
    levels = (model(whole) * model.std + model.mean) * 255
    difference = levels[0].permute(1, 2, 0).numpy() - stored
    assert np.abs(difference).max() < 1e-3  # far below one of the 256 levels


@given(sides, sides, sides, st.integers(0, 255))
def test_a_photo_of_one_colour_keeps_it(height: int, width: int, size: int, level: int):
    photo = np.full((height, width, 3), level, np.uint8)
    assert np.array_equal(shrink(photo, size), np.full((size, size, 3), level))


def test_shrinking_averages_what_it_drops():
    # Without anti-aliasing only the two pixels around each centre would count: all black.
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::4] = 255
    inner = shrink(stripes, 16)[:, 2:-2]
    assert np.abs(inner.astype(int) - 64).max() <= 3
