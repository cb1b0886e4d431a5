"""Photos in one folder per category."""

import os
from pathlib import Path

import pytest

from resistor_cls.data import FolderSource
from resistor_cls.errors import DataError
from tests.helpers.photo_files import NAMES, write_folder, write_photo


def test_a_folder_is_read_sorted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_folder(tmp_path, ("b", "a"), each=12)
    expected = tuple(
        f"{name}/{file}" for name in "ab" for file in sorted(f"{i}.jpg" for i in range(12))
    )
    listed = os.listdir

    for order in (sorted, lambda names: sorted(names, reverse=True)):
        monkeypatch.setattr(os, "listdir", lambda path, order=order: order(listed(path)))
        photos = FolderSource(tmp_path).read()
        assert photos.names == expected
        assert photos.targets == (0,) * 12 + (1,) * 12
        assert photos.categories.names == ("a", "b")
    assert photos.path(13) == tmp_path / "b/1.jpg"


def test_photos_are_known_by_suffix_of_any_case_and_the_rest_is_named(tmp_path: Path) -> None:
    for name in ("a/1.jpg", "a/2.JPG", "a/3.Jpeg", "a/4.PNG", "b/1.webp", "b/2.TIF", "b/3.bmp"):
        write_photo(tmp_path / name)
    for name in ("a/notes.txt", "b/Thumbs.db", "a/.DS_Store", "a/._1.jpg", "boxes.csv"):
        (tmp_path / name).write_text("no photo")
    (tmp_path / ".git").mkdir()
    (tmp_path / "a/folder.jpg").mkdir()
    write_photo(tmp_path / "stray.jpg")
    (tmp_path / "readme.md").write_text("no photo")
    photos = FolderSource(tmp_path).read()
    assert len(photos) == 7
    assert photos.ignored == (
        "a/folder.jpg",
        "a/notes.txt",
        "b/Thumbs.db",
        "readme.md",
        "stray.jpg",
    )


def test_names_may_be_of_any_language(tmp_path: Path) -> None:
    names = ("4K7 ¼W/photo (1).jpg", "5 µΩ/电阻.JPG")
    for name in names:
        write_photo(tmp_path / name)
    photos = FolderSource(tmp_path).read()
    assert photos.names == names
    assert photos.categories.names == ("4K7 ¼W", "5 µΩ")
    assert all(photos.path(index).is_file() for index in (0, 1))


@pytest.mark.parametrize("name", [b"10R/Diren\xe7.jpg", b"\xe7/1.jpg", b"Diren\xe7.txt"])
def test_names_that_no_table_can_hold_are_refused(tmp_path: Path, name: bytes) -> None:
    odd = write_folder(tmp_path) / os.fsdecode(name)  # Latin-1, as old zips hold them
    odd.parent.mkdir(exist_ok=True)
    odd.write_bytes(b"")
    with pytest.raises(
        DataError, match=r"names that are not UTF-8 text: .*\\xe7.*; rename"
    ) as caught:
        FolderSource(tmp_path).read()
    str(caught.value).encode()


def test_links_are_followed(tmp_path: Path) -> None:
    elsewhere = write_folder(tmp_path / "elsewhere")
    root = write_folder(tmp_path / "photos", ("10R", "4K7"), each=1)
    (root / "left").symlink_to(elsewhere / "left")
    (root / "10R/link.jpg").symlink_to(elsewhere / "10R/0.jpg")
    (root / "10R/again.jpg").symlink_to(elsewhere / "10R/0.jpg")
    photos = FolderSource(root).read()
    assert photos.categories.names == NAMES
    assert len(photos) == 3 + 1 + 4


def test_links_that_lead_nowhere_are_named_all_at_once(tmp_path: Path) -> None:
    root = write_folder(tmp_path)
    (root / "10R/gone.jpg").symlink_to(root / "absent.jpg")
    (root / "4K7/circle.jpg").symlink_to(root / "4K7/circle.jpg")
    (root / "1M").symlink_to(root / "absent")
    with pytest.raises(DataError, match=r": 1M, 10R/gone.jpg, 4K7/circle.jpg; remove them"):
        FolderSource(root).read()


def test_a_folder_that_cannot_be_listed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_folder(tmp_path)

    def refused(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", refused)
    with pytest.raises(DataError, match=rf"{root} cannot be listed: Permission denied"):
        FolderSource(root).read()


def test_a_root_that_is_not_a_folder_of_categories(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="absent does not exist: expected a folder with one folder"):
        FolderSource(tmp_path / "absent").read()
    with pytest.raises(DataError, match=r"x.jpg is a file"):
        FolderSource(write_photo(tmp_path / "x.jpg")).read()
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="has no folders in it"):
        FolderSource(tmp_path / "empty").read()
    with pytest.raises(DataError, match=r"1 categories \(only\).*at least two"):
        FolderSource(write_folder(tmp_path / "single", ["only"])).read()


def test_an_empty_category_is_an_error(tmp_path: Path) -> None:
    write_folder(tmp_path)
    (tmp_path / "hollow").mkdir()
    (tmp_path / "hollow" / "notes.txt").write_text("later")
    with pytest.raises(DataError, match=r"'hollow' has no photos: .*hollow holds only notes.txt"):
        FolderSource(tmp_path).read()


def test_a_file_fixes_the_categories_and_their_order(tmp_path: Path) -> None:
    root, file = write_folder(tmp_path / "photos"), tmp_path / "categories.txt"
    file.write_text("left\n10R\n4K7\n")
    photos = FolderSource(root, file).read()
    assert photos.categories.names == ("left", "10R", "4K7")
    assert photos.names == FolderSource(root).read().names  # sorted all the same
    labels = [photos.categories.names[target] for target in photos.targets]
    assert labels == [name.partition("/")[0] for name in photos.names]

    file.write_text("left\n10R\n")
    with pytest.raises(DataError, match=r"folders that are not in .*categories.txt: 4K7"):
        FolderSource(root, file).read()
    file.write_text("left\n10R\n4K7\n1M\n")
    with pytest.raises(DataError, match=r"'1M' has no photos: .*1M is absent"):
        FolderSource(root, file).read()
