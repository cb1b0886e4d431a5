"""The tables beside the photos: `boxes.csv` and `scenes.csv`."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from resistor_cls.csv_tables import csv_line
from resistor_cls.synthetic.body import body_box
from resistor_cls.synthetic.dataset.folder import write_whole
from resistor_cls.synthetic.dataset.request import PhotoRequest
from resistor_cls.synthetic.scene import Scene


def write_tables(out: Path, photos: Sequence[PhotoRequest]) -> None:
    """Writes both tables.

    Scenes depend on the request alone: they are sampled again here instead of being sent back by
    the processes that draw.

    Args:
        out: folder of the data set.
        photos: all of its photos, in the order of the rows.
    """
    boxes = [csv_line(("file", "x_center", "y_center", "width", "height"))]
    scenes = []
    for position, photo in enumerate(photos):
        scene = photo.scene()
        boxes.append(csv_line((photo.file, *(f"{value:.5f}" for value in body_box(scene.body)))))
        row = {"file": photo.file} | _flat(scene)
        if position == 0:
            scenes.append(csv_line(row))
        scenes.append(csv_line(row.values()))
    write_whole(out / "boxes.csv", "".join(boxes).encode())
    write_whole(out / "scenes.csv", "".join(scenes).encode())


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
    rounded = json.loads(json.dumps(value), parse_float=lambda digits: round(float(digits), 5))
    return json.dumps(rounded, separators=(",", ":"))
