import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.TiffImagePlugin import PHOTOMETRIC_INTERPRETATION

from resistor_cls.data import read_photo
from resistor_cls.data.images.decode import decode_photo, photo_header
from resistor_cls.errors import DataError
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
def test_the_exif_rotation_is_applied(
    tmp_path: Path, orientation: int, upright: Callable[[np.ndarray], np.ndarray]
) -> None:
    blocks = np.kron(noise(2, 3), np.ones((16, 16, 1), np.uint8))  # survives JPEG
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    path = tmp_path / "rotated.jpg"
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
def test_every_kind_of_colour_becomes_rgb(mode: str) -> None:
    halves = np.repeat([[[255] * 3, [0] * 3]], 4, axis=0).astype(np.uint8)
    photo = decode_photo(encode(Image.fromarray(halves).convert(mode), "TIFF"))
    assert np.abs(photo.astype(int) - halves).max() <= 1


def test_cmyk_as_photoshop_writes_it() -> None:
    # Pillow marks its JPEG as Adobe's, whose inks count from full to none.
    photo = decode_photo(encode(Image.new("CMYK", (16, 16), (0, 200, 100, 0)), "JPEG"))
    assert np.abs(photo.astype(int) - (255, 55, 155)).max() <= 3


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("order", ["<u2", ">u2"])
def test_16_bit_grey_is_scaled_and_not_stretched(kind: str, order: str) -> None:
    levels = np.array([[0, 257, 128 * 257, 128 * 257 + 128, 200 * 257]], np.dtype(order))
    photo = decode_photo(encode(Image.fromarray(levels), kind))
    assert np.array_equal(photo, np.repeat([[[0], [1], [128], [128], [200]]], 3, axis=2))


def test_48_bit_colours_keep_their_upper_8_bits() -> None:
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
def test_other_depths_are_refused_instead_of_misread(encoded: bytes) -> None:
    with pytest.raises(DataError, match="depth that is not read: save the photo with 8 bits"):
        decode_photo(encoded)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_what_is_transparent_shows_white_and_never_what_it_hides(kind: str) -> None:
    pixels = np.array([[[255, 0, 0, 0], [0, 0, 0, 128], [10, 20, 30, 255]]], np.uint8)
    lossless = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    photo = decode_photo(encode(Image.fromarray(pixels), kind, **lossless))
    assert photo.tolist() == [[[255] * 3, [127] * 3, [10, 20, 30]]]


def test_transparency_of_grey_and_palettes_shows_white() -> None:
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
def test_several_frames_or_pages_are_refused(kind: str) -> None:
    other = Image.fromarray(noise(8, 8, seed=1))
    two = encode(Image.fromarray(noise(8, 8)), kind, save_all=True, append_images=[other])
    with pytest.raises(DataError, match="2 frames or pages: save one of them"):
        decode_photo(two)


def test_of_two_pictures_of_a_phone_the_first_is_taken() -> None:
    first, second = Image.new("RGB", (16, 16), "red"), Image.new("RGB", (16, 16), "blue")
    encoded = encode(first, "MPO", save_all=True, append_images=[second])
    with Image.open(BytesIO(encoded)) as image:
        assert (image.format, getattr(image, "n_frames", 1)) == ("MPO", 2)
    assert np.array_equal(decode_photo(encoded), decode_photo(encode(first, "JPEG")))


def test_far_too_many_pixels_are_refused_by_the_header() -> None:
    with pytest.raises(DataError, match="20000 × 10000 pixels are more than 128 megapixels: save"):
        decode_photo(png((20_000, 10_000), 8, 2))
    # 108 megapixels pass, and Pillow does not warn. To decode none, the depth is one of those
    # that are refused next. A file of so few bytes would be refused for that: more follow its end.
    with pytest.raises(DataError, match="depth that is not read"):
        decode_photo(png((12_000, 9_000), 4, 0, hidden=b"\0\5") + bytes(20_000))


def test_files_that_are_not_photos_are_named(tmp_path: Path) -> None:
    whole = write_photo(tmp_path / "whole.jpg").read_bytes()
    for name, content, reason in (
        ("empty.jpg", b"", "the file is empty"),
        ("text.jpg", b"hello", "not a photo"),
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
def test_damage_never_raises_anything_else(data: st.DataObject) -> None:
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


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "BMP"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_large_plain_photo_is_read(kind: str, mode: str) -> None:
    how: dict[str, Any] = (
        {"optimize": True, "progressive": True, "quality": 1} if kind == "JPEG" else {}
    )
    how = {"compression": "tiff_adobe_deflate"} if kind == "TIFF" else how
    photo = decode_photo(encode(Image.new(mode, (5000, 3400), "white"), kind, **how))
    assert photo.shape == (3400, 5000, 3)
    assert photo.min() == 255


def test_a_header_says_size_and_kind_without_decoding() -> None:
    photo = Image.fromarray(noise(6, 8))
    for kind, suffix in [("JPEG", ".jpg"), ("PNG", ".png"), ("WEBP", ".webp"), ("TIFF", ".tiff")]:
        header = photo_header(encode(photo, kind))
        assert header == (8, 6, suffix)
        assert header.pixels == 48
    array = BytesIO()
    np.save(array, noise(6, 8))
    assert photo_header(array.getvalue()) == (8, 6, ".npy")
    cut = encode(Image.fromarray(noise(60, 80)), "JPEG")[:700]
    assert photo_header(cut) == (80, 60, ".jpg")
    for wrong in (b"", b"text", png((60_000, 60_000), 8, 2)):
        with pytest.raises(DataError):
            photo_header(wrong)
