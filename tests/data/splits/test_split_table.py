"""A split as a table."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from resistor_cls.data.splits.config import SplitConfig
from resistor_cls.data.splits.folds import split_photos
from resistor_cls.data.splits.split_table import read_split, split_table
from resistor_cls.errors import DataError
from tests.helpers.made_up import descriptors_of, real_like


def test_a_split_is_read_back_to_the_photo(tmp_path: Path) -> None:
    photo_set, metadata = real_like()
    split = split_photos(
        SplitConfig("capture", folds=3, fold=1, gap=2), photo_set, metadata, descriptors_of(60)
    )
    path = tmp_path / "split.csv"
    split_table(split, photo_set, metadata).to_csv(path, index=False)
    again = split_photos(
        SplitConfig(str(path), folds=5, fold=4), photo_set, metadata, descriptors_of(60)
    )
    assert np.array_equal(again.role_of, split.role_of)
    assert np.array_equal(again.fold_of, split.fold_of)
    table = split_table(split, photo_set, metadata)
    table.loc[table.category == "b", "role"] = "test"
    table.to_csv(path, index=False)
    again = read_split(path, photo_set, metadata)
    assert (again.role_of == "test").sum() == 20


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: table[1:], r"1 are not in the table \(a/a \(0\).jpg\)"),
        (lambda table: table.assign(content="x" * 16), "60 have changed since"),
        (
            lambda table: table.replace("a/a (0).jpg", "a/gone.jpg"),
            r"1 are not among .* \(a/gone.jpg\)",
        ),
        (lambda table: table.assign(role="guess"), "unknown role 'guess'"),
        (lambda table: table.drop(columns="role"), "is not the table of a split"),
    ],
)
def test_a_table_of_other_photos_is_refused(
    tmp_path: Path, change: Callable[[pd.DataFrame], pd.DataFrame], message: str
) -> None:
    photo_set, metadata = real_like()
    split = split_photos(SplitConfig(), photo_set, metadata, descriptors_of(60))
    path = tmp_path / "split.csv"
    change(split_table(split, photo_set, metadata)).to_csv(path, index=False)
    with pytest.raises(DataError, match=message):
        read_split(path, photo_set, metadata)
