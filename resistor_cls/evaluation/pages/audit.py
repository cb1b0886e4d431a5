"""An audit as a page: one HTML file that fetches nothing."""

import functools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from resistor_cls.errors import many
from resistor_cls.evaluation.pages.audit_cards import audit_cards
from resistor_cls.evaluation.pages.audit_timeline import timeline_of
from resistor_cls.evaluation.pages.page import SMALL, encoded, rendered

Thumbnail = Callable[[str], np.ndarray]
Row = Mapping[str, Any]

MAX_SHOWN = 60  # pictures or names in one list
LARGE = 224  # pixels: pictures that are compared
_MAX_CAMERAS = 8  # columns of the matrix; the rest of the cameras are one column


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
        cards=audit_cards(audit),
        copies=_copies(audit),
        timeline=timeline_of(audit),
        camera_matrix=_camera_matrix(audit),
        background_matrix=_matrix(audit["categories"], "backgrounds"),
        strips=_strips(audit["categories"]),
        picture=functools.cache(lambda name, side=SMALL: encoded(thumbnail(name), side, side)),
        most=MAX_SHOWN,
        large=LARGE,
    )


def _copies(audit: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Groups of exact duplicates with their labels, those of several labels first."""
    label_of = {row["photo"]: row["category"] for row in audit["photos"]}
    groups = [
        {"names": names, "labels": sorted({label_of[name] for name in names})}
        for names in audit["duplicates"]["exact"]
    ]
    return sorted(groups, key=lambda group: -len(group["labels"]))


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
