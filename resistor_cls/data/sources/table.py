"""Photos that a CSV or parquet table lists."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pandas as pd

from resistor_cls.categories import Categories
from resistor_cls.data.sources.labels import label_space, labels_of, prefix_of
from resistor_cls.data.sources.part_labels import OHMS, PartLabels, part_labels, value_names
from resistor_cls.data.sources.photo_set import PhotoSet
from resistor_cls.data.sources.source import BuiltIn
from resistor_cls.data.sources.table_listing import (
    CATEGORY,
    IMAGE,
    cells_of,
    image_column,
    photo_names,
    rows_of,
)
from resistor_cls.errors import DataError, nearest, some_names


@dataclass(frozen=True)
class TableSource(BuiltIn):
    """A table with a row per photo.

    A column `ohms` states the value of each part; see `part_labels`. A table with it needs no
    column of labels: its categories then are the values.

    Args:
        table: a `.csv` or `.tsv`, or a `.parquet` or `.pq` file.
        root: the folder that the image names are relative to; by default the table's own.
        image_column: column of file names; `image` may be called `file` or `photo` too.
        category_column: column of labels; white space around them is ignored. None takes the
            values.
        group_column: column of groups that a split keeps together, such as one for each physical
            part.
        categories: a file that fixes the categories and their order; without it they are the
            labels of the table, sorted.
        label_prefix: stripped from labels (and from the names of the file) that begin with it;
            `auto` is one of `labels.PREFIXES` that every label begins with.
    """

    table: str | Path
    root: str | Path | None = None
    image_column: str = IMAGE
    category_column: str | None = CATEGORY
    group_column: str | None = None
    categories: str | Path | None = None
    label_prefix: str | None = "auto"

    name: ClassVar[str] = "table"

    def read(self) -> PhotoSet:
        """Reads the table and looks whether its photos are there.

        Raises:
            DataError: a table that cannot be read, with neither labels nor values, a column or
                label that is missing, an empty cell, photos named twice, by absolute paths or
                outside of `root`, or missing photos.
        """
        table = Path(self.table)
        root = table.parent if self.root is None else Path(self.root)
        rows = rows_of(table, "data.table")
        cells = cells_of(rows, table, "image_column", image_column(rows, self.image_column))
        names = photo_names(cells, root, table)
        groups = None
        if self.group_column is not None:
            column = cells_of(rows, table, "group_column", self.group_column)
            groups = tuple(cell.strip() for cell in column)
        labels = part_labels(rows, table)
        by_value = self._is_by_value(rows)
        if by_value:
            categories, targets = self._values(labels, table)
        else:
            categories, targets = self._labels(rows, table)
        return PhotoSet(
            root,
            tuple(names),
            targets,
            categories,
            groups=groups,
            part_labels=labels,
            by_value=by_value,
        ).sorted_by_name()

    def _is_by_value(self, rows: pd.DataFrame) -> bool:
        """Whether the categories are the values: there are no labels, or they are not wanted."""
        if self.category_column is None:
            return True
        return self.category_column == CATEGORY and CATEGORY not in rows and OHMS in rows

    def _labels(self, rows: pd.DataFrame, table: Path) -> tuple[Categories, tuple[int, ...]]:
        """The label space, and the class index of each photo."""
        assert self.category_column is not None
        if self.category_column not in rows and OHMS not in rows:
            raise DataError(
                f"data.category_column={self.category_column}: no such column in {table}, and "
                f"none called {OHMS}: add labels, or a column {OHMS} with values such as 4k7; "
                f"{nearest(str(self.category_column), map(str, rows.columns))}"
            )
        file = None if self.categories is None else Path(self.categories)
        cells = cells_of(rows, table, "category_column", self.category_column)
        raw = [cell.strip() for cell in cells]
        prefix = prefix_of(set(raw), self.label_prefix)
        label_of = labels_of(set(raw), prefix)
        categories = label_space(label_of.values(), file, prefix)
        unused = [name for name in categories.names if name not in label_of.values()]
        if unused:
            raise DataError(f"{table} has no photos of {some_names(unused)}, which {file} lists")
        return categories, tuple(categories.index(label_of[label]) for label in raw)

    def _values(self, labels: PartLabels | None, table: Path) -> tuple[Categories, tuple[int, ...]]:
        """The values as categories in ascending order, and the class index of each photo."""
        if labels is None:
            raise DataError(
                f"data.category_column=null, but {table} has no column {OHMS}: add it, with values "
                "such as 4k7, or name the column of labels"
            )
        if self.categories is not None:
            raise DataError(
                f"data.categories={self.categories} lists labels, and {table} has values alone: "
                "name its column of labels by data.category_column, or remove data.categories"
            )
        names = value_names(labels, table)
        ohms_of = dict(zip(names, labels.ohms.tolist(), strict=True))
        categories = Categories(sorted(ohms_of, key=ohms_of.__getitem__), minimum=1)
        return categories, tuple(categories.index(name) for name in names)
