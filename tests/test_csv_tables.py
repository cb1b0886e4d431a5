"""CSV tables: exact both ways, harmless in a spreadsheet, read as spreadsheets save them."""

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resistor_cls import csv_tables
from resistor_cls.categories import Categories
from resistor_cls.csv_tables import csv_line, guarded, read_csv, unguarded, write_csv
from resistor_cls.data import FolderSource
from resistor_cls.data.sources.boxes import read_boxes
from resistor_cls.evaluation import Predictions
from resistor_cls.evaluation.electrical import read_costs
from resistor_cls.synthetic import generate_dataset

# Whatever a name can hold, and much of what is dangerous in a cell.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
ODD = st.from_regex(r"'{0,2}[ \t\r\n]?[=+\-@＝]?[a1.,;\"'\r\n\t]{0,3}", fullmatch=True)
CELL = TEXT | ODD
FORMULAS = (
    '=HYPERLINK("http://x","y")',
    "+1+1|cmd",
    "-2+3",
    "@SUM(1)",
    "\tx",
    "\r=1",
    " =1",
    "＝1",
)


@given(CELL)
def test_a_guarded_cell_is_not_a_formula_and_comes_back(cell: str) -> None:
    safe = guarded(cell)
    assert unguarded(safe) == cell
    if safe[:1] in ("=", "+", "-", "@", "\t", "\r"):
        float(safe)  # a number is not a formula


