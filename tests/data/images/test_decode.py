import re
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.TiffImagePlugin import PHOTOMETRIC_INTERPRETATION

from resistor_cls.data import read_photo, resize
from resistor_cls.data.images import decode
from resistor_cls.data.images import resize as resize_module
from resistor_cls.data.images.arrays import NPY
from resistor_cls.data.images.decode import as_rgb, decode_photo
from resistor_cls.data.images.resize import Resize, resize_image
from resistor_cls.errors import ConfigError, DataError
from resistor_cls.model.preprocessing import Preprocessing
from tests.helpers.photo_files import noise, png, write_photo

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


def encode(image: Image.Image, kind: str, **how: Any) -> bytes:
    file = BytesIO()
    image.save(file, kind, **how)
    return file.getvalue()


@pytest.mark.parametrize("mode", ["L", "P", "CMYK", "1", "YCbCr", "LAB"])
def test_every_kind_of_colour_becomes_rgb(mode: str):
    halves = np.repeat([[[255] * 3, [0] * 3]], 4, axis=0).astype(np.uint8)
    photo = decode_photo(encode(Image.fromarray(halves).convert(mode), "TIFF"))
    assert np.abs(photo.astype(int) - halves).max() <= 1


def test_cmyk_as_photoshop_writes_it():
    # Pillow marks its JPEG as Adobe's, whose inks count from full to none.
    photo = decode_photo(encode(Image.new("CMYK", (16, 16), (0, 200, 100, 0)), "JPEG"))
    assert np.abs(photo.astype(int) - (255, 55, 155)).max() <= 3


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("order", ["<u2", ">u2"])
def test_16_bit_grey_is_scaled_and_not_stretched(kind: str, order: str):
    levels = np.array([[0, 257, 128 * 257, 128 * 257 + 128, 200 * 257]], np.dtype(order))
    photo = decode_photo(encode(Image.fromarray(levels), kind))
    assert np.array_equal(photo, np.repeat([[[0], [1], [128], [128], [200]]], 3, axis=2))


def test_48_bit_colours_keep_their_upper_8_bits():
    pixels = np.array([0x1234, 0x5678, 0x9ABC, 0xFFFF, 0, 0x8000], ">u2").tobytes()
    photo = decode_photo(png((2, 1), 16, 2, pixels))
    assert photo.tolist() == [[[0x12, 0x56, 0x9A], [0xFF, 0, 0x80]]]


@pytest.mark.parametrize(
    "encoded",
    [
        encode(Image.new("I", (5, 4)), "TIFF"),
        encode(Image.new("F", (5, 4)), "TIFF"),
        # White is zero, which Pillow does not heed at this depth.
        encode(Image.new("I;16", (5, 4)), "TIFF", tiffinfo={PHOTOMETRIC_INTERPRETATION: 0}),
        png((2, 1), 16, 2, bytes(12), hidden=bytes(6)),
        png((2, 1), 4, 0, b"\x50", hidden=b"\0\5"),
    ],
    ids=["32 bits", "floats", "white is zero", "48 bits with a hole", "4 bits with a hole"],
)
def test_other_depths_are_refused_instead_of_misread(encoded: bytes):
    with pytest.raises(DataError, match="depth that is not read: save the photo with 8 bits"):
        decode_photo(encoded)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_what_is_transparent_shows_white_and_never_what_it_hides(kind: str):
    pixels = np.array([[[255, 0, 0, 0], [0, 0, 0, 128], [10, 20, 30, 255]]], np.uint8)
    lossless = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    photo = decode_photo(encode(Image.fromarray(pixels), kind, **lossless))
    assert photo.tolist() == [[[255] * 3, [127] * 3, [10, 20, 30]]]


