"""What follows from the sections of an audit, in words.

Each finding is read from the sections alone, so that none can claim what the report does not show.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from resistor_cls.data.audit.sections import WHITE
from resistor_cls.data.sources.boxes import FILE
from resistor_cls.data.sources.sources import some_names

SEVERITIES = ("problem", "risk", "note")

FEW = 20  # photos of a category: of fewer, a validation fold of a fifth holds three or none
UNEVEN = 5  # times as many photos in the largest category as in the smallest
ONE_PLACE = 0.95  # share of a category's photos that makes a camera or background its only one
ONE_BURST = 0.9  # share of a category's photos that makes it one burst
SURPRISE = 0.01  # chance of any false alarm about cameras or backgrounds in a whole set
ABOVE_CHANCE = 0.05  # of accuracy, and three standard errors: less is not worth a word
THIN = 36  # pixels: a twelfth of a body is one band, which needs three pixels to have a colour

Sections = Mapping[str, Any]


@dataclass(frozen=True)
class Finding:
    """One thing that was found.

    Attributes:
        id: the same in every report.
        severity: `problem`, something is wrong; `risk`, a model can be misled or overrated;
            `note`, good to know.
        title: in a few words.
        found: what, in numbers.
        why: it matters, in one sentence.
        do: about it, in one sentence.
        section: of the report that shows it.
        photos: file names that it is about; empty where it is about all.
        categories: that it is about, likewise.
    """

    id: str
    severity: str
    title: str
    found: str
    why: str
    do: str
    section: str
    photos: Sequence[str] = field(default=())
    categories: Sequence[str] = field(default=())


def findings_of(sections: Sections) -> list[Finding]:
    """All that follows from the sections of an audit, by subject."""
    return [
        finding
        for look in (_file_findings, _duplicate_findings, _capture_findings, _shortcut_findings)
        for finding in look(sections)
    ] + [*_light_findings(sections), *_body_findings(sections)]


def _file_findings(sections: Sections) -> list[Finding]:
    files, rows = sections["files"], sections["categories"]
    photos = sum(row["photos"] for row in rows)
    found = []
    if files["unreadable"]:
        reasons = Counter(row["reason"] for row in files["unreadable"])
        found.append(
            Finding(
                "unreadable",
                "problem",
                "Files that cannot be read",
                f"{_many(len(files['unreadable']), 'file')} of "
                f"{photos + len(files['unreadable'])}: "
                + "; ".join(f"{reason} ({count})" for reason, count in reasons.most_common(3))
                + ".",
                "Training stops at such a file, or goes on without it.",
                "Copy the originals again, or remove the files.",
                "files",
                photos=[row["photo"] for row in files["unreadable"]],
            )
        )
    empty = [row["name"] for row in rows if row["photos"] == 0]
    if empty:
        found.append(
            Finding(
                "empty_categories",
                "problem",
                "Categories without a readable photo",
                f"{_many(len(empty), 'category')}: {some_names(empty)}.",
                "A model cannot learn what it never sees.",
                "Add photos, or remove the categories.",
                "categories",
                categories=empty,
            )
        )
    few = [row["name"] for row in rows if 0 < row["photos"] < FEW]
    if few:
        least = min(row["photos"] for row in rows if row["photos"])
        found.append(
            Finding(
                "few_photos",
                "risk",
                "Categories with few photos",
                f"{_many(len(few), 'category')} of {len(rows)} with fewer than {FEW} photos, the "
                f"smallest with {least}.",
                "So few photos are learned by heart, and a score on a handful of them is luck.",
                f"Take more photos, {FEW} or more of each category and in several arrangements.",
                "categories",
                categories=few,
            )
        )
    filled = sorted(row["photos"] for row in rows if row["photos"])
    if filled and filled[-1] >= UNEVEN * filled[0]:
        found.append(
            Finding(
                "uneven",
                "note",
                "Categories of uneven size",
                f"The largest has {filled[-1]} photos, the smallest {filled[0]}.",
                "Accuracy depends mostly on the large categories, and hides what goes wrong in "
                "the small ones.",
                "Compare models by macro averages (val/f1_macro, val/roc_auc) and by category.",
                "categories",
            )
        )
    if files["ignored"]:
        found.append(
            Finding(
                "ignored",
                "note",
                "Files that are not photos",
                f"{_many(len(files['ignored']), 'file')} beside the photos.",
                "They are left out, most by their suffix; a photo among them would be missed.",
                "Convert what is a photo to JPEG or PNG, and move the rest away.",
                "files",
                photos=files["ignored"],
            )
        )
    return found + _format_findings(files, photos)


def _format_findings(files: Mapping[str, Any], photos: int) -> list[Finding]:
    found = []
    if len(files["sizes"]) > 1:
        usual, *odd = files["sizes"]
        others = photos - usual["photos"]
        found.append(
            Finding(
                "sizes",
                "note",
                "Photos of another size"
                if 2 * usual["photos"] > photos
                else "Photos of many sizes",
                f"{usual['photos']:,} of {photos:,} photos are {usual['width']} × "
                f"{usual['height']} pixels, {others:,} are not "
                f"({_first([_size(row) for row in odd])}).",
                "A photo is resized to a square: one of another shape is squeezed, and looks "
                "different for no reason of the part.",
                "Crop such photos to the shape of the others.",
                "files",
                photos=_names(odd),
            )
        )
    odd = [row for row in files["modes"] if row["mode"] != "RGB"]
    if odd:
        kinds = [f"{row['mode']}: {row['photos']}" for row in odd]
        found.append(
            Finding(
                "modes",
                "note",
                "Photos that are not plain RGB",
                f"{sum(row['photos'] for row in odd)} of {photos:,} photos ({', '.join(kinds)}).",
                "Grey photos have lost the colour of the bands; other modes are converted.",
                "Take photos in colour, and save them as 8-bit RGB.",
                "files",
                photos=_names(odd),
            )
        )
    turned = [row for row in files["orientations"] if row["orientation"] != 1]
    if turned:
        found.append(
            Finding(
                "rotated",
                "note",
                "Photos with an EXIF rotation",
                f"{sum(row['photos'] for row in turned)} of {photos:,} photos.",
                "They are turned upright here; a tool that does not look at EXIF sees them lying, "
                "and boxes drawn there do not fit.",
                "Make sure that every tool in use turns them, or save them upright.",
                "files",
                photos=_names(turned),
            )
        )
    return found


def _duplicate_findings(sections: Sections) -> list[Finding]:
    duplicates = sections["duplicates"]
    label_of = {row["photo"]: row["category"] for row in sections["photos"]}
    conflicts: list[list[str]] = []
    copies: list[list[str]] = []
    for group in duplicates["exact"]:
        (conflicts if len({label_of[name] for name in group}) > 1 else copies).append(group)
    across = [pair for pair in duplicates["near"] if pair["across"]]
    within = [pair for pair in duplicates["near"] if not pair["across"]]
    found = []
    if conflicts:
        found.append(
            Finding(
                "label_conflict",
                "problem",
                "One photo under two labels",
                f"{_many(len(conflicts), 'photo')} with the same pixels in different categories: "
                + _first([" = ".join(group) for group in conflicts])
                + ".",
                "One of the labels is wrong: whatever a model predicts counts as an error once.",
                "Find out what the part is, and remove the wrong copies.",
                "duplicates",
                photos=[name for group in conflicts for name in group],
                categories=sorted({label_of[name] for group in conflicts for name in group}),
            )
        )
    if across:
        found.append(
            Finding(
                "near_conflict",
                "risk",
                "Nearly the same photo under two labels",
                f"{_many(len(across), 'pair')} of photos of one arrangement in different "
                "categories.",
                "Two frames of one part should have one label.",
                "Look at each pair and fix the label that is wrong.",
                "duplicates",
                photos=_pair_names(across),
            )
        )
    if copies:
        found.append(
            Finding(
                "exact_duplicates",
                "risk",
                "Exact copies within a category",
                f"{_many(len(copies), 'group')} of photos with the same pixels, "
                f"{_many(sum(len(group) - 1 for group in copies), 'photo')} too many.",
                "Where one copy trains and another validates, the model has seen the photo.",
                "Remove the copies.",
                "duplicates",
                photos=[name for group in copies for name in group],
            )
        )
    if within:
        groups = len({pair["group"] for pair in within})
        found.append(
            Finding(
                "near_duplicates",
                "risk",
                "Near-duplicates within a category",
                f"{_many(len(within), 'pair')} in {_many(groups, 'group')}.",
                "A random split puts one frame into training and its twin into validation.",
                "Keep them together by data.split=grouped or data.split=capture.",
                "duplicates",
                photos=_pair_names(within),
            )
        )
    return found


def _capture_findings(sections: Sections) -> list[Finding]:
    rows = [row for row in sections["categories"] if row["photos"]]
    timed = [row for row in rows if row["timed"]]
    one = [row["name"] for row in timed if row["timed"] > 3 and row["largest_burst"] >= ONE_BURST]
    found = []
    if one:
        found.append(
            Finding(
                "one_burst",
                "risk",
                "Categories that are one burst",
                f"{len(one)} of {_many(len(timed), 'category')} with capture times have "
                f"{ONE_BURST:.0%} or more of their timed photos in one burst, which has no pause "
                "over a minute.",
                "Neighbouring frames share the part, the table and the light, so a random split "
                "flatters every model.",
                "Evaluate with data.split=capture, and take each category again, on another day "
                "with other parts.",
                "capture",
                categories=one,
            )
        )
    without = [row["name"] for row in rows if row["timed"] < row["photos"]]
    if without:
        photos = sum(row["photos"] - row["timed"] for row in rows)
        found.append(
            Finding(
                "no_time",
                "note",
                "Photos without a capture time",
                f"{_many(photos, 'photo')} of {_many(len(without), 'category')} "
                f"({some_names(without)}).",
                "Their order is taken from the file names, which may not be the order they were "
                "taken in.",
                "Keep the camera's EXIF data when photos are copied.",
                "capture",
                categories=without,
            )
        )
    for key, word in (("cameras", "camera"), ("backgrounds", "background")):
        single = one_place(rows, key)
        if single:
            nameless = any(row.get("name") == "" for row in sections[key])
            found.append(
                Finding(
                    f"one_{word}",
                    "risk",
                    f"Categories with one {word} only",
                    f"{len(single)} of {_many(len(rows), 'category')} have {ONE_PLACE:.0%} of "
                    f"their photos or more of one of {len(sections[key])} {word}s"
                    + (", photos that name none counted as one" if nameless else "")
                    + ". Chance does not explain it.",
                    f"A model can learn the {word} instead of the part.",
                    f"Take each category with every {word}, then evaluate with data.split={word}.",
                    "capture" if key == "cameras" else "backgrounds",
                    categories=single,
                )
            )
    return found


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
        # How likely a category of so many photos is at that place, dealt like all the others.
        others = counts.sum(axis=0) - mine
        share = (others[place] + 1) / (others.sum() + 2)
        if share ** int(mine[place]) * len(rows) < SURPRISE:
            single.append(row["name"])
    return single


def _shortcut_findings(sections: Sections) -> list[Finding]:
    words = {
        "border": (
            "The border of a photo gives its category away",
            "the outer 15% of the photo alone",
        ),
        "camera": ("The camera gives the category away", "the camera alone"),
    }
    found = []
    for source, (title, what) in words.items():
        score = sections["shortcuts"][source]
        if score["reason"]:
            continue
        chance = max(score["most_frequent"], score["uniform"])
        error = np.sqrt(chance * (1 - chance) / score["photos"])
        best = max(score["stratified"]["accuracy"], score["capture"]["accuracy"])
        if best < chance + max(ABOVE_CHANCE, 3 * error):
            continue
        found.append(
            Finding(
                f"shortcut_{source}",
                "risk",
                title,
                f"From {what}, a simple classifier predicts the category of "
                f"{score['capture']['accuracy']:.0%} of the photos across blocks in capture order "
                f"and of {score['stratified']['accuracy']:.0%} across random folds; chance is "
                f"{chance:.0%}.",
                "A model may learn this instead of the part, and fails where the table, the light "
                "or the camera differs.",
                "Crop round the part, or take the categories in mixed order at several places; "
                "trust no score of a random split.",
                "shortcuts",
            )
        )
    return found


def _light_findings(sections: Sections) -> list[Finding]:
    light = sections["light"]
    rows = (
        (
            "blank",
            "risk",
            "Photos that are mostly black or white",
            f"all but black, or with a share of burnt-out pixels {100 * WHITE:.0f} points above "
            "the usual one",
            "What is not in the picture cannot be learned; such photos are often cut or padded.",
            "Look at them, and remove those that do not show the part.",
        ),
        (
            "exposure",
            "note",
            "Photos darker or brighter than others on their background",
            "far from the brightness of others on the same background",
            "An odd exposure shifts the colours of the bands.",
            "Look at them; take again what cannot be read.",
        ),
        (
            "soft",
            "note",
            "Photos less sharp than others on their background",
            "far less sharp than others on the same background",
            "Bands that blur into each other cannot be read.",
            "Look at them; take again what is blurred.",
        ),
    )
    return [
        Finding(
            key,
            severity,
            title,
            f"{_many(len(light[key]), 'photo')} {what}.",
            why,
            do,
            "light",
            photos=light[key],
        )
        for key, severity, title, what, why, do in rows
        if light[key]
    ]


def _body_findings(sections: Sections) -> list[Finding]:
    bodies = sections["bodies"]
    found = []
    if bodies["error"]:
        found.append(
            Finding(
                "boxes",
                "note",
                f"{FILE} cannot be read",
                f"{bodies['error']}.",
                "Without it, sizes of bodies are not known.",
                "Fix the table, or remove it.",
                "light",
            )
        )
    if bodies["boxes"] and bodies["at_image_size"] < THIN:
        found.append(
            Finding(
                "small_body",
                "risk",
                "Bodies too small to show their bands",
                f"The median body is {bodies['median']:.0f} pixels long in the photo, and "
                f"{bodies['at_image_size']:.0f} in what a model gets.",
                f"A band is about a twelfth of a body: below {THIN} pixels it is thinner than "
                "three, and its colour mixes with the next.",
                "Raise data.image_size, crop round the part, or move the camera closer.",
                "light",
            )
        )
    if bodies["cut"]:
        found.append(
            Finding(
                "cut_off",
                "note",
                "Bodies at the edge of the photo",
                f"{_many(len(bodies['cut']), 'body')} of {bodies['boxes']:,} with a box.",
                "Bands may lie outside the picture.",
                "Look at them, and remove those that do not show all bands.",
                "light",
                photos=bodies["cut"],
            )
        )
    return found


def _many(count: int, noun: str) -> str:
    if count == 1:
        return f"1 {noun}"
    return f"{count:,} {noun[:-1]}ies" if noun.endswith("y") else f"{count:,} {noun}s"


def _size(row: Mapping[str, Any]) -> str:
    return f"{row['width']} × {row['height']}: {row['photos']}"


def _names(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return [name for row in rows for name in row["names"]]


def _pair_names(pairs: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for pair in pairs for name in (pair["first"], pair["second"])))


def _first(texts: Sequence[str], most: int = 3) -> str:
    rest = f" and {len(texts) - most} more" if len(texts) > most else ""
    return ", ".join(texts[:most]) + rest
