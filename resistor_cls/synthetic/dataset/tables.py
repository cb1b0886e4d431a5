"""The tables beside the photos: `boxes.csv` and `scenes.csv`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from resistor_cls.csv_tables import csv_line
from resistor_cls.synthetic.body import body_box
from resistor_cls.synthetic.dataset.folder import write_whole
from resistor_cls.synthetic.dataset.request import PhotoRequest
from resistor_cls.synthetic.scene import Scene


@dataclass(frozen=True)
class Lines:
    """What the tables say of a photo, with line ends.

    Attributes:
        box: line of `boxes.csv`.
        scene: line of `scenes.csv`.
    """

    box: str
    scene: str


def lines_of(photo: PhotoRequest, scene: Scene) -> Lines:
    """Returns the lines of a photo."""
    box = (f"{value:.5f}" for value in body_box(scene.body))
    return Lines(csv_line((photo.file, *box)), csv_line((photo.file, *_flat(scene).values())))


def write_tables(
    out: Path, photos: Sequence[PhotoRequest], drawn: Mapping[PhotoRequest, Lines]
) -> None:
    """Writes both tables.

    Args:
        out: folder of the data set.
        photos: all of its photos, in the order of the rows.
        drawn: lines that are at hand; scenes of other photos are sampled again.
    """
    lines = [drawn.get(photo) or lines_of(photo, photo.scene()) for photo in photos]
    boxes = csv_line(("file", "x_center", "y_center", "width", "height"))
    scenes = csv_line(("file", *_flat(photos[0].scene()))) if photos else ""
    write_whole(out / "boxes.csv", (boxes + "".join(line.box for line in lines)).encode())
    write_whole(out / "scenes.csv", (scenes + "".join(line.scene for line in lines)).encode())


def _flat(scene: Scene) -> dict[str, object]:
    """One table row: numbers and names unchanged, bands joined by blanks, the rest as JSON."""
    row: dict[str, object] = {}
    for part, value in asdict(scene).items():
        if not isinstance(value, dict):
            row[part] = value if isinstance(value, str) else _compact(value)
            continue
        row |= {f"{part}_{key}": _cell(key, entry) for key, entry in value.items()}
    return row


def _cell(key: str, value: object) -> object:
    if key == "bands" and isinstance(value, tuple):
        return " ".join(value)
    if isinstance(value, float):
        return round(value, 6)
    return _compact(value) if isinstance(value, tuple) else value


def _compact(value: object) -> str:
    return json.dumps(_rounded(value), separators=(",", ":"))


def _rounded(value: object) -> object:
    if isinstance(value, float):
        return round(float(value), 5)
    if isinstance(value, dict):
        return {key: _rounded(entry) for key, entry in value.items()}
    return [_rounded(entry) for entry in value] if isinstance(value, (list, tuple)) else value
