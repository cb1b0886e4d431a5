"""An audit as a page: one HTML file that fetches nothing."""

import functools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import numpy as np

from resistor_cls.evaluation.pages.page import SMALL, encoded, rendered
from resistor_cls.evaluation.wording import many, percent, short

Thumbnail = Callable[[str], np.ndarray]
Row = Mapping[str, Any]

MAX_SHOWN = 60  # pictures or names in one list
LARGE = 224  # pixels: pictures that are compared
# A colour for each of the first cameras, which colour-blind readers tell apart: variables of the
# page's style, which are lighter on a dark page.
_COLOURS = tuple(f"var(--camera-{number})" for number in range(6))
_OTHER = "var(--camera-other)"
_MAX_CAMERAS = 8  # columns of the matrix; the rest of the cameras are one column
_MIN_GAP = 0.3  # percent of the width: bursts closer than that are drawn as one
_MAX_MARKS = 30  # lines on the axis of time: days, months or years
# Digits of an ISO date that name a mark → its labels, of which the first that fits is used: form,
# width that it needs in percent of the narrowest axis (34 rem), and digits that the date must share
# with the label before.
_MARKS: dict[int, list[tuple[str, float, int]]] = {
    10: [
        ("{0.day}", 4.5, 7),
        ("{0.day} {0:%b}", 10.0, 4),
        ("{0.day} {0:%b %Y}", 17.0, 0),
        ("{0.day} {0:%b}", 10.0, 0),
    ],
    7: [("{0:%b}", 7.0, 4), ("{0:%b %Y}", 14.0, 0), ("{0:%b}", 7.0, 0)],
    4: [("{0.year}", 8.0, 0)],
}
_MAX_NAME = 28  # characters of a category beside its bursts


def audit_page(audit: Mapping[str, Any], thumbnail: Thumbnail) -> str:
    """Renders an audit.

    Args:
        audit: the content of `audit.json`; the page states nothing else.
        thumbnail: file name of a photo → (height, width, 3) uint8 RGB, a small copy of it.

    Returns:
        An HTML page that holds its pictures, style and script.
    """
    return rendered(
        "audit_report.html",
        audit=audit,
        counts=audit["counts"],
        cards=_cards(audit),
        copies=_copies(audit),
        timeline=_timeline(audit),
        camera_matrix=_camera_matrix(audit),
        background_matrix=_matrix(audit["categories"], "backgrounds"),
        strips=_strips(audit["categories"]),
        picture=functools.cache(lambda name, side=SMALL: encoded(thumbnail(name), side, side)),
        most=MAX_SHOWN,
        large=LARGE,
    )


def _cards(audit: Mapping[str, Any]) -> list[dict[str, str]]:
    """The main numbers, each with what it is compared with."""
    rows = [row for row in audit["categories"] if row["photos"]]
    sizes = sorted(row["photos"] for row in rows) or [0]
    cards = [
        {
            "value": f"{sizes[0]} – {sizes[-1]}" if sizes[0] < sizes[-1] else f"{sizes[0]}",
            "name": "photos per category",
            "note": f"{audit['counts']['photos']:,} photos of {many(len(rows), 'category')}",
        }
    ]
    border = audit["shortcuts"]["border"]
    if not border["reason"]:
        cards.append(
            {
                "value": percent(border["capture"]["accuracy"]),
                "name": "of photos predicted correctly from the border alone",
                "note": "by a simple classifier, across blocks in capture order; chance is "
                f"{percent(_chance(border))}",
            }
        )
    timed = [row for row in rows if row["timed"]]
    if timed:
        days = sorted(row["days"] for row in timed)
        cards.append(
            {
                "value": f"{sum(day == 1 for day in days)} of {len(timed)}",
                "name": "categories taken on a single day",
                "note": f"{many(len(audit['timeline']['days']), 'day')} with photos in all",
            }
        )
    copies, pairs = audit["duplicates"]["exact"], audit["duplicates"]["near"]
    many_copies = sum(len(group) - 1 for group in copies)
    cards += [
        {
            "value": f"{many_copies:,}",
            "name": "exact copy" if many_copies == 1 else "exact copies",
            "note": f"photos with the same pixels as another, in {many(len(copies), 'group')}",
        },
        {
            "value": f"{len(pairs):,}",
            "name": "pair of near-duplicates" if len(pairs) == 1 else "pairs of near-duplicates",
            "note": "two photos of one part in one arrangement",
        },
    ]
    if audit["bodies"]["boxes"]:
        size = audit["image_size"]  # or rows and columns
        shape = size if isinstance(size, int) else " × ".join(map(str, size))
        cards.append(
            {
                "value": f"{audit['bodies']['at_image_size']:.0f} px",
                "name": "length of the median body",
                "note": f"in a model’s {shape} px; {audit['bodies']['median']:.0f} px in the photo",
            }
        )
    return cards


