"""OOD photos are drawn once, and are the same when they are read again."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from resistor_cls.data.images.preprocessed import PreprocessedImage
from resistor_cls.evaluation.calibration import Calibration, apply_calibration
from resistor_cls.inference.checks import ood
from resistor_cls.inference.checks.ood_cache import kept_ood_photos
from resistor_cls.inference.checks.ood_photos import KINDS
from tests.helpers.fakes import BrightnessModel, Photos, photo_with_body, predictions_of

SHAPE = (2, 4, 6, 3)


class Drawing:
    """Draws two photos; counts how often."""

    times = 0

    def __call__(self) -> Iterator[PreprocessedImage]:
        self.times += 1
        rng = np.random.default_rng(0)
        for located in (True, False):
            yield PreprocessedImage(rng.integers(0, 256, SHAPE[1:], dtype=np.uint8), located)


@pytest.fixture
def draw() -> Drawing:
    return Drawing()


def shown(photos: Iterator[PreprocessedImage]) -> list[tuple[bytes, bool]]:
    return [(one.photo.tobytes(), one.located) for one in photos]


def test_photos_that_are_kept_are_those_that_were_drawn(tmp_path: Path, draw: Drawing) -> None:
    file = tmp_path / "ood" / "some.npy"
    first, second = (shown(kept_ood_photos(file, SHAPE, draw)) for _ in range(2))
    assert first == second == shown(Drawing()())
    assert draw.times == 1
    assert [path.name for path in file.parent.iterdir()] == ["some.npy"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda file: file.write_bytes(b"no array"),
        lambda file: file.write_bytes(file.read_bytes()[:-1]),
        lambda file: file.write_bytes(file.read_bytes()[:200]),
        lambda file: np.save(file, np.zeros(SHAPE, np.uint8)),
        lambda file: np.save(file, np.zeros((1, 4, 6, 3))),
    ],
)
def test_a_damaged_file_is_written_anew(
    damage: Callable[[Path], object], tmp_path: Path, draw: Drawing
) -> None:
    file = tmp_path / "some.npy"
    first = shown(kept_ood_photos(file, SHAPE, draw))
    damage(file)
    assert [shown(kept_ood_photos(file, SHAPE, draw)) for _ in range(2)] == [first, first]
    assert draw.times == 2


def test_what_cannot_be_kept_is_drawn_every_time(tmp_path: Path, draw: Drawing) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    first = shown(kept_ood_photos(blocked / "some.npy", SHAPE, draw))
    assert shown(kept_ood_photos(blocked / "some.npy", SHAPE, draw)) == first
    many = (10**6, *SHAPE[1:])
    assert shown(kept_ood_photos(tmp_path / "many.npy", many, draw)) == first
    assert (draw.times, list(tmp_path.iterdir())) == (3, [blocked])


def test_the_check_is_the_same_with_photos_that_are_kept(tmp_path: Path) -> None:
    shown, hidden = photo_with_body(250, 40), photo_with_body(5, 200)
    photos = Photos([shown[0], hidden[0]], [shown[1], hidden[1]], cache_folder=tmp_path)
    predictions = predictions_of(photos, [1, 0])
    found = apply_calibration(
        predictions.probabilities, Calibration(1.0, (None, 0.9, None), (0.0, 0.0, 0.0), 100)
    )
    drawn, kept = (
        ood.check_ood(BrightnessModel(), photos, found, 1)  # type: ignore[arg-type]
        for _ in range(2)
    )
    assert drawn is not None
    assert kept is not None
    assert drawn.equals(kept)
    assert len(list(tmp_path.glob("ood/*.npy"))) == len(KINDS)