def test_transparency_of_grey_and_palettes_shows_white():
    grey = Image.fromarray(np.array([[[0, 0], [70, 255]]], np.uint8))
    palette = Image.fromarray(np.array([[0, 1]], np.uint8))
    palette.putpalette([0, 0, 0, 70, 70, 70])
    for encoded in (
        encode(grey, "PNG"),
        encode(palette, "PNG", transparency=0),
        encode(palette, "PNG", transparency=bytes([0, 255])),
        png((2, 1), 8, 0, bytes([0, 70]), hidden=b"\0\0"),
        png((2, 1), 16, 0, bytes([0, 9, 70, 70]), hidden=b"\0\x09"),
    ):
        assert decode_photo(encoded).tolist() == [[[255] * 3, [70] * 3]]


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_several_frames_or_pages_are_refused(kind: str):
    other = Image.fromarray(noise(8, 8, seed=1))
    two = encode(Image.fromarray(noise(8, 8)), kind, save_all=True, append_images=[other])
    with pytest.raises(DataError, match="2 frames or pages: save one of them"):
        decode_photo(two)


def test_of_two_pictures_of_a_phone_the_first_is_taken():
    first, second = Image.new("RGB", (16, 16), "red"), Image.new("RGB", (16, 16), "blue")
    encoded = encode(first, "MPO", save_all=True, append_images=[second])
    with Image.open(BytesIO(encoded)) as image:
        assert (image.format, image.n_frames) == ("MPO", 2)
    assert np.array_equal(decode_photo(encoded), decode_photo(encode(first, "JPEG")))


def test_far_too_many_pixels_are_refused_by_the_header():
    with pytest.raises(DataError, match="20000 × 10000 pixels are more than 128 megapixels: save"):
        decode_photo(png((20_000, 10_000), 8, 2))
    # 108 megapixels pass, and Pillow does not warn. To decode none, the depth is one of those
    # that are refused next. A file of so few bytes would be refused for that: more follow its end.
    with pytest.raises(DataError, match="depth that is not read"):
        decode_photo(png((12_000, 9_000), 4, 0, hidden=b"\0\5") + bytes(20_000))


