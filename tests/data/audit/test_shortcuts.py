"""A shortcut scores high where there is one, and chance where there is none."""

from pathlib import Path

import numpy as np
import pytest

from resistor_cls.categories import Categories
from resistor_cls.data.audit import shortcuts as module
from resistor_cls.data.audit.shortcuts import Shortcut, shortcut_scores
from resistor_cls.data.images.metadata import BORDER_NAMES, ImageMetadata
from resistor_cls.data.sources.photo_set import PhotoSet


def photos(counts: list[int]) -> PhotoSet:
    targets = tuple(int(target) for target in np.repeat(np.arange(len(counts)), counts))
    names = tuple(f"{target}/{place:05d}.jpg" for place, target in enumerate(targets))
    return PhotoSet(Path("nowhere"), names, targets, Categories(map(str, range(len(counts)))))


def metadata_of(border: np.ndarray, camera: str = "") -> ImageMetadata:
    colours = tuple(border.tolist())
    return ImageMetadata("", "", 9, 9, "RGB", 1, camera, "", 0.5, 0.0, 1.0, "0" * 64, colours)


def scored(counts: list[int], signal: float, cameras: int = 1) -> dict[str, Shortcut]:
    """Scores photos whose borders give their category away by so much."""
    rng, photo_set = np.random.default_rng(0), photos(counts)
    metadata = [
        metadata_of(rng.normal(signal * target, 1, len(BORDER_NAMES)), f"camera {target % cameras}")
        for target in photo_set.targets
    ]
    return shortcut_scores(photo_set, metadata, np.zeros(len(metadata), dtype=bool))


def test_random_borders_tell_nothing() -> None:
    score = scored([40, 40, 40], signal=0)["border"]
    assert (score["most_frequent"], score["uniform"]) == (
        pytest.approx(1 / 3),
        pytest.approx(1 / 3),
    )
    for kind in ("stratified", "capture"):
        assert abs(score[kind]["accuracy"] - 1 / 3) < 0.13  # three standard errors
        assert score[kind]["accuracy"] == pytest.approx(np.mean(score[kind]["folds"]))


def test_planted_borders_and_cameras_tell_all() -> None:
    found = scored([30, 30], signal=3, cameras=2)
    for source in ("border", "camera"):
        assert found[source]["stratified"]["accuracy"] == 1
        assert found[source]["capture"]["accuracy"] == 1


def test_one_camera_tells_nothing() -> None:
    assert "one camera" in scored([20, 20], signal=0)["camera"]["reason"]


def test_categories_with_fewer_photos_than_folds_are_left_out() -> None:
    score = scored([30, 30, 3], signal=0)["border"]
    assert (score["folds"], score["categories"], score["left_out"]["few"]) == (5, 2, 3)
    small = scored([4] * 6, signal=0)["border"]
    assert (small["folds"], small["categories"]) == (3, 6)


@pytest.mark.parametrize("counts", [[2, 1], [30, 1], [1] * 30])
def test_too_few_photos_are_reported(counts: list[int]) -> None:
    assert scored(counts, signal=1)["border"]["reason"].startswith("too few photos to decide")


def test_many_photos_are_sampled_and_keep_every_category(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_PHOTOS", 50)
    score = scored([300, 6], signal=3)["border"]
    assert (score["photos"], score["categories"], score["left_out"]["sampled"]) == (50, 2, 256)


def test_photos_with_the_body_in_the_border_are_left_out() -> None:
    photo_set = photos([30, 30])
    metadata = [metadata_of(np.zeros(len(BORDER_NAMES))) for _ in photo_set.targets]
    body = np.arange(60) % 30 < 10
    score = shortcut_scores(photo_set, metadata, body)["border"]
    assert (score["photos"], score["left_out"]["body_in_border"]) == (40, 20)
