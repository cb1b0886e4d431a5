"""Photos that numpy saved."""

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resistor_cls.data import read_photo
from resistor_cls.data.images.arrays import NPY
from resistor_cls.data.images.decode import as_rgb, decode_photo
from resistor_cls.errors import DataError
from tests.helpers.photo_files import noise


def saved(array: np.ndarray, **how: Any) -> bytes:
    file = BytesIO()
    np.save(file, array, **how)
    return file.getvalue()


@pytest.mark.parametrize("channels", [1, 2, 3, 5])
def test_arrays_are_photos_of_any_channels(channels: int, tmp_path: Path) -> None:
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
def test_other_arrays_are_refused(encoded: bytes, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        decode_photo(encoded)


@given(st.data())
def test_damaged_arrays_never_raise_anything_else(data: st.DataObject) -> None:
    encoded = bytearray(saved(noise(3, 4)))
    places = st.integers(0, len(encoded) - 1)
    for place, value in data.draw(st.dictionaries(places, st.integers(0, 255))).items():
        encoded[place] = value
    try:
        photo = decode_photo(bytes(encoded))
    except DataError:
        return
    assert photo.ndim == 3
