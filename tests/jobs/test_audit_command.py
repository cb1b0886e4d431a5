"""`python -m resistor_cls.audit`: its files, its exit status, its run."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pytest
from PIL import Image

from resistor_cls.audit import main
from tests.helpers.tiny import CATEGORIES

SMALL = ("data.image_size=32", "data.workers=0", "trainer=cpu")


def report() -> tuple[dict[str, Any], str]:
    """The newest report below the working folder."""
    (page,) = Path("outputs").rglob("audit.html")
    return json.loads(page.with_name("audit.json").read_text()), page.read_text()


@pytest.fixture
def run(workplace: Path) -> Callable[..., int]:
    def audit(root: Path, *words: str) -> int:
        shutil.rmtree("outputs", ignore_errors=True)
        return main(["data=folder", f"data.root={root}", *SMALL, *words])

    return audit


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    """20 photos each of two categories, of which no more than the lack of times is noted."""
    for number in range(40):
        path = tmp_path / "sound" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        colours = np.random.default_rng(number).integers(30, 220, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(colours).resize((64, 64), Image.Resampling.BICUBIC).save(path)
    return tmp_path / "sound"


def test_a_report_is_written_whatever_it_says(
    run: Callable[..., int], sound: Path, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(sound, "--strict") == 0
    audit, page = report()
    assert [finding["id"] for finding in audit["findings"]] == ["no_time"]
    assert (audit["counts"]["photos"], audit["name"]) == (40, "sound")
    assert audit["fingerprint"] in page
    assert "40 photos of 2 categories: 0 problems, 0 risks, 1 note" in capsys.readouterr().err

    assert run(photos) == 0
    assert report()[0]["counts"]["risk"] > 0
    assert run(photos, "--strict") == 2
    message = capsys.readouterr().err
    assert "error: problems and risks: 2 in" in message
    assert "Categories with few photos" in message
    assert report()[0]["counts"]["photos"] == 32


def test_unreadable_photos_fail_after_the_report(
    run: Callable[..., int], sound: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = (sound / "a" / "0.png").read_bytes()
    (sound / "a" / "cut.png").write_bytes(good[: len(good) // 2])
    (sound / "b" / "text.jpg").write_text("no photo")
    assert run(sound) == 2
    audit, page = report()
    printed = capsys.readouterr().err
    assert printed.count("error: ") == 1
    assert "error: 2 of 42 photos cannot be read: a/cut.png, b/text.jpg; " in printed
    assert "audit.html" in printed.splitlines()[-1]
    assert [row["photo"] for row in audit["files"]["unreadable"]] == ["a/cut.png", "b/text.jpg"]
    assert "b/text.jpg" in page
    assert run(sound / "nowhere") == 2


def test_what_is_left_out_is_said_once(
    run: Callable[..., int], sound: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("1.heic", "2.heic", "Thumbs.db"):
        (sound / "a" / name).touch()
    assert run(sound) == 0
    said = capsys.readouterr().err
    assert said.count("left out") == 1
    assert "left out 2 of 42 files: 2 .heic (a/1.heic, a/2.heic); convert pictures" in said
    assert report()[0]["files"]["ignored"] == ["a/1.heic", "a/2.heic", "a/Thumbs.db"]


def test_a_run_keeps_the_report(run: Callable[..., int], sound: Path) -> None:
    assert run(sound, "tracking=mlflow", "tracking.system_metrics=false") == 0
    client = mlflow.MlflowClient(os.environ["MLFLOW_TRACKING_URI"])
    (kept,) = client.search_runs([client.get_experiment_by_name("resistor_cls").experiment_id])
    names = {item.path for item in client.list_artifacts(kept.info.run_id)}
    assert {"audit.html", "audit.json", "config"} <= names
    assert kept.data.tags["data.fingerprint"] == report()[0]["fingerprint"]
    assert kept.info.status == "FINISHED"


def test_label_errors_are_sought_in_photos_that_did_not_train_the_model(
    workplace: Path,
    trained_file: Path,
    photos: Path,
    sound: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    checkpoint = shutil.copy(trained_file, "best=1.ckpt")
    words = ["data=folder", f"model={checkpoint}", *SMALL]
    assert main([*words, f"data.root={photos}"]) == 0
    labels = report()[0]["labels"]
    assert (labels["judged"], labels["trained"]) == (8, 24)
    assert {row["label"] for row in labels["rows"]} <= set(CATEGORIES)
    assert "Labels in doubt" in report()[1]
    assert main([*words, f"data.root={sound}"]) == 2
    assert "differ from the model's" in capsys.readouterr().err
