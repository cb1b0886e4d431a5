import os
from pathlib import Path

import pandas as pd
import pytest

from resistor_cls.data import FolderSource, SyntheticSource, TableSource
from resistor_cls.data.sources.by_name import options_of
from resistor_cls.errors import ConfigError, DataError
from tests.helpers.photo_files import NAMES, write_folder, write_photo

ODD_LABELS = ("470R_1-4W", "5 Ω", 'it\'s "quoted", too', "Direnç", "NA")


def test_a_folder_is_read_sorted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
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


def test_photos_are_known_by_suffix_of_any_case_and_the_rest_is_named(tmp_path: Path):
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


def test_names_may_be_of_any_language(tmp_path: Path):
    names = ("4K7 ¼W/photo (1).jpg", "5 µΩ/电阻.JPG")
    for name in names:
        write_photo(tmp_path / name)
    photos = FolderSource(tmp_path).read()
    assert photos.names == names
    assert photos.categories.names == ("4K7 ¼W", "5 µΩ")
    assert all(photos.path(index).is_file() for index in (0, 1))


@pytest.mark.parametrize("name", [b"10R/Diren\xe7.jpg", b"\xe7/1.jpg", b"Diren\xe7.txt"])
def test_names_that_no_table_can_hold_are_refused(tmp_path: Path, name: bytes):
    odd = write_folder(tmp_path) / os.fsdecode(name)  # Latin-1, as old zips hold them
    odd.parent.mkdir(exist_ok=True)
    odd.write_bytes(b"")
    with pytest.raises(
        DataError, match=r"names that are not UTF-8 text: .*\\xe7.*; rename"
    ) as caught:
        FolderSource(tmp_path).read()
    str(caught.value).encode()


def test_links_are_followed(tmp_path: Path):
    elsewhere = write_folder(tmp_path / "elsewhere")
    root = write_folder(tmp_path / "photos", ("10R", "4K7"), each=1)
    (root / "left").symlink_to(elsewhere / "left")
    (root / "10R/link.jpg").symlink_to(elsewhere / "10R/0.jpg")
    (root / "10R/again.jpg").symlink_to(elsewhere / "10R/0.jpg")
    photos = FolderSource(root).read()
    assert photos.categories.names == NAMES
    assert len(photos) == 3 + 1 + 4


def test_links_that_lead_nowhere_are_named_all_at_once(tmp_path: Path):
    root = write_folder(tmp_path)
    (root / "10R/gone.jpg").symlink_to(root / "absent.jpg")
    (root / "4K7/circle.jpg").symlink_to(root / "4K7/circle.jpg")
    (root / "1M").symlink_to(root / "absent")
    with pytest.raises(DataError, match=r": 1M, 10R/gone.jpg, 4K7/circle.jpg; remove them"):
        FolderSource(root).read()


def test_a_folder_that_cannot_be_listed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    root = write_folder(tmp_path)

    def refused(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", refused)
    with pytest.raises(DataError, match=rf"{root} cannot be listed: Permission denied"):
        FolderSource(root).read()


def test_a_root_that_is_no_folder_of_categories(tmp_path: Path):
    with pytest.raises(DataError, match="absent does not exist: expected a folder with one folder"):
        FolderSource(tmp_path / "absent").read()
    with pytest.raises(DataError, match=r"x.jpg is a file"):
        FolderSource(write_photo(tmp_path / "x.jpg")).read()
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="has no folders in it"):
        FolderSource(tmp_path / "empty").read()
    with pytest.raises(DataError, match=r"1 categories \(only\).*at least two"):
        FolderSource(write_folder(tmp_path / "single", ["only"])).read()


def test_an_empty_category_is_an_error(tmp_path: Path):
    write_folder(tmp_path)
    (tmp_path / "hollow").mkdir()
    (tmp_path / "hollow" / "notes.txt").write_text("later")
    with pytest.raises(DataError, match=r"'hollow' has no photos: .*hollow holds only notes.txt"):
        FolderSource(tmp_path).read()


def test_a_file_fixes_the_categories_and_their_order(tmp_path: Path):
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


