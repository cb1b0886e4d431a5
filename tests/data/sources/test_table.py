"""Photos that a table lists."""

from pathlib import Path

import pandas as pd
import pytest

from resistor_cls.data import TableSource
from resistor_cls.errors import DataError
from tests.helpers.photo_files import write_folder, write_photo

ODD_LABELS = ("470R_1-4W", "5 Ω", 'it\'s "quoted", too', "Direnç", "NA")


def write_table(path: Path, rows: dict[str, str], columns: tuple[str, str]) -> Path:
    table = pd.DataFrame(rows.items(), columns=list(columns))
    if path.suffix.lower() == ".csv":
        table.to_csv(path, index=False)
    else:
        table.to_parquet(path)
    return path


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".pq"])
def test_a_table_takes_any_label(tmp_path: Path, suffix: str) -> None:
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


def test_columns_and_label_prefix_can_be_named(tmp_path: Path) -> None:
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


def test_white_space_and_prefixes_of_labels_count_for_nothing(tmp_path: Path) -> None:
    rows = {"1.jpg": "class_10R", "2.jpg": " class_10R ", "3.jpg": "class_left\t"}
    for name in rows:
        write_photo(tmp_path / name)
    photos = TableSource(write_table(tmp_path / "t.CSV", rows, ("image", "category"))).read()
    assert photos.categories.names == ("10R", "left")
    assert photos.targets == (0, 0, 1)


def test_a_column_of_groups_travels_with_the_photos(tmp_path: Path) -> None:
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


def test_what_is_wrong_with_a_table_is_named(tmp_path: Path) -> None:
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
def test_a_table_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "binary.csv").write_bytes(bytes(range(256)))
    (tmp_path / "text.parquet").write_text("image,category\n")
    with pytest.raises(DataError, match=rf"data.table=.*{name} cannot be read"):
        TableSource(tmp_path / name).read()
