"""What the occlusion check finds of a model that reads the middle of a photo."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from resistor_cls.errors import ModelError
from resistor_cls.evaluation.predictions import OcclusionResult
from resistor_cls.inference.checks import occlusion
from resistor_cls.inference.checks.occlusion import check_occlusion
from resistor_cls.inference.checks.occlusion_fill import paint_background, paint_body
from tests.helpers.fakes import SIDE, BrightnessModel, Photos, photo_with_body, predictions_of


def photos_of(*kinds: tuple[int, int, str | None]) -> Photos:
    shown, bodies = zip(*(photo_with_body(*kind) for kind in kinds), strict=True)
    return Photos(shown, bodies)


def check(photos: Photos, **options: Any) -> OcclusionResult | None:
    predictions = predictions_of(photos, [0] * len(photos.photos))
    return check_occlusion(BrightnessModel(), photos, predictions, **options)  # type: ignore[arg-type]


def test_a_model_that_relies_on_the_body_fails_without_it() -> None:
    found = check(
        photos_of((220, 40, "box"), (30, 200, "detector"), (220, 40, None)), saliency=False
    )
    assert found is not None
    assert found.body_painted.tolist() == [0, 1, -1]  # the level of the table
    assert found.background_painted.tolist() == [1, 0, -1]  # the level of the body
    assert np.isnan(found.on_body).all()
    assert np.isnan(found.body_area).all()


def test_without_a_known_body_there_is_no_check() -> None:
    assert check(photos_of((220, 40, None), (30, 200, None))) is None


def test_many_photos_are_predicted_as_they_are_one_by_one() -> None:
    kinds = [((220, 40), (30, 200), (128, 128))[number % 3] for number in range(70)]
    known = [None if number % 5 == 0 else "box" for number in range(70)]
    photos = photos_of(*((*kind, how) for kind, how in zip(kinds, known, strict=True)))
    found = check(photos, saliency=False)
    assert found is not None
    for number, photo in enumerate(photos.photos):
        body = photos.bodies[number]
        for paint, predicted in (
            (paint_body, found.body_painted),
            (paint_background, found.background_painted),
        ):
            expected = -1
            if body is not None:
                alone = Photos([paint(photo, body.pixels)], [body])
                expected = int(predictions_of(alone, [0]).predicted[0])
            assert predicted[number] == expected


def test_saliency_is_measured_on_boxes_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def maps(*words: Any) -> Iterator[tuple[int, np.ndarray]]:
        for place in words[-1]:
            upper = np.zeros((SIDE, SIDE))
            upper[:16] = 1  # half of the rows of the body
            yield int(place), upper

    monkeypatch.setattr(occlusion, "saliency_maps", maps)
    found = check(photos_of((220, 40, "box"), (30, 200, "detector")))
    assert found is not None
    assert found.on_body[0] == pytest.approx(6 * 16 / (16 * SIDE))
    assert found.body_area[0] == pytest.approx(12 * 16 / SIDE**2)
    assert np.isnan(found.on_body[1])


def test_a_backbone_without_maps_is_checked_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise ModelError("no maps")

    monkeypatch.setattr(occlusion, "saliency_maps", refuse)
    found = check(photos_of((220, 40, "box")))
    assert found is not None
    assert found.body_painted.tolist() == [0]
    assert np.isnan(found.on_body).all()
