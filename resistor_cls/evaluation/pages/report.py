"""The report of an evaluation as a page: one HTML file that fetches nothing."""

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np

from resistor_cls.errors import many
from resistor_cls.evaluation.pages.cards import cards_of
from resistor_cls.evaluation.pages.matrix import behind, cells_of, loss_of, matrix_of, pictured
from resistor_cls.evaluation.pages.page import encoded, rendered
from resistor_cls.evaluation.pages.pictures import LARGE, SMALL, picture_shape, svg_picture
from resistor_cls.evaluation.pages.readings import reading
from resistor_cls.evaluation.pages.sentences import sentences_of
from resistor_cls.evaluation.pages.summary import accepted_row, summary_of, verb
from resistor_cls.evaluation.pages.tables import category_rows, electrical, metric_rows
from resistor_cls.evaluation.pages.values import section as value_section

Row = Mapping[str, Any]

MAX_PICTURES = 1200  # in the page, 5 kB each: a phone opens more than 8 MB slowly
MAX_ROWS = 3000  # of predictions on the page: a phone searches more of them slowly
GALLERY = 18  # photos: three rows of six, a screen full
MAX_LARGE = 240  # pictures, some 15 kB each
_MAX_COMPARED = 5  # wrong photos of a confused pair
# Figures by their name, each with the text for those who cannot see it.
_FIGURES = {
    "roc": "ROC curves",
    "precision_recall": "Precision and recall",
    "reliability": "How often a prediction is right, by its confidence",
    "risk_coverage": "Wrong predictions among the accepted ones, by the share of photos accepted",
    "unknown": "Scores of known photos and of out-of-distribution photos",
    "stress": "Accuracy by kind and severity of corruption",
}


def report_page(
    report: Row,
    figures: Mapping[str, str],
    thumbnail: Callable[[str], np.ndarray],
    overlays: Mapping[str, np.ndarray] | None = None,
    gallery: int = GALLERY,
) -> str:
    """Renders an evaluation.

    Args:
        report: the content of `report.json`; the page states nothing else. `predictions` are
            rows of photos, see `resistor_cls.evaluation.report.rows_of`.
        figures: name → SVG: `reliability`, `risk_coverage`, `unknown`, `roc`, `precision_recall`,
            `stress`, `band_confusion`, `value_risk_coverage`; a missing one is left out.
        thumbnail: name of a photo → (height, width, 3) uint8 RGB, a small copy of it: the whole
            photo, or the crop that the model sees.
        overlays: name of a photo → (height, width, 3) uint8 RGB, saliency maps.
        gallery: photos of each gallery.

    Returns:
        An HTML page that holds its pictures, style and script.
    """
    rows, matrix = report["predictions"], matrix_of(report)
    cells = cells_of(report, matrix["indices"])
    galleries = _galleries(rows, gallery)
    pairs = _pairs(report["pairs"], rows)
    maps = _saliency(overlays or {}, galleries, rows, 2 * gallery)
    mapped = _found(maps, rows)
    shown = chain(*galleries.values(), *(pair["shown"] for pair in pairs), mapped.values())
    names = pictured((row["photo"] for row in shown), cells, MAX_PICTURES - len(maps))
    photos = [thumbnail(name) for name in names]
    place = {name: number for number, name in enumerate(names)}
    return rendered(
        "report.html",
        **_numbers(report, matrix),
        **_pictures(photos, report["counts"]["photos"]),
        behind=behind(report, cells, matrix, place),
        cell_link={f"{label}-{prediction}" for label, prediction in cells},
        pairs=pairs,
        galleries=galleries,
        overlays=[encoded(overlay, *LARGE) for overlay in maps.values()],
        mapped=mapped,
        place=place,
        overlay={name: number for number, name in enumerate(maps)},
        figures={name: svg_picture(figures[name]) for name in _FIGURES if name in figures},
        figure_words=_FIGURES,
        **value_section(report.get("values"), figures),
    )


def _numbers(report: Row, matrix: Row) -> dict[str, Any]:
    """What a page shows without pictures."""
    names = report["categories"]
    return {
        "report": report,
        "counts": report["counts"],
        "summary": summary_of(report),
        "say": sentences_of(report),
        "cards": cards_of(report),
        "metrics": metric_rows(report),
        "matrix": matrix,
        "index": {name: number for number, name in enumerate(names)},
        "per_category": category_rows(report),
        "trade": electrical(report.get("trade") or {}),
        "predictions": sorted(report["predictions"], key=loss_of, reverse=True),
        "extras": _extras(report["predictions"]),
        "readings": {name: reading(name) for name in names},
        "short_readings": {name: reading(name, tolerance=False) for name in names},
        "accepted": accepted_row(report),
    }


def _pictures(photos: Sequence[np.ndarray], count: int) -> dict[str, Any]:
    """The pictures of the page, their shape, and how many of the photos they are."""
    return {
        "pictures": [
            encoded(photo, *(LARGE if number < MAX_LARGE else SMALL))
            for number, photo in enumerate(photos)
        ],
        "pictured": f"{len(photos):,} of {many(count, 'photo')} {verb(len(photos))} pictured here.",
        **picture_shape(photos),
    }


def _galleries(rows: Sequence[Row], most: int) -> dict[str, list[Row]]:
    by_loss = sorted(rows, key=loss_of)
    drawn = np.random.default_rng(0).permutation(len(rows))[:most]
    return {
        "Worst": by_loss[: -most - 1 : -1],
        "Best": by_loss[:most],
        "Random": [rows[number] for number in drawn],
    }


def _found(names: Collection[str], rows: Sequence[Row]) -> dict[str, Row]:
    """The rows of photos, in the order of their names."""
    wanted = set(names)
    found = {row["photo"]: row for row in rows if row["photo"] in wanted}
    return {name: found[name] for name in names if name in found}


def _pairs(pairs: Sequence[Row], rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Confused pairs, each with wrong photos and the most confident right photo to compare with."""
    wrong = _found([name for pair in pairs for name in pair["names"][:_MAX_COMPARED]], rows)
    best: dict[str, Row] = {}
    for row in rows:
        known = best.get(row["label"])
        if row["correct"] and (known is None or loss_of(row) < loss_of(known)):
            best[row["label"]] = row
    shown = []
    for pair in pairs:
        photos = [wrong[name] for name in pair["names"][:_MAX_COMPARED] if name in wrong]
        right = [best[pair["prediction"]]] if pair["prediction"] in best else []
        shown.append({**pair, "shown": [*photos, *right]})
    return shown


def _saliency(
    overlays: Mapping[str, np.ndarray],
    galleries: Mapping[str, Sequence[Row]],
    rows: Sequence[Row],
    most: int,
) -> dict[str, np.ndarray]:
    """Saliency maps of photos of the page, at most so many, those of the galleries first."""
    first = [row["photo"] for name in ("Worst", "Best") for row in galleries[name]]
    known = {row["photo"] for row in rows}
    names = [name for name in dict.fromkeys([*first, *overlays]) if name in overlays]
    kept = [name for name in names if name in known][:most]
    return {name: overlays[name] for name in kept}


def _extras(rows: Sequence[Row]) -> list[str]:
    """Columns of the table of predictions that only some evaluations have."""
    columns = ("confidence", "accepted", "candidates", "unknown", "located")
    return [name for name in columns if any(row.get(name) is not None for row in rows)]
