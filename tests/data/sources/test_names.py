"""Tables name photos below the root, wherever a table comes in."""

import unicodedata
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from resistor_cls.data import PhotoDataModule, Resistor37Source, TableSource
from resistor_cls.data.sources.boxes import read_boxes
from resistor_cls.errors import DataError
from tests.helpers.photo_files import NAMES, write_folder, write_photo

OUTSIDE = ("../secret.jpg", "10R/../../secret.jpg", "..\\secret.jpg", "./../photos/../secret.jpg")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_photo(tmp_path / "secret.jpg")
    return write_folder(tmp_path / "photos", each=2)


def write_table(path: Path, extra: str, columns: tuple[str, str] = ("image", "category")) -> Path:
    rows = [(f"{name}/{i}.jpg", name) for name in NAMES for i in range(2)]
    table = pd.DataFrame([*rows, (extra, "10R")], columns=list(columns))
    table.to_csv(path, index=False) if path.suffix == ".csv" else table.to_parquet(path)
    return path


@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_the_table_that_trains(name: str, suffix: str, root: Path) -> None:
    table = write_table(root / f"t{suffix}", name)
    with pytest.raises(DataError, match=r"names files outside of data.root=.*secret.jpg; set data"):
        TableSource(table).read()


@pytest.mark.parametrize("key", ["validation", "test"])
@pytest.mark.parametrize("name", OUTSIDE)
def test_external_tables(
    key: str, name: str, root: Path, make: Callable[..., PhotoDataModule]
) -> None:
    table = write_table(root / "t.csv", name)
    with pytest.raises(DataError, match=r"names files outside of .*secret.jpg"):
        make(**{key: table}).setup()


@pytest.mark.parametrize("name", ["../../secret.jpg", "/etc/passwd", "x" * 300])
def test_the_table_of_the_real_data_set(name: str, tmp_path: Path) -> None:
    write_photo(tmp_path / "secret.jpg")
    write_folder(tmp_path / "real/photos", each=2)
    table = write_table(tmp_path / "real/train.pq", name, ("image", "class"))
    rows = pd.read_parquet(table)
    pd.concat([rows[-1:], rows[:-1]]).to_parquet(table)  # the first name says where photos are
    with pytest.raises(DataError, match=r"outside of|absolute paths|are not below"):
        Resistor37Source(tmp_path / "real").read()


@pytest.mark.parametrize("name", [*OUTSIDE, "/etc/passwd"])
def test_boxes(name: str, root: Path) -> None:
    (root / "boxes.csv").write_text(f"file,x_center,y_center,width,height\n{name},.5,.5,.1,.1\n")
    with pytest.raises(DataError, match=r"boxes.csv names files outside of its folder: .*; remove"):
        read_boxes(root)


def test_names_that_stay_below_and_links_that_lead_out_are_taken(root: Path) -> None:
    (root / "link.jpg").symlink_to(root.parent / "secret.jpg")
    (root / "linked").symlink_to(root.parent)
    table = root / "t.csv"
    names = ("10R/../left/0.jpg", "4K7//1.jpg", "link.jpg", "linked/secret.jpg", "..odd.jpg")
    write_photo(root / "..odd.jpg")
    rows = [f"{name},{'ab'[i % 2]}" for i, name in enumerate(names)]
    table.write_text("\n".join(["image,category", *rows]))
    photos = TableSource(table).read()
    assert photos.names == ("..odd.jpg", "4K7/1.jpg", "left/0.jpg", "link.jpg", "linked/secret.jpg")
    table.write_text("image,category\n10R/../left/0.jpg,a\nleft/0.jpg,b\n")
    with pytest.raises(DataError, match=r"names photos twice: left/0.jpg"):
        TableSource(table).read()


@pytest.mark.parametrize("suffix", [".xlsx", ".ods"])
def test_spreadsheets_are_named_as_such(
    suffix: str, root: Path, make: Callable[..., PhotoDataModule]
) -> None:
    table = root / f"t{suffix}"
    table.write_bytes(b"PK\x03\x04")
    with pytest.raises(DataError, match=r'data.table=.* is a spreadsheet: save .* "CSV UTF-8"'):
        TableSource(table).read()
    with pytest.raises(DataError, match=r"data.validation=.* is a spreadsheet"):
        make(validation=table).setup()


@pytest.mark.parametrize("name", ["t.csv", "t.tsv"])
def test_tables_of_a_spreadsheet_are_read_at_both_entrances(
    name: str, root: Path, tmp_path: Path, make: Callable[..., PhotoDataModule]
) -> None:
    separator = "\t" if name == "t.tsv" else ";"
    rows = [("image", "category"), ("10R/0.jpg", "10R"), ("left/1.jpg", "left")]
    text = "\r\n".join(separator.join(row) for row in rows)
    (root / name).write_text(text, encoding="utf-8-sig")
    assert TableSource(root / name).read().labels == ("10R", "left")
    held = tmp_path / "held"
    for number, label in enumerate(("10R", "left")):
        write_photo(held / f"{label}/{number}.jpg", (7, 7 * number, 250))
    (held / name).write_text(text, encoding="utf-8-sig")
    data = make(validation=held / name)
    data.setup()
    assert len(data.validation_indices) == 2


def test_a_column_that_stands_twice_is_named(root: Path) -> None:
    (root / "t.csv").write_text("image,category,category\n10R/0.jpg,10R,left\n")
    with pytest.raises(DataError, match=r"has the column data.category_column=category twice"):
        TableSource(root / "t.csv").read()


def test_accents_that_are_composed_in_another_way_are_named(root: Path) -> None:
    write_photo(root / unicodedata.normalize("NFD", "Direnç.jpg"))  # as macOS writes names
    (root / "t.csv").write_text("image,category\nDirenç.jpg,a\n10R/0.jpg,b\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"the file 'Direnc\\u0327.jpg' looks like one of them"):
        TableSource(root / "t.csv").read()
