"""An evaluation as a page that a person reads: one file, no server, nothing fetched."""

import base64
import math
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import chain, islice
from typing import Any

import numpy as np

from resistor_cls.evaluation.page import digits, encoded, many, rendered, share

Row = Mapping[str, Any]
Cells = dict[tuple[int, int], list[Row]]

MOST_PICTURES = 1200  # inside the page, 5 kB each: more than 8 MB a phone opens slowly
MOST_ROWS = 3000  # of the table of every prediction; searching more is slow on a phone
MOST_NAMED = 6000  # photos that the cells of the matrix name, all together
MOST_LISTED = 60  # photos behind one cell: more than that nobody looks at
GALLERY = 18  # photos: three rows of six, a screen full
WHOLE, PART = 160, 100  # categories: up to which the matrix shows all, and how many beyond
_BOX = (224, 160)  # pixels that a picture fits into: a square of 160, or a wide crop as it is
_WIDE = 1.4  # width / height from which pictures get more room in a row
_FEW = 12  # pictures of right photos of each category: as many as the page opens at once
_COMPARED = 5  # wrong photos of a confused pair
_TRADE = {
    "value": "Value in ohms",
    "watts": "Power in watts",
    "both": "Value and power",
    "bands": "Printed bands",
}
# Figures by their section, each with the words for those who do not see it.
_FIGURES = {
    "roc": "ROC curves",
    "precision_recall": "Precision and recall",
    "reliability": "How often an answer is right, by how sure the model is",
    "risk_coverage": "Wrong answers among those given, by the share of photos answered",
    "unknown": "Scores of known photos and of photos that show no category",
    "stress": "Accuracy by the strength of what was done to the photos",
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
        report: what `report.json` holds; the page says nothing that is not in it.
        figures: name → SVG: `reliability`, `risk_coverage`, `unknown`, `roc`, `precision_recall`,
            `stress`; one that is missing is left out.
        thumbnail: name of a photo → (height, width, 3) uint8 RGB, a small copy of it: the whole
            photo, or what the model gets of it.
        overlays: name of a photo → (height, width, 3) uint8 RGB, where the model looked.
        gallery: photos of each gallery.

    Returns:
        An HTML page of its own: pictures, style and script are inside.
    """
    rows = report["predictions"]
    matrix = _matrix(report)
    cells = _cells(report, matrix["indices"])
    galleries = _galleries(rows, gallery)
    pairs = _pairs(report["pairs"], rows)
    saliency = _saliency(overlays or {}, galleries, rows, 2 * gallery)
    shown = chain(
        *galleries.values(), *(pair["shown"] for pair in pairs), _found(saliency, rows).values()
    )
    names = _pictured((row["photo"] for row in shown), cells, MOST_PICTURES - len(saliency))
    photos = {name: thumbnail(name) for name in names}
    place = {name: number for number, name in enumerate(names)}
    shape = float(np.median([photo.shape[1] / photo.shape[0] for photo in photos.values()] or [1]))
    return rendered(
        "report.html",
        report=report,
        counts=report["counts"],
        cards=_cards(report),
        metrics=[_metric(row) for row in report["metrics"]],
        matrix=matrix,
        behind=_behind(report, cells, matrix, place),
        cell_link={f"{label}-{prediction}" for label, prediction in cells},
        index={name: number for number, name in enumerate(report["categories"])},
        pairs=pairs,
        per_category=_per_category(report),
        trade=_trade(report.get("trade") or {}),
        galleries=galleries,
        predictions=sorted(rows, key=_loss, reverse=True)[:MOST_ROWS],
        extras=_extras(rows),
        pictures=[encoded(photo, *_BOX) for photo in photos.values()],
        overlays=[encoded(overlay, *_BOX) for overlay in saliency.values()],
        looked=_found(saliency, rows),
        place=place,
        overlay={name: number for number, name in enumerate(saliency)},
        figures={name: _figure(figures[name]) for name in _FIGURES if name in figures},
        figure_words=_FIGURES,
        wide=shape > _WIDE,
        # Within reason: a part in a narrow strip still has a height.
        ratio=min(max(shape, 0.75), 3.0),
    )


def _loss(row: Row) -> float:
    return row["loss"] if row["loss"] is not None else 0.0


def _figure(svg: str) -> dict[str, Any]:
    """A figure as an address that holds it; as a picture it can run and fetch nothing."""
    width = re.search(r'<svg[^>]*?\swidth="([\d.]+)pt"', svg)
    return {
        "address": "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode(),
        # Pixels on a phone: type of 10 points must not get smaller than 7 pixels.
        "least": round(float(width[1]) * 4 / 3 * 0.55) if width else 0,
    }


def _interval(row: Row, text: Callable[[float | None], str]) -> str:
    if row.get("low") is None or row.get("high") is None:
        return ""
    return f"{text(row['low'])} to {text(row['high'])}"


def _metric(row: Row) -> dict[str, str]:
    """A metric in words: shares of photos in percent, the rest as numbers."""
    text = share if row["name"].endswith("accuracy") else digits
    if row["name"] == "roc_auc":
        text = _four
    return {
        "name": row["name"],
        "words": row["words"],
        "value": text(row["value"]),
        "interval": _interval(row, text),
    }


def _four(value: float | None) -> str:
    return digits(value, 4)  # good models differ in the third


def _cards(report: Row) -> list[dict[str, str]]:
    """The few numbers that matter, each with what it is held against."""
    counts = report["counts"]
    metrics = {row["name"]: _metric(row) for row in report["metrics"]}
    notes = {
        "accuracy": f"{counts['right']:,} of {many(counts['photos'], 'photo')}",
        "f1_macro": "every category counts the same",
        "roc_auc": "one category against the rest",
    }
    cards = []
    for name, note in notes.items():
        if name in metrics and metrics[name]["value"] != "–":
            row = metrics[name]
            interval = f"95% interval {row['interval']}" if row["interval"] else ""
            words = "; ".join(filter(None, [interval, note]))
            cards.append({"value": row["value"], "name": row["words"], "note": words})
    calibration = report.get("calibration")
    if calibration:
        cards += _calibration_cards(calibration)
    value = (report.get("trade") or {}).get("value")
    if value and value["judged"]:
        note = f"{value['right']:,} of {many(value['judged'], 'photo')}, whatever the power"
        cards.append({"value": share(value["share"]), "name": "values in ohms right", "note": note})
    return cards


def _calibration_cards(calibration: Row) -> list[dict[str, str]]:
    risk = calibration.get("promised") or 0.01
    (row,) = (row for row in calibration["reject"] if row["risk"] == risk)
    if row["accepted"] is None:  # not promised, or in too few of the turns
        value, note = "none", row["reason"]
    else:
        value = share(row["coverage"])
        note = f"the rest is left to a person; {row['wrong']} of {row['accepted']:,} wrong"
    name = f"of the photos answered at {share(risk)} risk"
    cards = [{"value": value, "name": name, "note": note}]
    ece = calibration["ece"]
    note = f"{digits(ece['before'])} before calibration"
    cards.append({"value": digits(ece["after"]), "name": "calibration error (ECE)", "note": note})
    return cards


def _matrix(report: Row) -> dict[str, Any]:
    """The confusion matrix, cell by cell; of too many categories those most confused."""
    names, cells = report["categories"], report["confusion"]["cells"]
    photos, confused = [0] * len(names), [0] * len(names)
    for label, prediction, count in cells:
        photos[label] += count
        if label != prediction:
            confused[label] += count
            confused[prediction] += count
    indices = list(range(len(names)))
    if len(names) > WHOLE:
        most = sorted(indices, key=lambda index: -confused[index])[:PART]
        indices = sorted(index for index in most if confused[index])
    position = {index: place for place, index in enumerate(indices)}
    shown = [cell for cell in cells if cell[0] in position and cell[1] in position]
    # Right ones and wrong ones on scales of their own: a few confused photos are seen beside many.
    tops = {
        right: (
            max((count for *_, count in part), default=1),
            max((count / photos[label] for label, _, count in part), default=1),
        )
        for right in (True, False)
        for part in [[cell for cell in shown if (cell[0] == cell[1]) is right]]
    }
    rows: list[dict[str, Any]] = [
        {"index": index, "name": names[index], "cells": [None] * len(indices)} for index in indices
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
    longest = max((len(str(count)) for *_, count in shown), default=1)
    return {
        "indices": indices,
        "rows": rows,
        "together": [position[i] for i in report["confusion"]["order"] if i in position],
        "confused": [confused[index] > 0 for index in indices],
        "width": max(1.45, 0.4 * longest + 0.25),  # rem that the longest number needs
        "wrong": sum(count for label, prediction, count in cells if label != prediction),
        "wrong_shown": sum(count for label, prediction, count in shown if label != prediction),
    }


def _depth(part: float) -> float:
    """Depth of a colour; the root lifts a single photo off the white, and ink stays readable."""
    return 0.12 + 0.48 * math.sqrt(part)


def _cells(report: Row, indices: Sequence[int]) -> Cells:
    """Photos behind the cells of these categories, the highest loss first."""
    index = {name: number for number, name in enumerate(report["categories"])}
    kept = set(indices)
    cells: Cells = defaultdict(list)
    for row in report["predictions"]:
        label, prediction = index[row["label"]], index[row["prediction"]]
        if label in kept and prediction in kept:
            cells[label, prediction].append(row)
    return {cell: sorted(photos, key=_loss, reverse=True) for cell, photos in cells.items()}


def _ranked(cells: Cells, right: bool, most: int) -> list[Row]:
    """Photos of right or of wrong cells: the first of each cell, then the second of each."""
    ranked = [
        (rank, cell, row)
        for cell, rows in cells.items()
        if (cell[0] == cell[1]) is right
        for rank, row in enumerate(rows[:most])
    ]
    return [row for *_, row in sorted(ranked, key=lambda entry: entry[:2])]


def _pictured(first: Iterable[str], cells: Cells, most: int) -> list[str]:
    """Names of the photos that the page shows: those it must, wrong ones, some right ones."""
    wrong, right = _ranked(cells, False, MOST_LISTED), _ranked(cells, True, _FEW)
    names = chain(first, (row["photo"] for row in chain(wrong, right)))
    return list(islice(dict.fromkeys(names), most))


def _behind(
    report: Row, cells: Cells, matrix: Row, place: Mapping[str, int]
) -> dict[str, list[Any]]:
    """What the script opens: the cells, the most confused first, and the photos that they name."""
    named = [*_ranked(cells, False, MOST_LISTED), *_ranked(cells, True, MOST_LISTED)][:MOST_NAMED]
    number = {row["photo"]: position for position, row in enumerate(named)}
    kept = set(matrix["indices"])
    counts = [cell for cell in report["confusion"]["cells"] if {cell[0], cell[1]} <= kept]
    counts.sort(key=lambda cell: (cell[0] == cell[1], -cell[2]))
    return {
        "names": [name if index in kept else "" for index, name in enumerate(report["categories"])],
        "cells": [
            [
                *(label, prediction, count),
                [
                    number[row["photo"]]
                    for row in cells.get((label, prediction), [])[:MOST_LISTED]
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
        "together": matrix["together"],
        "confused": matrix["confused"],
    }


def _galleries(rows: Sequence[Row], most: int) -> dict[str, list[Row]]:
    by_loss = sorted(rows, key=_loss)
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
    """Confused pairs, each with some wrong photos and the surest right one of what they read."""
    wrong = _found([name for pair in pairs for name in pair["names"][:_COMPARED]], rows)
    best: dict[str, Row] = {}
    for row in rows:
        known = best.get(row["label"])
        if row["correct"] and (known is None or _loss(row) < _loss(known)):
            best[row["label"]] = row
    shown = []
    for pair in pairs:
        photos = [wrong[name] for name in pair["names"][:_COMPARED] if name in wrong]
        right = [best[pair["prediction"]]] if pair["prediction"] in best else []
        shown.append({**pair, "shown": [*photos, *right]})
    return shown


def _saliency(
    overlays: Mapping[str, np.ndarray],
    galleries: Mapping[str, Sequence[Row]],
    rows: Sequence[Row],
    most: int,
) -> dict[str, np.ndarray]:
    """Overlays of photos of the page, at most so many, those of the galleries first."""
    first = [row["photo"] for name in ("Worst", "Best") for row in galleries[name]]
    known = {row["photo"] for row in rows}
    names = [name for name in dict.fromkeys([*first, *overlays]) if name in overlays]
    kept = [name for name in names if name in known][:most]
    return {name: overlays[name] for name in kept}


def _per_category(report: Row) -> list[dict[str, Any]]:
    """A row per category, with what it is most often taken for."""
    names = report["categories"]
    taken: dict[str, tuple[int, int, int]] = {}
    for label, prediction, count in report["confusion"]["cells"]:
        if label != prediction and count > taken.get(names[label], (0, 0, 0))[2]:
            taken[names[label]] = (label, prediction, count)
    return [{**row, "taken": taken.get(row["category"])} for row in report["per_category"]]


def _trade(trade: Row) -> dict[str, Any]:
    """Questions of the trade that the names of the categories answer."""
    questions = [
        {**trade[name], "words": words, "interval": _interval(trade[name], share)}
        for name, words in _TRADE.items()
        if trade.get(name) and trade[name]["judged"]
    ]
    decades = trade.get("decades")
    steps = []
    below: float | None = None
    for row in (decades or {}).get("histogram", []):
        end = row["up_to"]
        if end == 0:
            words = "none: the value is right"
        elif end is None:
            words = f"more than {below:g}"
        else:
            words = f"up to {end:g}"
        steps.append({"words": words, "photos": row["photos"]})
        below = end
    return {
        "questions": questions,
        "decades": decades,
        "steps": steps,
        "most": max((row["photos"] for row in steps), default=0) or 1,
        "worst": trade.get("worst") or [],
        "cost": trade.get("cost"),
    }


def _extras(rows: Sequence[Row]) -> list[str]:
    """Columns of the predictions that this evaluation has, beyond those of every one."""
    columns = ("confidence", "accepted", "candidates", "unknown", "located")
    return [name for name in columns if any(row.get(name) is not None for row in rows)]
