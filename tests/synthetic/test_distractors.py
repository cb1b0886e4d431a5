import cv2
import numpy as np
import pytest

from resistor_cls.categories import Category
from resistor_cls.synthetic import (
    DISTRACTORS,
    distractors,
    draw_distractor,
    draw_empty,
    sample_scene,
)


def only(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distractors, "DISTRACTORS", (kind,))


@pytest.mark.parametrize("kind", DISTRACTORS)
def test_a_distractor_lies_on_the_table_where_a_part_would(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(kind, monkeypatch)
    for seed in range(4):
        photo, shown = draw_distractor(np.random.default_rng(seed), 350)
        assert shown == kind
        assert photo.shape == (350, 350, 3)
        assert photo.dtype == np.uint8
        rng = np.random.default_rng(seed)
        rng.integers(1)  # the choice of the kind
        scene = sample_scene(Category("other"), rng)
        changed = np.abs(photo.astype(int) - draw_empty(scene, 350)).max(axis=2) > 12
        rows, columns = np.nonzero(changed)
        # Millimetres squared, at 5 px for one; a resistor's body has about 15.
        assert 3 < len(rows) / 25 < 520
        centre = np.array([scene.body.x, scene.body.y]) * 350
        assert np.abs(np.array([np.median(columns), np.median(rows)]) - centre).max() < 90


def test_all_kinds_come_and_repeat_with_the_seed() -> None:
    drawn = [draw_distractor(np.random.default_rng(seed), 64) for seed in range(60)]
    assert {kind for _, kind in drawn} == set(DISTRACTORS)
    again, kind = draw_distractor(np.random.default_rng(7), 64)
    assert (again == drawn[7][0]).all()
    assert kind == drawn[7][1]
    assert len({photo.tobytes() for photo, _ in drawn}) == len(drawn)


@pytest.mark.parametrize("kind", ["coin", "LED", "paper clip"])
def test_a_distractor_is_the_same_picture_at_any_size(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(kind, monkeypatch)
    coarse = [
        cv2.resize(
            draw_distractor(np.random.default_rng(2), size)[0],
            (32, 32),
            interpolation=cv2.INTER_AREA,
        ).astype(float)
        for size in (700, 224)
    ]
    assert np.abs(coarse[0] - coarse[1]).mean() < 3
