"""Folders of categories: what people have beside and inside of them."""

import os
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from resistor_cls.categories import Categories
from resistor_cls.data import FolderSource, PhotoDataModule, SyntheticSource, TableSource
from resistor_cls.data.label_alignment import aligned_targets
from resistor_cls.errors import DataError
from tests.helpers.photo_files import NAMES, write_folder, write_photo


def test_photos_in_folders_within_a_category_are_of_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root = write_folder(tmp_path, each=2)
    for name in ("10R/day1/a.jpg", "10R/10R/b.jpg", "left/day1/more/a.jpg"):
        write_photo(root / name)
    with caplog.at_level("INFO"):
        photos = FolderSource(root).read()
    assert photos.categories.names == NAMES
    assert [name.partition("/")[0] for name in photos.names] == list(photos.labels)
    assert len(photos) == 9
    assert "3 of 9 photos lie in folders within their category's, such as 10R/10R/b" in caplog.text


def test_files_of_systems_are_not_categories(tmp_path: Path) -> None:
    root = write_folder(tmp_path)
    for name in ("__MACOSX/10R/._0.jpg", "@eaDir/0.jpg/SYNO.jpg", "10R/@eaDir/0.jpg"):
        write_photo(root / name)
    photos = FolderSource(root).read()
    assert photos.categories.names == NAMES
    assert len(photos) == 12


@pytest.mark.parametrize("source", ["data.root", "data.validation"])
def test_folders_of_a_split_are_named_with_their_keys(source: str, tmp_path: Path) -> None:
    for part in ("train", "Val", "test"):
        write_folder(tmp_path / part)
    with pytest.raises(
        DataError,
        match=rf"as a data set that comes split: set data.root={tmp_path}/train "
        rf"data.validation={tmp_path}/Val data.test={tmp_path}/test",
    ):
        read(source, tmp_path)


def read(key: str, root: Path) -> None:
    from resistor_cls.data.sources.folder_listing import list_folders

    list_folders(root, key)


def test_categories_may_be_named_like_parts_of_a_split(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "photos", ("train", "test"))
    with pytest.raises(DataError, match=r"holds only test, train, .*data=table \(or list test, tr"):
        FolderSource(root).read()
    names = tmp_path / "names.txt"
    names.write_text("train\ntest\n")
    assert len(FolderSource(root, names).read()) == 8
    assert len(FolderSource(write_folder(tmp_path / "some", ("test", "10R"))).read()) == 8


def test_a_folder_around_the_categories_is_named(tmp_path: Path) -> None:
    write_folder(tmp_path / "resistor-dataset")
    with pytest.raises(DataError, match=rf"set data.root={tmp_path}/resistor-dataset"):
        FolderSource(tmp_path).read()


@pytest.mark.parametrize("name", ["10R/left/x.jpg", "held out/left/x.jpg"])
def test_a_category_within_another_is_refused(name: str, tmp_path: Path) -> None:
    write_photo(write_folder(tmp_path) / name)
    with pytest.raises(DataError, match=r"holds a folder 'left', named like the category beside"):
        FolderSource(tmp_path).read()


ALIKE = [
    ("Direnç", unicodedata.normalize("NFD", "Direnç")),
    ("10R", "10r"),
    ("10R", "10R "),
    ("10R", "10R\u200b"),
    ("5 Ω", "5 \N{OHM SIGN}"),
    ("a b", "a\N{NO-BREAK SPACE}b"),
]


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_names_that_look_alike_are_refused_by_every_source(
    one: str, other: str, tmp_path: Path
) -> None:
    root = write_folder(tmp_path / "photos", (one, other))
    with pytest.raises(DataError, match=r"look alike") as caught:
        FolderSource(root).read()
    assert ascii(one) in str(caught.value) and ascii(other) in str(caught.value)

    names = tmp_path / "names.txt"
    names.write_text(f"{one}\nleft\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"look alike"):  # the file has the one, a folder the other
        FolderSource(write_folder(tmp_path / "other", (other, "left")), names).read()

    if other == other.strip():  # else lines and cells are stripped
        names.write_text(f"{one}\n{other}\n", encoding="utf-8")
        for source in (FolderSource, SyntheticSource):
            with pytest.raises(DataError, match=r"look alike"):
                source(root, categories=names).read()
        table = tmp_path / "photos/t.csv"
        table.write_text(f"image,category\n{one}/0.jpg,{one}\n{one}/1.jpg,{other}\n", "utf-8")
        with pytest.raises(DataError, match=r"look alike"):
            TableSource(table).read()


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_labels_of_other_photos_that_look_like_ours_are_refused(
    one: str, other: str, tmp_path: Path, make: Callable[..., PhotoDataModule]
) -> None:
    root = write_folder(tmp_path / "ours", (one, "left"))
    held = tmp_path / "held"
    write_photo(held / other / "0.jpg", (1, 2, 250))
    for key in ("validation", "test"):
        with pytest.raises(DataError, match=rf"the labels of data.{key} and of .* look alike"):
            make(root=root, **{key: held}).setup()
    # A model of the one would take photos of the other for OOD photos.
    with pytest.raises(DataError, match=r"the labels of the model and of .* look alike"):
        aligned_targets(
            FolderSource(root).read(), Categories([other, "left"]), ("subset", "unknown")
        )


def test_a_category_with_control_characters_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"'a\\x1b\[2J' holds control characters"):
        FolderSource(write_folder(tmp_path, ("a\x1b[2J", "left"))).read()


def test_a_root_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    root = write_folder(tmp_path / os.fsdecode(b"Gr\xfc\xdfe"))
    with pytest.raises(DataError, match=r"data.root=.*/Gr\\xfc\\xdfe is not UTF-8 text"):
        FolderSource(root).read()
    (root / "t.csv").write_text("image,category\n10R/0.jpg,10R\nleft/0.jpg,left\n")
    with pytest.raises(DataError, match=r"data.root=.*/Gr\\xfc\\xdfe is not UTF-8 text"):
        TableSource(root / "t.csv").read()
