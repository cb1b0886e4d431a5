"""Findings about files: unreadable, ignored, and of unusual size, mode or orientation."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from resistor_cls.data.audit.findings.finding import Finding, Sections, first_of
from resistor_cls.errors import many


def unreadable_findings(sections: Sections) -> Iterator[Finding]:
    """Files that cannot be read."""
    files = sections["files"]
    photos = sum(row["photos"] for row in sections["categories"])
    if files["unreadable"]:
        reasons = Counter(row["reason"] for row in files["unreadable"])
        yield Finding(
            "unreadable",
            "problem",
            "Files that cannot be read",
            f"{many(len(files['unreadable']), 'file')} of "
            f"{photos + len(files['unreadable'])}: "
            + "; ".join(f"{reason} ({count})" for reason, count in reasons.most_common(3))
            + ".",
            "Training stops at such a file, or goes on without it.",
            "Copy the originals again, or remove the files.",
            "files",
            photos=[row["photo"] for row in files["unreadable"]],
        )


def file_findings(sections: Sections) -> Iterator[Finding]:
    """Files that are not photos, and photos of unusual format."""
    files = sections["files"]
    if files["ignored"]:
        yield Finding(
            "ignored",
            "note",
            "Files that are not photos",
            f"{many(len(files['ignored']), 'file')} beside the photos.",
            "They are left out, most by their suffix; a photo among them would be missed.",
            "Convert what is a photo to JPEG or PNG, and move the rest away.",
            "files",
            photos=files["ignored"],
        )
    photos = sum(row["photos"] for row in sections["categories"])
    yield from _size_findings(files, photos)
    yield from _mode_findings(files, photos)


def _size_findings(files: Mapping[str, Any], photos: int) -> Iterator[Finding]:
    if len(files["sizes"]) > 1:
        usual, *odd = files["sizes"]
        others = photos - usual["photos"]
        yield Finding(
            "sizes",
            "note",
            "Photos of another size" if 2 * usual["photos"] > photos else "Photos of many sizes",
            f"{usual['photos']:,} of {photos:,} photos are {usual['width']} × "
            f"{usual['height']} pixels, {others:,} are not "
            f"({first_of([_size(row) for row in odd])}).",
            "A photo is resized to a square: one of another shape is distorted, and looks "
            "different although the part is the same.",
            "Crop such photos to the shape of the others.",
            "files",
            photos=_names(odd),
        )


def _mode_findings(files: Mapping[str, Any], photos: int) -> Iterator[Finding]:
    odd = [row for row in files["modes"] if row["mode"] != "RGB"]
    if odd:
        kinds = [f"{row['mode']}: {row['photos']}" for row in odd]
        yield Finding(
            "modes",
            "note",
            "Photos that are not plain RGB",
            f"{sum(row['photos'] for row in odd)} of {photos:,} photos ({', '.join(kinds)}).",
            "Grey photos have lost the colour of the bands; other modes are converted.",
            "Take photos in colour, and save them as 8-bit RGB.",
            "files",
            photos=_names(odd),
        )
    rotated = [row for row in files["orientations"] if row["orientation"] != 1]
    if rotated:
        yield Finding(
            "rotated",
            "note",
            "Photos with an EXIF rotation",
            f"{sum(row['photos'] for row in rotated)} of {photos:,} photos.",
            "They are rotated upright here; a tool that ignores EXIF shows them rotated, "
            "and boxes drawn there do not fit.",
            "Make sure that every tool in use rotates them, or save them upright.",
            "files",
            photos=_names(rotated),
        )


def _size(row: Mapping[str, Any]) -> str:
    return f"{row['width']} × {row['height']}: {row['photos']}"


def _names(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return [name for row in rows for name in row["names"]]
