"""The audit finds planted defects, and reports nothing about a set without any."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.ExifTags import IFD, Base

from resistor_cls.data import FolderSource, PhotoDataModule, Resize
from resistor_cls.data.audit import audit_photos
from resistor_cls.data.audit.findings.finding import SEVERITIES

Audit = dict[str, Any]
NOON = datetime(2026, 3, 2, 12)


def picture(seed: int, size: tuple[int, int] = (64, 64)) -> Image.Image:
    """Coarse random colours: no two of them are alike."""
    colours = np.random.default_rng(seed).integers(30, 220, (8, 8, 3), dtype=np.uint8)
    return Image.fromarray(colours).resize(size, Image.Resampling.BICUBIC)


def save(
    image: Image.Image, path: Path, taken: datetime, camera: str = "A", orientation: int = 1
) -> None:
    exif = Image.Exif()
    exif[Base.Model], exif[Base.Orientation] = camera, orientation
    exif.get_ifd(IFD.Exif)[Base.DateTimeOriginal] = taken.strftime("%Y:%m:%d %H:%M:%S")
    path.parent.mkdir(exist_ok=True, parents=True)
    image.save(path, quality=95, exif=exif)


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    """Two categories that nothing is wrong with, taken in turn, an hour between two photos."""
    root = tmp_path / "photos"
    for number in range(48):
        path = root / "ab"[number % 2] / f"{number:02d}.jpg"
        save(picture(number), path, NOON + timedelta(hours=number))
    return root


@pytest.fixture
def audited(tmp_path: Path) -> Callable[[Path], Audit]:
    def audit(root: Path) -> Audit:
        data = PhotoDataModule(
            FolderSource(root),
            preprocess=Resize(32),
            subset="all",
            skip_unreadable=True,
            cache=tmp_path / "cache",
        )
        data.setup()
        report = audit_photos(
            data.photo_set,
            data.metadata,
            data.edge_descriptors,
            data.unreadable,
            image_size=32,
            progress=False,
        )
        assert json.loads(json.dumps(report, allow_nan=False)) == json.loads(json.dumps(report))
        return report

    return audit


def found(report: Audit) -> dict[str, dict[str, Any]]:
    return {finding["id"]: finding for finding in report["findings"]}


def test_a_set_without_defects_has_no_findings(
    sound: Path, audited: Callable[[Path], Audit]
) -> None:
    report = audited(sound)
    assert found(report) == {}
    assert (report["counts"]["photos"], report["counts"]["categories"]) == (48, 2)
    assert [row["photos"] for row in report["categories"]] == [24, 24]
    assert len(report["photos"]) == 48
    assert report["timeline"]["photos"] == 48
    assert [day["from"] for day in report["timeline"]["days"]] == [0, 12, 36]


def plant(root: Path) -> None:
    later = NOON + timedelta(days=9)
    copy = (root / "a" / "00.jpg").read_bytes()
    (root / "b" / "copy.jpg").write_bytes(copy)  # a conflict of labels
    noise = np.random.default_rng(0).normal(0, 4, (64, 64, 3))
    near = np.clip(np.asarray(picture(2)) + noise, 0, 255).astype(np.uint8)
    save(Image.fromarray(near), root / "a" / "near.jpg", later)
    save(picture(100), root / "a" / "turned.jpg", later + timedelta(hours=1), orientation=6)
    save(picture(101, (64, 96)), root / "b" / "tall.jpg", later + timedelta(hours=2))
    save(Image.new("RGB", (64, 64), "white"), root / "b" / "white.jpg", later + timedelta(hours=3))
    (root / "a" / "cut.jpg").write_bytes(copy[: len(copy) // 2])
    (root / "b" / "empty.jpg").write_bytes(b"")
    (root / "b" / "Thumbs.db").write_text("no photo")
    for number in range(24):  # one burst, by another camera
        time = later + timedelta(hours=5, seconds=5 * number)
        save(picture(200 + number), root / "c" / f"{number}.jpg", time, camera="B")


def test_planted_defects_are_found_and_nothing_else(
    sound: Path, audited: Callable[[Path], Audit]
) -> None:
    plant(sound)
    report = audited(sound)
    findings = found(report)
    expected = {
        "unreadable": ["a/cut.jpg", "b/empty.jpg"],
        "label_conflict": ["a/00.jpg", "b/copy.jpg"],
        "near_duplicates": ["a/02.jpg", "a/near.jpg"],
        "blank": ["b/white.jpg"],
        "rotated": ["a/turned.jpg"],
        "sizes": ["b/tall.jpg"],
        "ignored": ["b/Thumbs.db"],
        "one_burst": [],
        "one_camera": [],
        "shortcut_camera": [],
    }
    assert {name: list(finding["photos"]) for name, finding in findings.items()} == expected
    assert findings["one_burst"]["categories"] == ["c"]
    assert "c" in findings["one_camera"]["categories"]
    assert findings["label_conflict"]["categories"] == ["a", "b"]
    severities = [finding["severity"] for finding in report["findings"]]
    assert severities == sorted(severities, key=SEVERITIES.index)
    assert [report["counts"][severity] for severity in SEVERITIES] == [2, 5, 3]
    reasons = {row["photo"]: row["reason"] for row in report["files"]["unreadable"]}
    assert reasons["b/empty.jpg"] == "the file is empty: copy the photo again"
    assert "truncated" in reasons["a/cut.jpg"]
    turned = next(row for row in report["photos"] if row["photo"] == "a/turned.jpg")
    assert turned["orientation"] == 6
    (row,) = (row for row in report["categories"] if row["name"] == "c")
    assert [(burst["photos"], burst["to"] - burst["from"]) for burst in row["bursts"]] == [(24, 24)]


def test_order_falls_back_on_file_names(photos: Path, audited: Callable[[Path], Audit]) -> None:
    """Synthetic photos name no time and no camera, and are small."""
    report = audited(photos)
    assert set(found(report)) == {"few_photos", "no_time", "small_body"}
    assert found(report)["no_time"]["categories"] == [row["name"] for row in report["categories"]]
    assert report["timeline"] == {"photos": 0, "days": []}
    assert report["bodies"]["boxes"] == 32
    assert all(row["body"]["low"] > 0 for row in report["categories"])


def test_broken_boxes_do_not_stop_an_audit(sound: Path, audited: Callable[[Path], Audit]) -> None:
    (sound / "boxes.csv").write_text("name,x\na,1\n")
    report = audited(sound)
    assert set(found(report)) == {"boxes"}
    assert "expected the columns file" in report["bodies"]["error"]


@pytest.mark.parametrize("readable", [0, 1, 3])
def test_few_photos_do_not_make_an_audit_fail(
    readable: int, tmp_path: Path, audited: Callable[[Path], Audit]
) -> None:
    root = tmp_path / "few"
    for number in range(4):
        path = root / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        if number < readable:
            picture(number).save(path)
        else:
            path.write_bytes(b"")
    report = audited(root)
    assert report["counts"]["photos"] == readable
    assert report["counts"]["unreadable"] == 4 - readable
    assert "too few" in report["shortcuts"]["border"]["reason"]
    assert ("empty_categories" in found(report)) == (readable < 2)