@pytest.mark.parametrize("prefix", ["class_", "label_", "category_"])
def test_a_prefix_that_all_folders_have_is_no_part_of_the_labels(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, prefix: str
):
    root = write_folder(tmp_path / "photos", [prefix + name for name in NAMES], each=1)
    with caplog.at_level("INFO"):
        photos = FolderSource(root).read()
    assert len(caplog.messages) == 1
    assert prefix in caplog.text
    assert photos.categories.names == NAMES
    assert photos.names[0] == f"{prefix}10R/0.jpg"
    assert all(photos.path(index).is_file() for index in range(len(photos)))

    whole = FolderSource(root, label_prefix="").read()
    assert whole.categories.names == tuple(prefix + name for name in NAMES)
    categories = tmp_path / "categories.txt"
    for lines in (NAMES[::-1], whole.categories.names[::-1]):  # with the prefix or without
        categories.write_text("\n".join(lines))
        assert FolderSource(root, categories).read().categories.names == NAMES[::-1]


def test_a_prefix_that_one_label_lacks_is_part_of_the_others(tmp_path: Path):
    names = ("class_10R", "class_4K7", "left")
    root = write_folder(tmp_path / "some", names, each=1)
    assert FolderSource(root).read().categories.names == names
    assert FolderSource(root, label_prefix="class_").read().categories.names == NAMES
    nothing_left = write_folder(tmp_path / "nothing", ("class_", "class_10R"), each=1)
    assert FolderSource(nothing_left).read().categories.names == ("class_", "class_10R")
    twins = write_folder(tmp_path / "twins", ("10R", "class_10R", "left"), each=1)
    assert len(FolderSource(twins).read().categories) == 3
    with pytest.raises(DataError, match=r"'10R' and 'class_10R' are one label .*_prefix=class_: "):
        FolderSource(twins, label_prefix="class_").read()


def write_table(path: Path, rows: dict[str, str], columns: tuple[str, str]) -> Path:
    table = pd.DataFrame(rows.items(), columns=list(columns))
    if path.suffix.lower() == ".csv":
        table.to_csv(path, index=False)
    else:
        table.to_parquet(path)
    return path


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".pq"])
def test_a_table_takes_any_label(tmp_path: Path, suffix: str):
    rows = {f"p/{i} é.jpg": label for i, label in enumerate(2 * ODD_LABELS)}
    for name in rows:
        write_photo(tmp_path / name)
    table = write_table(tmp_path / f"photos{suffix}", rows, ("image", "category"))
    photos = TableSource(table).read()  # names are relative to the table
    assert photos.categories.names == tuple(sorted(ODD_LABELS))
    names = photos.categories.names
    found = {photos.names[i]: names[photos.targets[i]] for i in range(len(photos))}
    assert found == rows
    assert list(photos.names) == sorted(rows)


def test_columns_and_label_prefix_can_be_named(tmp_path: Path):
    rows = {"1.jpg": "class_10R", "2.jpg": "class_left", "3.jpg": "first_class_left"}
    for name in rows:
        write_photo(tmp_path / "photos" / name)
    table = write_table(tmp_path / "t.csv", rows, ("file", "class"))
    photos = TableSource(
        table,
        root=tmp_path / "photos",
        image_column="file",
        category_column="class",
        label_prefix="class_",
    ).read()
    assert photos.categories.names == ("10R", "first_class_left", "left")


def test_white_space_and_prefixes_of_labels_count_for_nothing(tmp_path: Path):
    rows = {"1.jpg": "class_10R", "2.jpg": " class_10R ", "3.jpg": "class_left\t"}
    for name in rows:
        write_photo(tmp_path / name)
    photos = TableSource(write_table(tmp_path / "t.CSV", rows, ("image", "category"))).read()
    assert photos.categories.names == ("10R", "left")
    assert photos.targets == (0, 0, 1)


