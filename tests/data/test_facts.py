"""What files tell, and which photos are found to be alike."""

from io import BytesIO

import cv2
import numpy as np
import pytest
from made_up import facts_at
from PIL import Image
from PIL.ExifTags import IFD, Base

from resistor_cls.categories import parse_name
from resistor_cls.data.facts import BORDER_NAMES, outline, photo_facts
from resistor_cls.data.photos import decode_photo
from resistor_cls.data.splits.duplicates import exact_duplicates, near_duplicates
from resistor_cls.rendering import draw, sample_scene


def encoded(photo: np.ndarray, exif: Image.Exif | None = None, form: str = "PNG") -> bytes:
    file = BytesIO()
    Image.fromarray(photo).save(file, form, exif=exif or Image.Exif(), quality=80)
    return file.getvalue()


def looked_at(photo: np.ndarray, exif: Image.Exif | None = None, form: str = "PNG"):
    file = encoded(photo, exif, form)
    return photo_facts(file, decode_photo(file))


def exif_of(taken: str = "2018:04:25 14:14:28", fraction: str = "50") -> Image.Exif:
    exif = Image.Exif()
    exif[Base.Make], exif[Base.Model] = "NIKON CORPORATION", "NIKON D7000"
    exif[Base.Orientation] = 6
    details = exif.get_ifd(IFD.Exif)
    details[Base.DateTimeOriginal], details[Base.SubsecTimeOriginal] = taken, fraction
    return exif


def test_exif_is_read():
    photo = np.zeros((40, 60, 3), dtype=np.uint8)
    facts = looked_at(photo, exif_of(), "JPEG")
    assert (facts.width, facts.height) == (40, 60)  # upright
    assert facts.orientation == 6
    assert facts.camera == "NIKON D7000"
    assert facts.taken == "2018-04-25T14:14:28.500000"
    assert facts.mode == "RGB"


@pytest.mark.parametrize("taken", ["0000:00:00 00:00:00", "yesterday", ""])
def test_what_exif_does_not_say_is_empty(taken: str):
    photo = np.zeros((40, 60, 3), dtype=np.uint8)
    assert looked_at(photo, exif_of(taken, "x"), "JPEG").taken == ""
    bare = looked_at(photo)
    assert (bare.camera, bare.taken, bare.orientation) == ("", "", 1)


def test_light_and_sharpness():
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (200, 200, 3), dtype=np.uint8)
    sharp, soft = looked_at(noise), looked_at(cv2.GaussianBlur(noise, (0, 0), 3))
    assert sharp.sharpness > 10 * soft.sharpness
    white, grey = (looked_at(np.full((50, 50, 3), level, np.uint8)) for level in (255, 51))
    assert (white.brightness, white.clipped) == (1.0, 1.0)
    assert (grey.brightness, grey.clipped) == (0.2, 0.0)
    assert len(grey.border) == len(BORDER_NAMES)


@pytest.mark.parametrize("shape", [(1, 3000), (3000, 1), (1, 1)])
def test_any_shape_can_be_looked_at(shape: tuple[int, int]):
    photo = np.zeros((*shape, 3), dtype=np.uint8)
    facts = looked_at(photo)
    assert (facts.height, facts.width) == shape
    assert outline(photo).shape == (64, 64)


def test_the_border_knows_nothing_of_the_middle():
    rng = np.random.default_rng(0)
    photo = rng.integers(0, 256, (128, 128, 3), dtype=np.uint8)
    other = photo.copy()
    other[24:-24, 24:-24] = 0  # 15 % of 128 is 19 pixels, and a resize looks no further than one
    assert looked_at(photo).border == looked_at(other).border
    other[:5] = 0
    assert looked_at(photo).border != looked_at(other).border


def test_the_same_picture_has_the_same_pixels_whatever_its_file():
    photo = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    plain, told = looked_at(photo), looked_at(photo, exif_of())
    told_upright = looked_at(np.rot90(photo), exif_of())  # stored turned, and shown upright
    assert plain.content != told.content
    assert plain.pixels == told_upright.pixels != told.pixels
    assert exact_duplicates([plain, told, told_upright]) == [(0, 2)]


@pytest.fixture(scope="module")
def drawn() -> list[np.ndarray]:
    """Photos of one category on backgrounds of their own."""
    category = parse_name("470R_1-4W")
    scenes = [sample_scene(category, np.random.default_rng(seed)) for seed in range(6)]
    return [draw(scene, size=300).photo for scene in scenes]


def test_near_duplicates_survive_light_noise_and_a_trembling_hand(drawn: list[np.ndarray]):
    photo = drawn[0]
    shifted = np.roll(photo, (2, -1), axis=(0, 1))
    darker = (photo * 0.7).astype(np.uint8)
    noisy = np.clip(photo + np.random.default_rng(0).normal(0, 4, photo.shape), 0, 255)
    alike = [photo, shifted, darker, noisy.astype(np.uint8)]
    files = [*alike, *drawn[1:]]
    facts = [looked_at(one, form="JPEG") for one in files]
    pairs = near_duplicates(facts, np.stack([outline(one) for one in files]))
    found = {(pair.first, pair.second) for pair in pairs}
    assert found == {(i, j) for j in range(len(alike)) for i in range(j)}


def test_pairs_over_the_edge_of_a_block_are_found(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("resistor_cls.data.splits.duplicates._BLOCK", 3)
    facts = [facts_at(second=i, picture=str(i % 5)) for i in range(10)]
    pairs = near_duplicates(facts, np.zeros((10, 64, 64), dtype=np.int8))
    assert [(pair.first, pair.second) for pair in pairs] == [(i, i + 5) for i in range(5)]
    assert all(pair.bits == 0 and pair.likeness == 1 for pair in pairs)


def test_empty_photos_are_like_no_other():
    blank = [np.full((64, 64, 3), level, dtype=np.uint8) for level in (100, 120)]
    facts = [looked_at(photo) for photo in blank]
    assert near_duplicates(facts, np.stack([outline(photo) for photo in blank])) == []
