"""Values on a page: the section of a report, and the page of photos that have values alone."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from resistor_cls.colour_code import ohms_in_words
from resistor_cls.errors import many
from resistor_cls.evaluation.pages.page import encoded, rendered
from resistor_cls.evaluation.pages.pictures import LARGE, picture_shape, svg_picture
from resistor_cls.evaluation.pages.summary import interval_of, verb
from resistor_cls.evaluation.wording import share

Row = Mapping[str, Any]

FIGURES = {
    "band_confusion": "Which colour is read for which band",
    "value_risk_coverage": "Wrong values among the accepted ones, by the share accepted",
}
_PROPERTIES = {
    "photographer": "Photographer",
    "band_count": "Number of bands",
    "body_colour": "Body colour",
    "light": "Light",
    "part": "Part",
}
MAX_ROWS = 3000  # of readings on the page: a phone searches more of them slowly
_MAX_WRONG = 0.05  # share of wrong values among the accepted above which the card warns


def value_page(
    report: Row,
    rows: Sequence[Row],
    figures: Mapping[str, str],
    thumbnail: Callable[[str], np.ndarray],
    gallery: int,
) -> str:
    """Renders an evaluation of photos that have values, and no categories of the model.

    Args:
        report: the content of `report.json`; the page states nothing else.
        rows: see `resistor_cls.evaluation.values.value_rows`.
        figures: name of `FIGURES` → SVG; a missing one is left out.
        thumbnail: name of a photo → (height, width, 3) uint8 RGB, what the model sees of it.
        gallery: photos of each gallery.

    Returns:
        An HTML page that holds its pictures, style and script.
    """
    galleries = _galleries(rows, gallery)
    names = dict.fromkeys(row["photo"] for some in galleries.values() for row in some)
    photos = [thumbnail(name) for name in names]
    ordered = sorted(rows, key=lambda row: (row["value_correct"], -row["value_probability"]))
    return rendered(
        "value_report.html",
        report=report,
        counts=report["counts"],
        summary=summary(report["values"]),
        cards=cards(report["values"]),
        galleries=galleries,
        predictions=[_row(row) for row in ordered[:MAX_ROWS]],
        listed=_listed(len(rows)),
        pictures=[encoded(photo, *LARGE) for photo in photos],
        place={name: number for number, name in enumerate(names)},
        matrix={"width": 1.0},  # of the style that the pages share
        **picture_shape(photos),
        **section(report["values"], figures),
    )


def section(values: Row | None, figures: Mapping[str, str]) -> dict[str, Any]:
    """What `value_section.html` names.

    Args:
        values: part `values` of the report; None where no values were read.
        figures: name of `FIGURES` → SVG.
    """
    return {
        "values": values,
        "value_tables": [] if values is None else _tables(values),
        "value_words": "" if values is None else " ".join(summary(values)),
        "value_band_words": "" if values is None else _bands(values),
        "value_figures": {
            name: {**svg_picture(figures[name]), "words": words}
            for name, words in FIGURES.items()
            if name in figures
        },
    }


def summary(values: Row) -> list[str]:
    """The sentences on all photos, for a person who reads nothing else."""
    whole = values["groups"][0]
    clusters = f"; it resamples {many(whole['clusters'], values['cluster'])}"
    interval = interval_of(whole)
    sentences = [
        f"The value in ohms is right for {whole['right']:,} of {many(whole['photos'], 'photo')} "
        f"({share(whole['accuracy'])}{interval}{clusters if interval else ''})."
    ]
    if values["unread"]:
        sentences.append(f"In {many(values['unread'], 'photo')} nothing was read.")
    at = f"At a probability of {values['threshold']:g} or more,"
    if not whole["accepted"]:
        return [*sentences, f"{at} no reading is accepted."]
    wrong, accepted = whole["accepted_wrong"], whole["accepted"]
    sentences.append(
        f"{at} {share(whole['coverage'])} of the readings are accepted, and {wrong:,} of these "
        f"{accepted:,} {verb(wrong)} wrong ({share(whole['accepted_wrong_share'])})."
    )
    return [*sentences, *_photographers(values)]


def _photographers(values: Row) -> list[str]:
    rows = [row for row in values["groups"] if row["by"] == "photographer" and row["accepted"]]
    if len(rows) < 2:
        return []
    worst = max(rows, key=lambda row: row["accepted_wrong_share"])
    if not worst["accepted_wrong"]:
        return []
    return [
        f"By photographer, the largest share of accepted values is wrong for {worst['group']}: "
        f"{worst['accepted_wrong']:,} of {worst['accepted']:,} "
        f"({share(worst['accepted_wrong_share'])})."
    ]


def cards(values: Row) -> list[dict[str, str]]:
    """The main numbers, each with what it is compared with."""
    whole, confusion = values["groups"][0], values["band_confusion"]
    photos = many(whole["photos"], "photo")
    note = f"{whole['right']:,} of {photos}{interval_of(whole)}"
    found = [_card(share(whole["accuracy"]), "values in ohms right", note)]
    note = f"“don't know” below a probability of {values['threshold']:g}"
    found.append(_card(share(whole["coverage"]), "of the readings accepted", note))
    if whole["accepted"]:
        wrong = whole["accepted_wrong_share"]
        note = f"{whole['accepted_wrong']:,} of {whole['accepted']:,}"
        found.append(_card(share(wrong), "of the accepted wrong", note, wrong > _MAX_WRONG))
    if confusion is not None:
        note = f"{confusion['right']:,} of {confusion['bands']:,} bands of known colour"
        found.append(_card(share(confusion["right"] / confusion["bands"]), "of bands right", note))
    return found


def _card(value: str, name: str, note: str, warn: bool = False) -> dict[str, str]:
    return {"value": value, "name": name, "note": note, "tone": "warn" if warn else ""}


def _tables(values: Row) -> list[dict[str, Any]]:
    """A table for each property of the photos."""
    tables = []
    for by, words in _PROPERTIES.items():
        rows = [row for row in values["groups"] if row["by"] == by]
        if rows:
            rows = [
                {**row, "interval": interval_of(row).removeprefix(", 95 % interval ")}
                for row in rows
            ]
            tables.append({"words": words, "rows": rows})
    return tables


def _bands(values: Row) -> str:
    confusion = values["band_confusion"]
    if confusion is None:
        return ""
    return (
        f"{confusion['right']:,} of {many(confusion['bands'], 'band')} "
        f"({share(confusion['right'] / confusion['bands'])}) on "
        f"{many(confusion['photos'], 'photo')} with known bands have their true colour. Bands are "
        "compared in the direction that fits better, so that a wrong direction does not count as a "
        "wrong colour."
    )


def _galleries(rows: Sequence[Row], most: int) -> dict[str, list[dict[str, Any]]]:
    by_probability = sorted(rows, key=lambda row: -row["value_probability"])
    wrong = [row for row in by_probability if not row["value_correct"]]
    unsure = [row for row in by_probability if not row["value_accepted"]]
    drawn = np.random.default_rng(0).permutation(len(rows))[:most]
    galleries = {
        "Wrong, the most probable first": wrong[:most],
        "Not accepted, the least probable first": unsure[::-1][:most],
        "Random": [rows[number] for number in drawn],
    }
    return {title: [_row(row) for row in some] for title, some in galleries.items() if some}


def _row(row: Row) -> dict[str, Any]:
    """A reading in words."""
    return {
        **row,
        "true_words": ohms_in_words(row["ohms_true"]),
        "words": "nothing read" if row["ohms"] is None else ohms_in_words(row["ohms"]),
    }


def _listed(count: int) -> str:
    if count > MAX_ROWS:
        return f"The first {MAX_ROWS:,} of {many(count, 'photo')}: wrong ones first. "
    return "Wrong ones first, the most probable on top. "