def test_a_column_of_groups_travels_with_the_photos(tmp_path: Path):
    write_folder(tmp_path, each=1)
    table = tmp_path / "t.csv"
    table.write_text("image,category,part\nleft/0.jpg,left,7 \n10R/0.jpg,10R,8\n4K7/0.jpg,4K7,7\n")
    photos = TableSource(table, group_column="part").read()
    assert photos.names == ("10R/0.jpg", "4K7/0.jpg", "left/0.jpg")
    assert photos.groups == ("8", "7", "7")
    assert photos.select([2, 0]).groups == ("7", "8")
    assert TableSource(table).read().groups is None

    with pytest.raises(DataError, match=r"data.group_column=parts: no such column .* mean part"):
        TableSource(table, group_column="parts").read()
    table.write_text("image,category,part\nleft/0.jpg,left,7\n10R/0.jpg,10R, \n")
    with pytest.raises(DataError, match=r"nothing in the column data.group_column=part of row 2;"):
        TableSource(table, group_column="part").read()


def test_what_is_wrong_with_a_table_is_named(tmp_path: Path):
    write_folder(tmp_path)
    rows = {"10R/0.jpg": "10R", "left/0.jpg": "left"}
    table = write_table(tmp_path / "t.csv", rows, ("image", "categories"))
    with pytest.raises(
        DataError, match=r"category_column=category: no such column .* mean categories"
    ):
        TableSource(table).read()

    write_table(table, rows | {"10R/77.jpg": "10R", "x.jpg": "left"}, ("image", "category"))
    with pytest.raises(DataError, match=r"2 of the 4 photos in .*t.csv .*: 10R/77.jpg, x.jpg; set"):
        TableSource(table).read()

    table.write_text("image,category\n10R/0.jpg,10R\nleft/0.jpg,left\n./10R//0.jpg,left\n")
    with pytest.raises(DataError, match=r"names photos twice: 10R/0.jpg;"):
        TableSource(table).read()

    table.write_text("image,category\n10R/0.jpg,10R\nleft/0.jpg,\n")
    with pytest.raises(DataError, match=r"nothing in the column data.category_column=category of"):
        TableSource(table).read()

    for name in (tmp_path / "10R/0.jpg", r"C:\10R\0.jpg"):
        table.write_text(f"image,category\n{name},10R\nleft/0.jpg,left\n")
        with pytest.raises(DataError, match=r"absolute paths: .*10R/0.jpg; write them relative to"):
            TableSource(table).read()

    table.write_text(f"image,category\n10R/0.jpg,10R\n{'x' * 300}.jpg,left\n")
    with pytest.raises(DataError, match=r"1 of the 2 photos in .* are not below .*: xxx"):
        TableSource(table).read()

    categories = tmp_path / "categories.txt"
    categories.write_text("10R\nleft\n")
    table.write_text("image,category\n10R/0.jpg,10R\n10R/1.jpg,right\nleft/0.jpg,left\n")
    with pytest.raises(DataError, match="category 'right' is not among the 2 categories"):
        TableSource(table, categories=categories).read()
    table.write_text("image,category\n10R/0.jpg,10R\n")
    with pytest.raises(DataError, match=r"no photos of left, which .*categories.txt lists"):
        TableSource(table, categories=categories).read()


@pytest.mark.parametrize("name", ["absent.csv", "absent.pq", "binary.csv", "text.parquet"])
def test_a_table_that_cannot_be_read_is_named(tmp_path: Path, name: str):
    (tmp_path / "binary.csv").write_bytes(bytes(range(256)))
    (tmp_path / "text.parquet").write_text("image,category\n")
    with pytest.raises(DataError, match=rf"data.table=.*{name} cannot be read"):
        TableSource(tmp_path / name).read()


def test_a_drawn_set_gets_a_folder_for_its_request(tmp_path: Path):
    categories = tmp_path / "categories.txt"
    categories.write_text("\n".join(NAMES))
    how = {"per_category": 1, "size": 64, "categories": categories}
    one = SyntheticSource(tmp_path, **how).read()
    other = SyntheticSource(tmp_path, **how, seed=1).read()
    assert one.root != other.root
    assert [path.parent.name for path in (one.path(0), one.path(2))] == ["10R", "left"]
    assert SyntheticSource(tmp_path, **how).read() == one


def test_an_unknown_source_is_named():
    with pytest.raises(
        ConfigError, match=r"data.source=foldr: no such source; did you mean folder"
    ):
        options_of("foldr")
