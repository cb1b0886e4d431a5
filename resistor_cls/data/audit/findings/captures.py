"""Findings about when, with what and against what background photos were taken."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from resistor_cls.data.audit.findings.finding import Finding, Sections
from resistor_cls.errors import many, some_names

ONE_PLACE = 0.95  # share of a category's photos that makes a camera or background its only one
ONE_BURST = 0.9  # share of a category's photos that makes it one burst
# Probability of any false alarm about cameras or backgrounds in a whole set.
FALSE_ALARM = 0.01


def capture_findings(sections: Sections) -> Iterator[Finding]:
    """Categories that were taken in one burst, by one camera or on one background."""
    rows = [row for row in sections["categories"] if row["photos"]]
    yield from _time_findings(rows)
    yield from _place_findings(sections, rows)


def _time_findings(rows: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    timed = [row for row in rows if row["timed"]]
    one = [row["name"] for row in timed if row["timed"] > 3 and row["largest_burst"] >= ONE_BURST]
    if one:
        yield Finding(
            "one_burst",
            "risk",
            "Categories that are one burst",
            f"{len(one)} of {many(len(timed), 'category')} with capture times have "
            f"{ONE_BURST:.0%} or more of their timed photos in one burst, which has no pause "
            "over a minute.",
            "Neighbouring frames share the part, the table and the light, so a random split "
            "overstates the accuracy of every model.",
            "Evaluate with data.split=capture, and take each category again, on another day "
            "with other parts.",
            "capture",
            categories=one,
        )
    without = [row["name"] for row in rows if row["timed"] < row["photos"]]
    if without:
        photos = sum(row["photos"] - row["timed"] for row in rows)
        yield Finding(
            "no_time",
            "note",
            "Photos without a capture time",
            f"{many(photos, 'photo')} of {many(len(without), 'category')} ({some_names(without)}).",
            "Their order is taken from the file names, which may not be the order they were "
            "taken in.",
            "Keep the camera's EXIF data when photos are copied.",
            "capture",
            categories=without,
        )


def _place_findings(sections: Sections, rows: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    for key, word in (("cameras", "camera"), ("backgrounds", "background")):
        single = one_place(rows, key)
        if single:
            nameless = any(row.get("name") == "" for row in sections[key])
            yield Finding(
                f"one_{word}",
                "risk",
                f"Categories with one {word} only",
                f"{len(single)} of {many(len(rows), 'category')} have {ONE_PLACE:.0%} of "
                f"their photos or more of one of {len(sections[key])} {word}s"
                + (", photos that name none counted as one" if nameless else "")
                + ". Chance does not explain it.",
                f"A model can learn the {word} instead of the part.",
                f"Take each category with every {word}, then evaluate with data.split={word}.",
                "capture" if key == "cameras" else "backgrounds",
                categories=single,
            )


def one_place(rows: Sequence[Mapping[str, Any]], key: str) -> list[str]:
    """Names the categories that sit at one place only, more than chance lets some sit there.

    Args:
        rows: of the categories.
        key: `cameras` or `backgrounds`.
    """
    if not rows:
        return []
    counts = np.array([row[key] for row in rows])
    single = []
    for row, mine in zip(rows, counts, strict=True):
        place, photos = int(mine.argmax()), int(mine.sum())
        if mine[place] < ONE_PLACE * photos:
            continue
        # Probability that all photos of a category are at that place, assigned like all the others.
        others = counts.sum(axis=0) - mine
        share = (others[place] + 1) / (others.sum() + 2)
        if share ** int(mine[place]) * len(rows) < FALSE_ALARM:
            single.append(row["name"])
    return single
