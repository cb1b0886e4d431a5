"""What a table states about the parts: values, bands, photographers."""

from pathlib import Path

import numpy as np
import pytest

from resistor_cls.data import TableSource
from resistor_cls.errors import DataError
from tests.helpers.photo_files import write_photo


def table_of(folder: Path, text: str, photos: int = 3) -> Path:
    for number in range(photos):
        write_photo(folder / f"{number}.jpg")
    table = folder / "t.csv"
    table.write_text(text)
    return table


def test_a_table_with_ohms_needs_no_labels(tmp_path: Path) -> None:
    table = table_of(
        tmp_path,
        "file,ohms,band_count,tolerance_percent,photographer,part\n"
        "0.jpg,4k7,4,5,ann,a\n1.jpg,2.2e+06,5,,ann,b\n2.jpg,470,,,,\n",
    )
    photos = TableSource(table).read()
    assert photos.by_value and photos.categories.names == ("470R", "4K7", "2M2")
    assert photos.labels == ("4K7", "2M2", "470R")
    labels = photos.part_labels
    assert labels is not None
    assert labels.ohms.tolist() == [4700, 2.2e6, 470]
    assert labels.codes[0] == ("yellow", "violet", "red", "gold")
    assert labels.codes[1] == ("red", "red", "black", "yellow", "")
    assert labels.codes[2] == () and labels.band_counts.tolist() == [4, 5, 0]
    assert labels.photographers == ("ann", "ann", "") and labels.parts == ("a", "b", "")
    some = photos.select([2, 0])
    assert some.by_value and some.part_labels is not None
    assert some.part_labels.ohms.tolist() == [470, 4700]


def test_a_single_value_is_enough(tmp_path: Path) -> None:
    photos = TableSource(table_of(tmp_path, "image,ohms\n0.jpg,0R47\n1.jpg,0.47\n")).read()
    assert photos.categories.names == ("0R47",)


def test_values_stand_beside_labels(tmp_path: Path) -> None:
    text = "image,category,ohms,bands\n0.jpg,left,10,brown-black-black-gold\n1.jpg,right,,\n"
    photos = TableSource(table := table_of(tmp_path, text)).read()
    assert not photos.by_value and photos.categories.names == ("left", "right")
    assert photos.part_labels is not None and np.isnan(photos.part_labels.ohms[1])
    assert photos.part_labels.codes[0] == ("brown", "black", "black", "gold")
    with pytest.raises(DataError, match=r"nothing in the column ohms of row 2; fill it in"):
        TableSource(table, category_column=None).read()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image\n0.jpg\n", r"no such column in .*, and none called ohms: add labels, or a column"),
        ("image,ohms\n0.jpg,blue\n", r"row 1, column ohms: 'blue' is not a resistance: expected"),
        ("image,ohms,band_count\n0.jpg,10,7\n", r"column band_count: '7': expected 3, 4, 5 or 6"),
        (
            "image,ohms,band_count\n0.jpg,4.75k,4\n",
            r"row 1: 4.75 kΩ with 4 bands: .*; correct ohms",
        ),
        ("image,ohms,tolerance\n0.jpg,10,5\n", r"column tolerance: '5': expected .* as a fraction"),
        ("image,ohms,bands\n0.jpg,10,red red red\n", r"red red red are 2.2 kΩ, but ohms is 10 Ω"),
        ("image,ohms,bands\n0.jpg,10,red pink red\n", r"column bands: bands .*: pink cannot stand"),
        ("image,ohms,ohms\n0.jpg,10,10\n", r"has the column ohms twice: rename one of them"),
    ],
)
def test_what_is_wrong_is_named_with_a_remedy(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        TableSource(table_of(tmp_path, text, 1)).read()


def test_values_alone_exclude_a_list_of_labels(tmp_path: Path) -> None:
    table = table_of(tmp_path, "image,ohms\n0.jpg,10\n", 1)
    with pytest.raises(DataError, match=r"t.csv has values alone: name its column of labels"):
        TableSource(table, categories=tmp_path / "names.txt").read()
    table.write_text("image,category\n0.jpg,left\n")
    with pytest.raises(DataError, match=r"data.category_column=null, but .* has no column ohms"):
        TableSource(table, category_column=None).read()
