import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from resistor_cls.categories import Categories
from resistor_cls.errors import DataError
from resistor_cls.synthetic import generate_dataset, parts
from resistor_cls.synthetic.dataset import workers
from resistor_cls.synthetic.dataset.request import PhotoRequest
from resistor_cls.synthetic.dataset.tables import Lines

NAMES = ("4K7_1-4W", "left")
COUNTS = {"4K7_1-4W": 3, "left": 2}


def render(out: Path, **changes: Any) -> Path:
    request: dict[str, Any] = {
        "categories": Categories(NAMES),
        "counts": COUNTS,
        "size": 96,
    } | changes
    return generate_dataset(
        out, request.pop("categories"), request.pop("counts"), progress=False, **request
    )


def contents(out: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }


def test_a_folder_holds_photos_boxes_scenes_and_the_request(tmp_path: Path) -> None:
    out = render(tmp_path / "drawn")
    assert set(contents(out)) == {
        "4K7_1-4W/4K7_1-4W_(1).jpg",
        "4K7_1-4W/4K7_1-4W_(2).jpg",
        "4K7_1-4W/4K7_1-4W_(3).jpg",
        "left/left_(1).jpg",
        "left/left_(2).jpg",
        "boxes.csv",
        "scenes.csv",
        "dataset.json",
    }
    photo = cv2.imread(str(out / "left/left_(2).jpg"))
    assert photo is not None
    assert photo.shape == (96, 96, 3)
    with (out / "boxes.csv").open() as file:
        boxes = list(csv.DictReader(file))
    assert list(boxes[0]) == ["file", "x_center", "y_center", "width", "height"]
    assert [box["file"] for box in boxes][-1] == "left/left_(2).jpg"
    assert all(0 < float(box["width"]) < 0.5 for box in boxes)
    with (out / "scenes.csv").open() as file:
        scenes = list(csv.DictReader(file))
    assert [scene["file"] for scene in scenes] == [box["file"] for box in boxes]
    assert scenes[0]["body_bands"] == "yellow violet red gold"
    assert {"body_kind", "background_place", "light_azimuth", "camera_noise"} < set(scenes[0])
    assert json.loads((out / "dataset.json").read_text())["counts"] == [3, 2]


def test_any_number_of_workers_gives_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = render(tmp_path / "alone", workers=1)
    monkeypatch.setattr(workers, "_MIN_PARALLEL", 0)
    monkeypatch.setattr(workers, "_CHUNK", 2)
    together = render(tmp_path / "together", workers=2)
    assert contents(alone) == contents(together)


def test_photos_depend_on_seed_name_and_number_alone(tmp_path: Path) -> None:
    one = contents(render(tmp_path / "one"))
    other_list = contents(
        render(
            tmp_path / "other",
            categories=Categories(["left", "right", "4K7_1-4W"]),
            counts={"left": 1, "right": 1, "4K7_1-4W": 1},
        )
    )
    another_seed = contents(render(tmp_path / "seed", seed=1))
    for file in ("4K7_1-4W/4K7_1-4W_(1).jpg", "left/left_(1).jpg"):
        assert one[file] == other_list[file]
        assert one[file] != another_seed[file]


def test_an_interrupted_folder_is_not_complete_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = contents(render(tmp_path / "whole"))
    out = tmp_path / "interrupted"
    draw_one = workers._draw_one
    drawn: list[str] = []

    def interrupted(out: Path, photo: PhotoRequest, size: int) -> Lines:
        if len(drawn) == 3:
            raise KeyboardInterrupt
        drawn.append(photo.file)
        return draw_one(out, photo, size)

    monkeypatch.setattr(workers, "_draw_one", interrupted)
    with pytest.raises(KeyboardInterrupt):
        render(out)
    assert not (out / "dataset.json").exists()
    assert not list(out.rglob("*.tmp"))

    again: list[str] = []

    def counted(out: Path, photo: PhotoRequest, size: int) -> Lines:
        again.append(photo.file)
        return draw_one(out, photo, size)

    monkeypatch.setattr(workers, "_draw_one", counted)
    render(out)
    assert not set(again) & set(drawn)
    assert contents(out) == whole

    again.clear()
    render(out)  # complete: nothing is drawn
    assert again == []


def test_a_write_that_fails_leaves_no_half_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, content: bytes) -> int:
        self.touch()  # the file was opened, then its content did not fit
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(DataError, match="No space left on device; choose a folder"):
        render(tmp_path / "drawn")
    assert contents(tmp_path / "drawn") == {}


@pytest.mark.parametrize("begun", [False, True])
def test_a_folder_of_another_request_is_refused(tmp_path: Path, begun: bool) -> None:
    out = render(tmp_path / "drawn")
    if begun:
        (out / "dataset.json").rename(out / "dataset.partial.json")
    before = contents(out)
    with pytest.raises(DataError, match=r"drawn with size 96, asked for is 128.*another folder"):
        render(out, size=128)
    with pytest.raises(DataError, match=r"counts \[3, 2\], asked for is \[3, 1\]"):
        render(out, counts={"4K7_1-4W": 3, "left": 1})
    assert contents(out) == before


def test_half_written_files_of_dead_processes_are_removed(tmp_path: Path) -> None:
    out = tmp_path / "drawn"
    out.mkdir()
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], stdout=-1)
    pid = int(dead.stdout)
    (out / f".dataset.partial.json.{pid}.tmp").write_text("{")  # killed as it began
    render(out)
    assert not list(out.rglob("*.tmp"))
    left = [out / "left" / f".left_(1).jpg.{one}.tmp" for one in (pid, os.getpid())]
    mine = out / ".notes.tmp"
    for path in (*left, mine):
        path.write_bytes(b"half")
    render(out)  # complete already
    assert [path.exists() for path in (*left, mine)] == [False, True, True]


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"mine")
    with pytest.raises(DataError, match="is not empty"):
        render(tmp_path)
    assert contents(tmp_path) == {"holiday.jpg": b"mine"}


def test_a_file_where_the_folder_should_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"file.*choose a folder"):
        render(tmp_path / "file")


def test_counts_must_match_the_categories(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="differ in left"):
        render(tmp_path / "drawn", counts={"4K7_1-4W": 3})
    with pytest.raises(DataError, match="differ in right"):
        render(tmp_path / "drawn", counts=COUNTS | {"right": 1})
    assert not (tmp_path / "drawn").exists()


@pytest.mark.parametrize("name", ["4K7_1/4W", "..", "/tmp"])
def test_names_that_leave_the_folder_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="cannot be the name of a folder"):
        render(
            tmp_path / "drawn", categories=Categories(["left", name]), counts={"left": 1, name: 1}
        )
    assert not (tmp_path / "drawn").exists()


def test_names_whose_bands_would_be_the_same_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "stable_hash", lambda text: 7)
    with pytest.raises(DataError, match=r"'left' and 'right' say no ohms.*rename"):
        render(
            tmp_path / "drawn",
            categories=Categories(["left", "right"]),
            counts={"left": 1, "right": 1},
        )


def test_scenes_vary(tmp_path: Path) -> None:
    out = render(tmp_path / "drawn", counts={"4K7_1-4W": 30, "left": 1}, size=64)
    with (out / "scenes.csv").open() as file:
        places = {scene["background_place"] for scene in csv.DictReader(file)}
    assert len(places) >= 3
    photos = [cv2.imread(str(path)) for path in (out / "4K7_1-4W").iterdir()]
    means = [photo.mean() for photo in photos if photo is not None]
    assert np.std(means) > 5