def test_what_is_no_photo_is_named(tmp_path: Path):
    whole = write_photo(tmp_path / "whole.jpg").read_bytes()
    for name, content, reason in (
        ("empty.jpg", b"", "the file is empty"),
        ("text.jpg", b"hello", "no image"),
        ("cut.jpg", whole[:-200], "cannot be decoded"),
        ("moving.jpg", encode(Image.new("RGB", (4, 4)), "GIF"), "expected JPEG, PNG, BMP, WebP"),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(DataError, match=rf"{re.escape(str(path))}: .*{reason}"):
            read_photo(path)
    with pytest.raises(DataError, match=r"absent.jpg: No such file"):
        read_photo(tmp_path / "absent.jpg")


@given(st.data())
def test_damage_never_raises_anything_else(data: st.DataObject):
    kind = data.draw(st.sampled_from(["JPEG", "PNG", "WEBP", "BMP", "TIFF"]))
    encoded = bytearray(encode(Image.fromarray(noise(8, 8)), kind))
    places = st.integers(0, len(encoded) - 1)
    for place, value in data.draw(st.dictionaries(places, st.integers(0, 255))).items():
        encoded[place] = value
    try:
        photo = decode_photo(bytes(encoded[: data.draw(places)]))
    except DataError:
        return
    assert photo.ndim == 3


def saved(array: np.ndarray, **how: Any) -> bytes:
    file = BytesIO()
    np.save(file, array, **how)
    return file.getvalue()


@pytest.mark.parametrize("channels", [1, 2, 3, 5])
def test_arrays_are_photos_of_any_channels(channels: int, tmp_path: Path):
    photo = np.concatenate([noise(6, 7), noise(6, 7, 1)], axis=2)[..., :channels]
    for order in (photo, np.asfortranarray(photo)):
        (tmp_path / "photo.npy").write_bytes(saved(order))
        read = read_photo(tmp_path / "photo.npy")
        assert np.array_equal(read, photo)
        assert read.flags.c_contiguous
    shown = as_rgb(photo)
    assert shown.shape == (6, 7, 3)
    expected = photo[..., :3] if channels >= 3 else np.repeat(photo[..., :1], 3, axis=2)
    assert np.array_equal(shown, expected)


@pytest.mark.parametrize(
    ("encoded", "reason"),
    [
        (saved(np.zeros((4, 5, 3), np.float32)), "an array of float32: expected uint8"),
        (
            saved(np.zeros((4, 5), np.uint8)),
            r"shape \(4, 5\): expected \(height, width, channels\)",
        ),
        (saved(np.zeros((4, 0, 3), np.uint8)), r"shape \(4, 0, 3\): expected"),
        (saved(np.array([{}], object), allow_pickle=True), "an array of object: expected uint8"),
        (saved(noise(4, 5))[:-1], "59 bytes of 60, the file is damaged"),
        (
            saved(noise(4, 5)).replace(b"(4, 5, 3), ", b"(40000, 50000, 3), ", 1),
            "6000 million|cannot be decoded|more than 384 million",
        ),
        (NPY, "the array cannot be decoded"),
    ],
    ids=["floats", "two axes", "nothing", "objects", "cut", "too large", "no header"],
)
def test_other_arrays_are_refused(encoded: bytes, reason: str):
    with pytest.raises(DataError, match=reason):
        decode_photo(encoded)


@given(st.data())
def test_damaged_arrays_never_raise_anything_else(data: st.DataObject):
    encoded = bytearray(saved(noise(3, 4)))
    places = st.integers(0, len(encoded) - 1)
    for place, value in data.draw(st.dictionaries(places, st.integers(0, 255))).items():
        encoded[place] = value
    try:
        photo = decode_photo(bytes(encoded))
    except DataError:
        return
    assert photo.ndim == 3


@pytest.mark.parametrize("size", [0, -1, 2.5, True, "64", [64], [64, 0], [64, 64, 3], [64.0, 64]])
def test_a_size_that_is_none_is_refused(size: Any):
    with pytest.raises(
        ConfigError, match=rf"{re.escape(f'data.image_size={size}')}: expected 1 or"
    ):
        Resize(size)


def test_the_right_size_is_left_alone():
    photos = torch.rand(2, 3, 20, 20)
    assert resize(photos, (20, 20)) is photos
    photo = noise(20, 20)
    assert np.array_equal(resize_image(photo, (20, 20)), photo)


sides = st.integers(1, 70)


@given(sides, sides, sides)
def test_a_stored_photo_is_what_the_model_would_have_made_of_it(height: int, width: int, size: int):
    photo = noise(height, width)
    stored = resize_image(photo, (size, size))
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
    assert np.array_equal(resize_image(photo, (size, size)), np.full((size, size, 3), level))


@given(sides, sides, st.tuples(sides, sides), st.integers(1, 600))
def test_a_photo_resized_in_strips_is_the_same_to_the_bit(
    height: int, width: int, shape: tuple[int, int], values: int
):
    photo = noise(height, width)
    whole = resize(torch.from_numpy(photo).permute(2, 0, 1)[None].float().div(255), shape)
    expected = whole[0].mul(255).round().byte().permute(1, 2, 0).numpy()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decode, "STRIP", values)
        patch.setattr(resize_module, "STRIP", values)
        assert np.array_equal(resize_image(photo, shape), expected)
        encoded = encode(Image.fromarray(photo), "PNG")
        assert np.array_equal(decode_photo(encoded), photo)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "BMP"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_large_plain_photo_is_no_false_claim(kind: str, mode: str):
    how = {"optimize": True, "progressive": True, "quality": 1} if kind == "JPEG" else {}
    how = {"compression": "tiff_adobe_deflate"} if kind == "TIFF" else how
    photo = decode_photo(encode(Image.new(mode, (5000, 3400), "white"), kind, **how))
    assert photo.shape == (3400, 5000, 3)
    assert photo.min() == 255


def test_shrinking_averages_what_it_drops():
    # Without anti-aliasing only the two pixels around each centre would count: all black.
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::4] = 255
    inner = resize_image(stripes, (16, 16))[:, 2:-2]
    assert np.abs(inner.astype(int) - 64).max() <= 3