def _copies(audit: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Groups of exact duplicates with their labels, those of several labels first."""
    label_of = {row["photo"]: row["category"] for row in audit["photos"]}
    groups = [
        {"names": names, "labels": sorted({label_of[name] for name in names})}
        for names in audit["duplicates"]["exact"]
    ]
    return sorted(groups, key=lambda group: -len(group["labels"]))


def _chance(score: Row) -> float:
    return max(score["most_frequent"], score["uniform"])


def _timeline(audit: Mapping[str, Any]) -> dict[str, Any]:
    """Bars of bursts on an axis of photos in capture order.

    On an axis of time a few days of photos would be invisible in a year.
    """
    total = audit["timeline"]["photos"]
    rows = [row for row in audit["categories"] if row["photos"]]
    if not total:
        return {"rows": []}
    drawn = [
        {
            "name": row["name"],
            "short": short(row["name"], _MAX_NAME),
            "bars": _bars([burst for burst in row["bursts"] if burst["first"]], total),
            "note": _burst_note(row),
        }
        for row in sorted(rows, key=_first_place)
    ]
    cameras = audit["cameras"]
    legend = [
        {"name": row["name"], "colour": _COLOURS[place]}
        for place, row in enumerate(cameras[: len(_COLOURS)])
    ]
    if len(cameras) > len(_COLOURS):
        rest = len(cameras) - len(_COLOURS)
        legend.append({"name": many(rest, "more camera"), "colour": _OTHER})
    return {
        "rows": drawn,
        "marks": _marks(audit["timeline"]),
        "unit": {10: "day", 7: "month", 4: "year"}[_digits(audit["timeline"]["days"])],
        "cameras": legend,
        # Rem that the longest name needs at four fifths of the page's type, bounded.
        "names": min(15.0, max(5.0, 0.47 * max(len(row["short"]) for row in drawn) + 1)),
    }


def _first_place(row: Row) -> float:
    return min((burst["from"] for burst in row["bursts"] if burst["first"]), default=math.inf)


def _bars(bursts: Sequence[Row], total: int) -> list[dict[str, Any]]:
    bars: list[dict[str, Any]] = []
    for burst in sorted(bursts, key=lambda burst: burst["from"]):
        left, right = (100 * burst[end] / total for end in ("from", "to"))
        camera = burst["camera"]
        colour = _COLOURS[camera] if camera < len(_COLOURS) else _OTHER
        if bars and bars[-1]["colour"] == colour and left - bars[-1]["right"] < _MIN_GAP:
            bars[-1]["right"] = max(right, bars[-1]["right"])
            bars[-1]["photos"] += burst["photos"]
            continue
        bars.append(
            {
                "left": left,
                "right": right,
                "colour": colour,
                "photos": burst["photos"],
                "began": "{0.day} {0:%B %Y, %H:%M}".format(_date(burst["first"])),
            }
        )
    return bars


def _burst_note(row: Row) -> str:
    timed = [burst for burst in row["bursts"] if burst["first"]]
    if not timed:
        return "no capture time"
    seconds = sum((_date(burst["last"]) - _date(burst["first"])).total_seconds() for burst in timed)
    length = f"{seconds / 60:.0f} min" if seconds >= 60 else f"{seconds:.0f} s"
    days = f", {row['days']} days" if row["days"] > 1 else ""
    return f"{many(len(timed), 'burst')}, {length}{days}"


def _marks(timeline: Row) -> list[dict[str, Any]]:
    """Where days begin on the axis; months or years where there are too many days."""
    days = timeline["days"]
    digits = _digits(days)
    first = {day["date"][:digits]: day for day in reversed(days)}
    marks = list(reversed(first.values()))
    starts = [100 * mark["from"] / timeline["photos"] for mark in marks]
    widths = [end - start for start, end in zip(starts, [*starts[1:], 100.0], strict=True)]
    last = ""  # the date of the newest label
    drawn = []
    for mark, left, width in zip(marks, starts, widths, strict=True):
        forms = [
            form
            for form, needed, same in _MARKS[digits]
            if width >= needed and last[:same] == mark["date"][:same]
        ]
        label = forms[0].format(date.fromisoformat(mark["date"])) if forms else ""
        last = mark["date"] if label else last
        drawn.append({"left": left, "label": label, "date": mark["date"]})
    return drawn


def _digits(days: Sequence[Row]) -> int:
    """Digits of an ISO date that name a mark on the axis of time."""
    counts = {digits: len({day["date"][:digits] for day in days}) for digits in _MARKS}
    return next((digits for digits, count in counts.items() if count <= _MAX_MARKS), 4)


def _date(moment: str) -> datetime:
    return datetime.fromisoformat(moment)


def _matrix(rows: Iterable[Row], key: str) -> list[dict[str, Any]]:
    """Counts and shares of each category's photos, a row per category."""
    return [
        {
            "name": row["name"],
            "cells": [
                {"photos": count, "share": count / max(row["photos"], 1)} for count in row[key]
            ],
        }
        for row in rows
    ]


def _camera_matrix(audit: Mapping[str, Any]) -> dict[str, Any]:
    """The same of cameras; those beyond the eighth are one column."""
    most = _MAX_CAMERAS
    names = [row["name"] for row in audit["cameras"]]
    rows = audit["categories"]
    if len(names) > most:
        names = [*names[:most], many(len(names) - most, "more camera")]
        rows = [
            {**row, "cameras": [*row["cameras"][:most], sum(row["cameras"][most:])]} for row in rows
        ]
    return {"names": names, "rows": _matrix(rows, "cameras")}


def _strips(rows: Sequence[Row]) -> dict[str, Any]:
    """Distributions as places in percent on the scale of each measure."""
    filled = [row for row in rows if row["photos"]]
    scales = {
        key: scale
        for key, logarithmic in (("brightness", False), ("sharpness", True), ("body", False))
        if (scale := _scale([row[key] for row in filled if row[key]], logarithmic)) is not None
    }
    return {
        "scales": scales,
        "rows": [
            {
                "name": row["name"],
                "clipped": row["clipped"]["high"],
                **{key: _strip(row[key], scale) for key, scale in scales.items()},
            }
            for row in filled
        ],
    }


def _scale(spreads: Sequence[Row], logarithmic: bool) -> dict[str, Any] | None:
    if not spreads:
        return None
    low = min(spread["low"] for spread in spreads)
    high = max(spread["high"] for spread in spreads)
    if logarithmic:
        low = max(low, 0.1)  # grey levels²: below it a photo is uniform
        high = max(high, low)
    return {"low": low, "high": high, "logarithmic": logarithmic}


def _strip(spread: Row | None, scale: Row) -> dict[str, Any] | None:
    if spread is None:
        return None
    to = math.log if scale["logarithmic"] else float
    low, high = to(scale["low"]), to(scale["high"])
    width = (high - low) or 1.0
    places = {
        rank: 100 * (to(max(value, scale["low"])) - low) / width for rank, value in spread.items()
    }
    return {"median_value": spread["median"], "places": places, "values": spread}
