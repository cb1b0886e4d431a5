"""The timeline of an audit's page: bursts of each category in capture order."""

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from resistor_cls.errors import many
from resistor_cls.evaluation.wording import short

Row = Mapping[str, Any]

# A colour for each of the first cameras, which colour-blind readers tell apart: variables of the
# page's style, which are lighter on a dark page.
_COLOURS = tuple(f"var(--camera-{number})" for number in range(6))
_OTHER = "var(--camera-other)"
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


def timeline_of(audit: Row) -> dict[str, Any]:
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
        "marks": marks_of(audit["timeline"]),
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


def marks_of(timeline: Row) -> list[dict[str, Any]]:
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
