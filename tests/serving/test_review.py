from pathlib import Path

import pytest

from resistor_cls.categories import Categories
from resistor_cls.data.sources.folder import FolderSource
from resistor_cls.errors import DataError
from resistor_cls.serving.review import corrected_category, store_correction
from tests.helpers.served import CATEGORIES, photo


@pytest.mark.parametrize(
    ("value", "category"),
    [
        ("4k7", "4K7"), ("4.7 kΩ", "4K7"), (" 4700 ", "4K7"), ("0R47", "0R47"), ("2M2", "2M2"),
        ("1K_1-4W", "1K_1-4W"), ("1000", "1K_1-4W"), ("2K2_1-2W", "2K2_1-2W"),
        ("4,7k", "4K7"), ("4.75k", "4K75"), ("0", "0R"),
    ],
)  # fmt: skip
def test_a_correction_names_a_category_or_a_value(value: str, category: str) -> None:
    assert corrected_category(value, CATEGORIES) == category


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("2k2", "2K2_1-4W, 2K2_1-2W: name one of them"), ("", "is not a resistance"),
        ("../4k7", "is not a resistance"), ("4K7_1-4W", "is not a resistance"),
        ("9" * 40, "is not a resistance"), ("left", "or one of 1K_1-4W"),
        ("4.7123k", "value 4.7123k is one that no colour code shows"), ("1e3k", "is not a resist"),
        ("9999G", "is not a resistance"), ("0.001", "no colour code shows"),
    ],
)  # fmt: skip
def test_a_correction_that_names_neither_is_refused(value: str, found: str) -> None:
    with pytest.raises(DataError) as error:
        corrected_category(value, CATEGORIES)
    assert found in str(error.value)


@pytest.mark.parametrize("name", ["..", ".hidden", "a/b", "a\\b", "a\nb", "ä" * 101])
def test_no_category_leads_out_of_the_folder(name: str) -> None:
    with pytest.raises(DataError, match="no folder can have"):
        corrected_category(name, Categories([name, "1K"]))


def test_corrections_can_be_trained_on(tmp_path: Path) -> None:
    for level, value in enumerate(["4k7", "10k", "10k"]):
        kind = ("PNG", "JPEG", "WEBP")[level]
        store_correction(tmp_path, corrected_category(value, None), photo(level, kind))
    photos = FolderSource(tmp_path).read()
    assert photos.categories.names == ("10K", "4K7")
    assert len(photos) == 3 and not photos.left_out
    assert sorted(Path(name).suffix for name in photos.names) == [".jpg", ".png", ".webp"]


def test_a_photo_has_one_correction_the_last(tmp_path: Path) -> None:
    name = store_correction(tmp_path, "1K", photo(1))
    (tmp_path / "1K" / name).touch()
    before = (tmp_path / "1K" / name).stat()
    assert store_correction(tmp_path, "1K", photo(1)) == name
    assert (tmp_path / "1K" / name).stat().st_ino == before.st_ino  # not written again
    assert store_correction(tmp_path, "4K7", photo(1)) == name
    assert list(tmp_path.rglob("*")) == [tmp_path / "4K7", tmp_path / "4K7" / name]
    other = store_correction(tmp_path, "4K7", photo(2))
    store_correction(tmp_path, "1K", photo(1))
    assert [file.name for file in (tmp_path / "4K7").iterdir()] == [other]


def test_a_damaged_photo_is_not_stored(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        store_correction(tmp_path, "1K", photo(1)[:45])
    assert list(tmp_path.rglob("*")) == []
