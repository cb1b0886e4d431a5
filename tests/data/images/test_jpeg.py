from io import BytesIO
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from resistor_cls.data.images.decode import decode_photo
from resistor_cls.data.images.jpeg import decode_jpeg
from resistor_cls.errors import DataError
from tests.helpers.photo_files import noise

SHAPE = (30, 45)  # no multiple of a block, in either direction


def jpeg(photo: np.ndarray, **how: Any) -> bytes:
    file = BytesIO()
    Image.fromarray(photo).save(file, "JPEG", **how)
    return file.getvalue()


def by_pillow(encoded: bytes) -> np.ndarray:
    with Image.open(BytesIO(encoded)) as image:
        return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))


@pytest.mark.parametrize("how", [{}, {"progressive": True}, {"keep_rgb": True}], ids=str)
@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_pixels_are_those_of_pillow_to_the_bit(subsampling: int, how: dict[str, Any]) -> None:
    if "keep_rgb" in how and subsampling:
        pytest.skip("libjpeg does not subsample RGB")
    for quality in (30, 95):
        encoded = jpeg(noise(*SHAPE), subsampling=subsampling, quality=quality, **how)
        photo = decode_jpeg(encoded, SHAPE[::-1], 1)
        assert photo is not None
        assert (photo == by_pillow(encoded)).all()
        assert photo.flags.writeable and photo.flags.c_contiguous


@pytest.mark.parametrize("orientation", [*range(10), None, "6", (6, 1)])
def test_orientations_are_those_of_pillow(orientation: object) -> None:
    plain = jpeg(noise(*SHAPE))
    photo = decode_jpeg(plain, SHAPE[::-1], orientation)
    exif = Image.Exif()
    if isinstance(orientation, int):
        exif[0x0112] = orientation
    encoded = jpeg(noise(*SHAPE), exif=exif)
    assert photo is not None
    assert (photo == by_pillow(encoded)).all()
    assert (photo == decode_photo(encoded)).all()


@given(st.integers(0, 10**6), st.binary(min_size=1, max_size=8), st.booleans())
def test_damaged_files_are_decoded_as_by_pillow(place: int, found: bytes, cut: bool) -> None:
    whole = jpeg(noise(*SHAPE))
    place %= len(whole)
    damaged = whole[:place] if cut else whole[:place] + found + whole[place + len(found) :]
    try:
        photo = decode_photo(damaged)
    except DataError:
        return
    assert (photo == by_pillow(damaged)).all()


def test_what_is_unusual_is_left_to_pillow() -> None:
    whole = jpeg(noise(*SHAPE))
    half = whole[: len(whole) // 2]
    for encoded in (b"", b"text", half, half + b"\xff\xd9"):
        assert decode_jpeg(encoded, SHAPE[::-1], 1) is None
    assert decode_jpeg(whole, SHAPE, 1) is None
