"""Image metadata: what EXIF says, and what is measured of the pixels."""

import cv2
import numpy as np
import pytest
from PIL import Image
from PIL.ExifTags import IFD, Base

from resistor_cls.data.images.metadata import (
    BORDER_NAMES,
    edge_descriptor,
    grey_levels,
)
from resistor_cls.data.splits.near_duplicates import (
    exact_duplicates,
)
from tests.helpers.photo_files import metadata_of


def exif_of(taken: str = "2018:04:25 14:14:28", fraction: str = "50") -> Image.Exif:
    exif = Image.Exif()
    exif[Base.Make], exif[Base.Model] = "NIKON CORPORATION", "NIKON D7000"
    exif[Base.Orientation] = 6
    details = exif.get_ifd(IFD.Exif)
    details[Base.DateTimeOriginal], details[Base.SubsecTimeOriginal] = taken, fraction
    return exif


def test_exif_is_read() -> None:
    photo = np.zeros((40, 60, 3), dtype=np.uint8)
    metadata = metadata_of(photo, exif_of(), "JPEG")
    assert (metadata.width, metadata.height) == (40, 60)  # upright
    assert metadata.orientation == 6
    assert metadata.camera == "NIKON D7000"
    assert metadata.taken == "2018-04-25T14:14:28.500000"
    assert metadata.mode == "RGB"


@pytest.mark.parametrize("taken", ["0000:00:00 00:00:00", "yesterday", ""])
def test_what_exif_does_not_say_is_empty(taken: str) -> None:
    photo = np.zeros((40, 60, 3), dtype=np.uint8)
    assert metadata_of(photo, exif_of(taken, "x"), "JPEG").taken == ""
    bare = metadata_of(photo)
    assert (bare.camera, bare.taken, bare.orientation) == ("", "", 1)


def test_light_and_sharpness() -> None:
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (200, 200, 3), dtype=np.uint8)
    sharp, soft = metadata_of(noise), metadata_of(cv2.GaussianBlur(noise, (0, 0), 3))
    assert sharp.sharpness > 10 * soft.sharpness
    white, grey = (metadata_of(np.full((50, 50, 3), level, np.uint8)) for level in (255, 51))
    assert (white.brightness, white.clipped) == (1.0, 1.0)
    assert (grey.brightness, grey.clipped) == (0.2, 0.0)
    assert len(grey.border) == len(BORDER_NAMES)


@pytest.mark.parametrize("shape", [(97, 131), (700, 700)])
def test_brightness_and_clipping_are_plain_means(shape: tuple[int, int]) -> None:
    photo = np.random.default_rng(0).integers(200, 256, (*shape, 3), dtype=np.uint8)
    grey, metadata = grey_levels(photo), metadata_of(photo)
    assert metadata.brightness == round(float(grey.mean()) / 255, 4)
    assert metadata.clipped == round(float((grey >= 250).mean()), 4)


@pytest.mark.parametrize("shape", [(1, 3000), (3000, 1), (1, 1)])
def test_photos_of_any_shape_have_metadata(shape: tuple[int, int]) -> None:
    photo = np.zeros((*shape, 3), dtype=np.uint8)
    metadata = metadata_of(photo)
    assert (metadata.height, metadata.width) == shape
    assert edge_descriptor(grey_levels(photo)).shape == (64, 64)


def test_the_border_does_not_depend_on_the_middle() -> None:
    rng = np.random.default_rng(0)
    photo = rng.integers(0, 256, (128, 128, 3), dtype=np.uint8)
    other = photo.copy()
    other[24:-24, 24:-24] = 0  # 15 % of 128 is 19 pixels, and a resize reaches no further than one
    assert metadata_of(photo).border == metadata_of(other).border
    other[:5] = 0
    assert metadata_of(photo).border != metadata_of(other).border


def test_the_same_picture_has_the_same_pixel_hash_whatever_its_file() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    plain, described = metadata_of(photo), metadata_of(photo, exif_of())
    described_upright = metadata_of(np.rot90(photo), exif_of())  # stored rotated, and shown upright
    assert plain.content != described.content
    assert plain.pixel_hash == described_upright.pixel_hash != described.pixel_hash
    assert exact_duplicates([plain, described, described_upright]) == [(0, 2)]
