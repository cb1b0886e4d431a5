"""A folder of synthetic photos, as its own files describe it."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from resistor_cls.csv_tables import read_cells
from resistor_cls.errors import DataError
from resistor_cls.resistor37 import RESISTOR37_COUNTS

BOXES, SCENES = "boxes.csv", "scenes.csv"
_REQUEST = "dataset.json"


@dataclass(frozen=True)
class SyntheticSet:
    """What `python -m resistor_cls.render` has drawn.

    Attributes:
        folder: that it is in.
        request: the content of `dataset.json`.
        boxes: rows of `boxes.csv`, the header first.
        scenes: rows of `scenes.csv`, the header first.
    """

    folder: Path
    request: Mapping[str, Any]
    boxes: Sequence[Sequence[str]]
    scenes: Sequence[Sequence[str]]

    @property
    def counts(self) -> dict[str, int]:
        """Category → number of its photos."""
        return dict(zip(self.request["names"], self.request["counts"], strict=True))

    @property
    def photos(self) -> int:
        """Number of photos."""
        return sum(self.request["counts"])

    @cached_property
    def bands(self) -> dict[str, list[str]]:
        """Category → the sequences of bands that its photos show."""
        found: dict[str, set[str]] = {name: set() for name in self.counts}
        for name, bands in zip(self.column("category"), self.column("body_bands"), strict=True):
            found[name].add(bands)
        return {name: sorted(one) for name, one in found.items()}

    def column(self, name: str) -> list[str]:
        """A column of `scenes.csv`."""
        place = list(self.scenes[0]).index(name)
        return [row[place] for row in self.scenes[1:]]

    def shares(self, name: str) -> list[tuple[str, int]]:
        """The values of a column of `scenes.csv` and how many photos have each, most first."""
        return Counter(self.column(name)).most_common()

    @property
    def command(self) -> str:
        """Draws the same set again; empty where no one command does."""
        counts = self.counts
        words = ["python -m resistor_cls.render OUT"]
        if counts != RESISTOR37_COUNTS:
            if len(set(counts.values())) > 1:
                return ""
            if list(counts) != list(RESISTOR37_COUNTS):
                words.append("--categories NAMES.txt")
            words.append(f"--per-category {next(iter(counts.values()))}")
        return " ".join([*words, f"--size {self.request['size']} --seed {self.request['seed']}"])


def read_synthetic_set(folder: Path) -> SyntheticSet:
    """Reads the files beside the photos.

    Raises:
        DataError: no complete set that `render` drew, or tables that do not belong to it.
    """
    remedy = "draw a set by python -m resistor_cls.render OUT"
    if not (folder / _REQUEST).is_file():
        raise DataError(
            f"--data {folder}: {_REQUEST} is missing, which stands beside a complete set of "
            f"synthetic photos; {remedy}"
        )
    try:
        request = json.loads((folder / _REQUEST).read_text(encoding="utf-8"))
        tables = [read_cells(folder / name) for name in (BOXES, SCENES)]
        found = SyntheticSet(folder, request, *tables)
        lengths = {found.photos + 1, *map(len, tables)}
        required = {"drawing_version", "size", "seed"} <= request.keys()
        found.column("category"), found.bands
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise DataError(f"--data {folder} cannot be read ({error}): {remedy}") from error
    if len(lengths) > 1 or not required:
        raise DataError(
            f"--data {folder}: {_REQUEST}, {BOXES} and {SCENES} do not belong together "
            f"({found.photos} photos, {len(tables[0]) - 1} and {len(tables[1]) - 1} rows); {remedy}"
        )
    return found
