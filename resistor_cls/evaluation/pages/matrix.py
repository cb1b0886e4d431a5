"""The confusion matrix of an evaluation's page, and the photos behind its cells."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, islice
from typing import Any

from resistor_cls.errors import many
from resistor_cls.evaluation.pages.readings import reading, size_order
from resistor_cls.evaluation.pages.summary import verb
from resistor_cls.evaluation.wording import digits, share

Row = Mapping[str, Any]
Cells = dict[tuple[int, int], list[Row]]

MAX_NAMED = 6000  # photos that the cells of the matrix name, all together
MAX_LISTED = 60  # photos behind one cell
# Categories up to which the matrix shows all, and how many it shows of more.
MAX_WHOLE, PART = 160, 100
_MAX_RIGHT = 12  # pictures of right predictions of each category: what the page opens at once


def loss_of(row: Row) -> float:
    """The loss of a row of predictions, 0 where it is undefined."""
    return row["loss"] if row["loss"] is not None else 0.0


def matrix_of(report: Row) -> dict[str, Any]:
    """The confusion matrix, cell by cell; of too many categories the most confused ones."""
    names, cells = report["categories"], report["confusion"]["cells"]
    photos, confused = [0] * len(names), [0] * len(names)
    for label, prediction, count in cells:
        photos[label] += count
        if label != prediction:
            confused[label] += count
            confused[prediction] += count
    indices = list(range(len(names)))
    if len(names) > MAX_WHOLE:
        most = sorted(indices, key=lambda index: -confused[index])[:PART]
        indices = sorted(index for index in most if confused[index])
    position = {index: place for place, index in enumerate(indices)}
    shown = [cell for cell in cells if cell[0] in position and cell[1] in position]
    longest = max((len(str(count)) for *_, count in shown), default=1)
    return {
        "indices": indices,
        "rows": _matrix_rows(names, position, shown, photos),
        "orders": {
            "together": [position[i] for i in report["confusion"]["order"] if i in position],
            "value": size_order([names[index] for index in indices]),
        },
        "confused": [confused[index] > 0 for index in indices],
        "width": max(1.45, 0.4 * longest + 0.25),  # rem that the longest number needs
        "words": _matrix_words(names, indices, cells, shown),
    }


def _matrix_rows(
    names: Sequence[str], position: Mapping[int, int], shown: Sequence[Any], photos: Sequence[int]
) -> list[dict[str, Any]]:
    """The rows of the matrix with their cells.

    Args:
        names: of all categories.
        position: index of each category of the matrix → its place there.
        shown: (label, prediction, count) of its cells.
        photos: of each category.
    """
    # Separate scales for right and wrong: a few confused photos are visible beside many right ones.
    tops = {
        right: (
            max((count for *_, count in part), default=1),
            max((count / photos[label] for label, _, count in part), default=1),
        )
        for right in (True, False)
        for part in [[cell for cell in shown if (cell[0] == cell[1]) is right]]
    }
    rows: list[dict[str, Any]] = [
        {
            "index": index,
            "name": names[index],
            "reading": reading(names[index], tolerance=False),
            "cells": [None] * len(position),
        }
        for index in position
    ]
    for label, prediction, count in shown:
        most_photos, most_share = tops[label == prediction]
        rows[position[label]]["cells"][position[prediction]] = {
            "prediction": prediction,
            "photos": count,
            "share": count / photos[label],
            "by_photos": _depth(count / most_photos),
            "by_share": _depth(count / photos[label] / most_share),
        }
    return rows


def _matrix_words(
    names: Sequence[str], indices: Sequence[int], cells: Sequence[Any], shown: Sequence[Any]
) -> str:
    """Says which part of the confusions is shown, where that is not all of them."""
    if not indices:
        return "No photo is confused, and the categories are too many for a matrix."
    if len(indices) == len(names):
        return ""
    wrong, visible = (
        sum(count for label, prediction, count in part if label != prediction)
        for part in (cells, shown)
    )
    return (
        f"Of {len(names):,} categories these are the {len(indices):,} that are confused most; "
        f"{visible:,} of {many(wrong, 'wrong photo')} {verb(visible)} between them."
    )


def _depth(part: float) -> float:
    """Opacity of a colour; the root makes a single photo visible, and text stays readable."""
    return 0.12 + 0.48 * math.sqrt(part)


def cells_of(report: Row, indices: Sequence[int]) -> Cells:
    """Photos behind the cells of these categories, the highest loss first."""
    index = {name: number for number, name in enumerate(report["categories"])}
    kept = set(indices)
    cells: Cells = defaultdict(list)
    for row in report["predictions"]:
        label, prediction = index[row["label"]], index[row["prediction"]]
        if label in kept and prediction in kept:
            cells[label, prediction].append(row)
    return {cell: sorted(photos, key=loss_of, reverse=True) for cell, photos in cells.items()}


def _ranked(cells: Cells, right: bool, most: int) -> list[Row]:
    """Photos of right or of wrong cells: the first of each cell, then the second of each."""
    ranked = [
        (rank, cell, row)
        for cell, rows in cells.items()
        if (cell[0] == cell[1]) is right
        for rank, row in enumerate(rows[:most])
    ]
    return [row for *_, row in sorted(ranked, key=lambda entry: entry[:2])]


def pictured(first: Iterable[str], cells: Cells, most: int) -> list[str]:
    """Names of the photos that the page shows: required ones, wrong ones, some right ones."""
    wrong, right = _ranked(cells, False, MAX_LISTED), _ranked(cells, True, _MAX_RIGHT)
    names = chain(first, (row["photo"] for row in chain(wrong, right)))
    return list(islice(dict.fromkeys(names), most))


def behind(
    report: Row, cells: Cells, matrix: Row, place: Mapping[str, int]
) -> dict[str, list[Any]]:
    """The data of the script: the cells, the most confused first, and the photos that they name."""
    named = [*_ranked(cells, False, MAX_LISTED), *_ranked(cells, True, MAX_LISTED)][:MAX_NAMED]
    number = {row["photo"]: position for position, row in enumerate(named)}
    kept = set(matrix["indices"])
    counts = [cell for cell in report["confusion"]["cells"] if {cell[0], cell[1]} <= kept]
    counts.sort(key=lambda cell: (cell[0] == cell[1], -cell[2]))
    return {
        "names": [name if index in kept else "" for index, name in enumerate(report["categories"])],
        "readings": [
            reading(name) if index in kept else ""
            for index, name in enumerate(report["categories"])
        ],
        "cells": [
            [
                *(label, prediction, count),
                [
                    number[row["photo"]]
                    for row in cells.get((label, prediction), [])[:MAX_LISTED]
                    if row["photo"] in number
                ],
            ]
            for label, prediction, count in counts
        ],
        "photos": [
            [
                row["photo"],
                share(row["probability"]),
                share(row["label_probability"]),
                digits(row["loss"], 2),
                place.get(row["photo"], -1),
            ]
            for row in named
        ],
        "orders": matrix["orders"],
        "confused": matrix["confused"],
    }
