import os
from pathlib import Path

import pandas as pd
import pytest
from photo_files import NAMES, write_folder, write_photo

from resistor_cls.data import read_folder, read_table
from resistor_cls.data.sources import SOURCES, source_named
from resistor_cls.errors import ConfigError, DataError

ODD_LABELS = ("470R_1-4W", "5 Ω", 'it\'s "quoted", too', "Direnç", "NA")


def test_a_folder_is_read_sorted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_folder(tmp_path, ("b", "a"), each=12)
    expected = tuple(
        f"{name}/{file}" for name in "ab" for file in sorted(f"{i}.jpg" for i in range(12))
    )
    listed = os.listdir

    for order in (sorted, lambda names: sorted(names, reverse=True)):
        monkeypatch.setattr(os, "listdir", lambda path, order=order: order(listed(path)))
        photos = read_folder(tmp_path)
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
    photos = read_folder(tmp_path)
    assert len(photos) == 7
    assert set(photos.ignored) == {"a/notes.txt", "b/Thumbs.db"}


def test_a_root_that_is_no_folder_of_categories(tmp_path: Path):
    with pytest.raises(DataError, match="absent does not exist: expected a folder with one folder"):
        read_folder(tmp_path / "absent")
    with pytest.raises(DataError, match=r"x.jpg is a file"):
        read_folder(write_photo(tmp_path / "x.jpg"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="has no folders in it"):
        read_folder(tmp_path / "empty")
    with pytest.raises(DataError, match=r"1 categories \(only\).*at least two"):
        read_folder(write_folder(tmp_path / "single", ["only"]))


def test_an_empty_category_is_an_error(tmp_path: Path):
    write_folder(tmp_path)
    (tmp_path / "hollow").mkdir()
    (tmp_path / "hollow" / "notes.txt").write_text("later")
    with pytest.raises(DataError, match=r"'hollow' has no photos: .*hollow"):
        read_folder(tmp_path)


def test_a_file_fixes_the_categories_and_their_order(tmp_path: Path):
    root, file = write_folder(tmp_path / "photos"), tmp_path / "categories.txt"
    file.write_text("left\n10R\n4K7\n")
    photos = read_folder(root, file)
    assert photos.categories.names == ("left", "10R", "4K7")
    assert photos.names == read_folder(root).names  # sorted all the same
    labels = [photos.categories.names[target] for target in photos.targets]
    assert labels == [name.partition("/")[0] for name in photos.names]

    file.write_text("left\n10R\n")
    with pytest.raises(DataError, match=r"folders that are not in .*categories.txt: 4K7"):
        read_folder(root, file)
    file.write_text("left\n10R\n4K7\n1M\n")
    with pytest.raises(DataError, match=r"'1M' has no photos: .*1M is absent"):
        read_folder(root, file)


def write_table(path: Path, rows: dict[str, str], columns: tuple[str, str]) -> Path:
    table = pd.DataFrame(rows.items(), columns=list(columns))
    if path.suffix == ".csv":
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
    photos = read_table(None, table)  # names are relative to the table
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
    photos = read_table(
        tmp_path / "photos",
        table,
        image_column="file",
        category_column="class",
        label_prefix="class_",
    )
    assert photos.categories.names == ("10R", "first_class_left", "left")


def test_what_is_wrong_with_a_table_is_named(tmp_path: Path):
    write_folder(tmp_path)
    rows = {"10R/0.jpg": "10R", "left/0.jpg": "left"}
    table = write_table(tmp_path / "t.csv", rows, ("image", "categories"))
    with pytest.raises(
        DataError, match=r"category_column=category: no such column .* mean categories"
    ):
        read_table(None, table)

    write_table(table, rows | {"10R/77.jpg": "10R", "x.jpg": "left"}, ("image", "category"))
    with pytest.raises(DataError, match=r"2 of the 4 photos in .*t.csv .*: 10R/77.jpg, x.jpg; set"):
        read_table(None, table)

    table.write_text("image,category\n10R/0.jpg,10R\nleft/0.jpg,left\n10R/0.jpg,left\n")
    with pytest.raises(DataError, match=r"names photos twice: 10R/0.jpg"):
        read_table(None, table)

    table.write_text("image,category\n10R/0.jpg,10R\nleft/0.jpg,\n")
    with pytest.raises(DataError, match="row 2 lacks its image or its category"):
        read_table(None, table)

    categories = tmp_path / "categories.txt"
    categories.write_text("10R\nleft\n")
    table.write_text("image,category\n10R/0.jpg,10R\n10R/1.jpg,right\nleft/0.jpg,left\n")
    with pytest.raises(DataError, match="category 'right' is not among the 2 categories"):
        read_table(None, table, categories=categories)
    table.write_text("image,category\n10R/0.jpg,10R\n")
    with pytest.raises(DataError, match=r"no photos of left, which .*categories.txt lists"):
        read_table(None, table, categories=categories)


@pytest.mark.parametrize("name", ["absent.csv", "absent.pq", "binary.csv", "text.parquet"])
def test_a_table_that_cannot_be_read_is_named(tmp_path: Path, name: str):
    (tmp_path / "binary.csv").write_bytes(bytes(range(256)))
    (tmp_path / "text.parquet").write_text("image,category\n")
    with pytest.raises(DataError, match=rf"data.table=.*{name} cannot be read"):
        read_table(None, tmp_path / name)


def test_a_drawn_set_gets_a_folder_for_its_request(tmp_path: Path):
    categories = tmp_path / "categories.txt"
    categories.write_text("\n".join(NAMES))
    read = SOURCES["rendered"]
    one = read(tmp_path, per_category=1, size=64, categories=categories)
    other = read(tmp_path, per_category=1, size=64, seed=1, categories=categories)
    assert one.root != other.root
    assert [path.parent.name for path in (one.path(0), one.path(2))] == ["10R", "left"]
    assert read(tmp_path, per_category=1, size=64, categories=categories) == one


def test_an_unknown_source_is_named():
    with pytest.raises(
        ConfigError, match=r"data.source=foldr: no such source; did you mean folder"
    ):
        source_named("foldr")