@pytest.mark.parametrize("cell", FORMULAS)
def test_formulas_are_guarded(cell: str) -> None:
    assert guarded(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", [-0.5, "-0.5", "+1e-3", "10R", "'quoted'", "", None, True, "-.5"])
def test_numbers_and_plain_text_stay_as_they_are(cell: object) -> None:
    assert guarded(cell) == unguarded(cell) == cell


@given(
    rows=st.lists(
        st.tuples(CELL.filter(str.strip), CELL, st.floats(allow_nan=False)), min_size=1, max_size=4
    )
)
def test_tables_come_back_to_the_letter(
    rows: list[tuple[str, str, float]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("table") / "table.csv"
    write_csv(pd.DataFrame(rows, columns=["=name", "label", "number"]), path)
    table = read_csv(path)
    assert list(table.columns) == ["=name", "label", "number"]
    for place, (name, label, number) in enumerate(rows):
        assert (table["=name"][place], table["label"][place]) == (name, label)
        assert float(table["number"][place]) == number
    lines = "".join(csv_line(row) for row in [("=name", "label", "number"), *rows])
    path.write_text(lines, encoding="utf-8", newline="")
    assert read_csv(path)["label"].tolist() == [label for _, label, _ in rows]


def test_names_of_rows_and_columns_are_guarded_too(tmp_path: Path) -> None:
    names = ["=1+1", "10R"]
    write_csv(pd.DataFrame([[1, -2], [3, 4]], names, names), tmp_path / "t.csv", index=True)
    rows = list(csv.reader((tmp_path / "t.csv").read_text(encoding="utf-8").splitlines()))
    assert rows == [["", "'=1+1", "10R"], ["'=1+1", "1", "-2"], ["10R", "3", "4"]]


WANTED = [("Direnç/1.jpg", "Direnç"), ("5 Ω/2.jpg", "a, b")]


def saved(separator: str, end: str = "") -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator=f"{end}\n")
    writer.writerows([("image", "category"), *WANTED])
    return text.getvalue()


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (saved(",").encode(), "t.csv"),
        (saved(",").encode("utf-8-sig"), "t.csv"),
        (saved(",", end=",").encode(), "t.csv"),
        (saved(";").encode("utf-8-sig"), "t.csv"),
        (saved(";", end="\r").encode(), "t.csv"),
        (saved(";", end=";;").encode(), "t.csv"),
        (("sep=;\n" + saved(";")).encode(), "t.csv"),
        (saved("\t").encode("utf-16"), "t.csv"),
        (saved("\t").encode("utf-16-be").join([b"\xfe\xff", b""]), "t.txt"),
        (saved("\t").encode(), "t.tsv"),
        (saved("|").encode(), "t.csv"),
        ((saved(",") + ",\n\n,\n").encode(), "t.csv"),
        (saved(",").replace("image", " image ").encode(), "t.csv"),
    ],
)
def test_tables_are_read_as_spreadsheets_save_them(
    content: bytes, name: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    table = read_csv(tmp_path / name)
    assert list(zip(table["image"], table["category"], strict=True)) == WANTED


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (saved(";").replace("Ω", "ü").encode("cp1252"), r'line 2 is not UTF-8 .*0xe7.*"CSV UTF-8"'),
        (saved(",").encode("utf-16-le"), "UTF-16 without a byte order mark"),
        (b"PK\x03\x04 and more", "this is a spreadsheet or another zip, not CSV"),
        (b"\xd0\xcf\x11\xe0 and more", "an old Excel"),
        (b"PAR1 and more", r"name it \.parquet"),
        (b"\x1f\x8b and more", "unpack it"),
        (b"", "empty"),
        (b'image,category\n"1.jpg,10R\n2.jpg,left\n', "quotation mark without its pair"),
        (b"image,category\n1.jpg,4,7\n", "row 1 has 3 cells and the first line 2"),
    ],
)
def test_what_is_not_a_table_is_named(content: bytes, says: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(ValueError, match=says):
        read_csv(tmp_path / "t.csv")


NAMES = ("=1+1", "'-2", "-2", "@x\ry", "10R; 5 %")


def test_predictions_come_back_whatever_their_names(tmp_path: Path) -> None:
    count = len(NAMES)
    written = Predictions(
        names=tuple(f"{name}.jpg" for name in NAMES),
        indices=np.arange(count),
        targets=np.arange(count),
        probabilities=np.eye(count, dtype=np.float32)[::-1],
        losses=np.full(count, -0.5, np.float32),
        categories=Categories(NAMES),
    )
    written.write(tmp_path / "t.csv")
    read = Predictions.read(tmp_path / "t.csv")
    assert (read.names, read.categories.names) == (written.names, NAMES)
    assert (read.targets == written.targets).all() and (read.predicted == written.predicted).all()
    assert (read.losses == written.losses).all()
    text = (tmp_path / "t.csv").read_text(encoding="utf-8")
    assert '"\'=1+1.jpg"' in text or "\n'=1+1.jpg" in text


@pytest.mark.parametrize("separator", [",", ";"])
def test_costs_are_read_from_a_table_of_ours(separator: str, tmp_path: Path) -> None:
    costs = 1.0 - np.eye(len(NAMES))
    file = tmp_path / "costs.csv"
    write_csv(pd.DataFrame(costs, list(NAMES), list(NAMES)), file, index=True)
    if separator == ";":  # as a spreadsheet of another country saves it
        rows = list(csv.reader(io.StringIO(file.read_bytes().decode(), newline="")))
        with file.open("w", encoding="utf-8-sig", newline="") as opened:
            csv.writer(opened, delimiter=";").writerows(rows)
    assert (read_costs(file, Categories(NAMES)) == costs).all()


def test_boxes_of_synthetic_photos_come_back(tmp_path: Path) -> None:
    counts = {"=47R": 1, "-1K_1-4W": 1}
    out = tmp_path / "drawn"
    generate_dataset(out, Categories(counts), counts, size=64, workers=1, progress=False)
    photos = FolderSource(out).read()
    assert set(read_boxes(out)) == set(photos.names)
    assert photos.ignored == ()
    assert "\n'=47R/" in (out / "boxes.csv").read_text(encoding="utf-8")
    assert "\n'=47R/" in (out / "scenes.csv").read_text(encoding="utf-8")


def test_every_csv_is_written_in_one_place() -> None:
    package = Path(csv_tables.__file__).parent
    writers = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if any(word in path.read_text(encoding="utf-8") for word in ("to_csv(", "csv.writer("))
    }
    assert writers == {"csv_tables.py"}
