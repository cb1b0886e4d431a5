"""Photos that a CSV or parquet table lists."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from resistor_cls.data.sources.labels import label_space, labels_of, prefix_of
from resistor_cls.data.sources.photo_set import PhotoSet
from resistor_cls.data.sources.source import BuiltIn
from resistor_cls.data.sources.table_listing import cells_of, photo_names, rows_of
from resistor_cls.errors import DataError, some_names


@dataclass(frozen=True)
class TableSource(BuiltIn):
    """A table with a row per photo.

    Args:
        table: a `.csv` or `.tsv`, or a `.parquet` or `.pq` file.
        root: the folder that the image names are relative to; by default the table's own.
        image_column: column of file names.
        category_column: column of labels; white space around them is ignored.
        group_column: column of groups that a split keeps together, such as one for each physical
            part.
        categories: a file that fixes the categories and their order; without it they are the
            labels of the table, sorted.
        label_prefix: stripped from labels (and from the names of the file) that begin with it;
            `auto` is one of `labels.PREFIXES` that every label begins with.
    """

    table: str | Path
    root: str | Path | None = None
    image_column: str = "image"
    category_column: str = "category"
    group_column: str | None = None
    categories: str | Path | None = None
    label_prefix: str | None = "auto"

    name: ClassVar[str] = "table"

    def read(self) -> PhotoSet:
        """Reads the table and looks whether its photos are there.

        Raises:
            DataError: a table that cannot be read, a column or label that is missing, an empty
                cell, photos named twice, by absolute paths or outside of `root`, or missing photos.
        """
        table = Path(self.table)
        root = table.parent if self.root is None else Path(self.root)
        file = None if self.categories is None else Path(self.categories)
        rows = rows_of(table, "data.table")

        def column(key: str, name: str) -> list[str]:
            return cells_of(rows, table, key, name)

        names = photo_names(column("image_column", self.image_column), root, table)
        raw = [cell.strip() for cell in column("category_column", self.category_column)]
        groups = None
        if self.group_column is not None:
            groups = tuple(cell.strip() for cell in column("group_column", self.group_column))
        prefix = prefix_of(set(raw), self.label_prefix)
        label_of = labels_of(set(raw), prefix)
        categories = label_space(label_of.values(), file, prefix)
        unused = [name for name in categories.names if name not in label_of.values()]
        if unused:
            raise DataError(f"{table} has no photos of {some_names(unused)}, which {file} lists")
        targets = tuple(categories.index(label_of[label]) for label in raw)
        return PhotoSet(root, tuple(names), targets, categories, groups=groups).sorted_by_name()
