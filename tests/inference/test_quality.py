import numpy as np
import pytest

from resistor_cls.bands import BANDS, BandScores
from resistor_cls.data.geometry import OrientedBox
from resistor_cls.decoding import read_values
from resistor_cls.inference.quality import (
    MIN_COLOUR,
    CropQuality,
    band_reason,
    crop_quality,
    photo_reason,
)
from tests.helpers.band_scores import certain, log_softmax

BODY = OrientedBox(96, 32, 0.0, 112, 40, 1.0)


def doubtful(code: tuple[str, ...], slot: int, other: str) -> BandScores:
    """Scores of a code, one of whose bands could as well be of another colour."""
    scores = certain([code])
    logits = scores.slots.copy()
    logits[0, slot, BANDS.index(other)] = logits[0, slot].max() - 0.5
    return BandScores(log_softmax(logits), scores.direction, scores.watts)


@pytest.mark.parametrize(
    ("slot", "other", "reason"),
    [
        (2, "orange", "the third band is red or orange"),
        (3, "silver", None),  # the tolerance, which the value does not depend on
    ],
)
def test_the_band_that_the_value_depends_on_is_named(
    slot: int, other: str, reason: str | None
) -> None:
    scores = doubtful(("yellow", "violet", "red", "gold"), slot, other)
    assert band_reason(scores, 0, read_values(scores)[0][0]) == reason


def test_what_is_wrong_with_the_photo_comes_with_a_remedy() -> None:
    fine = CropQuality(brightness=150, clipped=0.0, edge_width=0.03, colour=20)
    assert photo_reason(100, fine) is None
    assert photo_reason(14, fine) == "the body is 14 pixels long; come closer"
    dark = crop_quality(np.full((64, 192, 3), 12, np.uint8), BODY)
    assert photo_reason(100, dark) == "the photo is too dark; more light"
    white = crop_quality(np.full((64, 192, 3), 255, np.uint8), BODY)
    assert "too bright" in str(photo_reason(100, white))


def test_blur_widens_the_sharpest_edge() -> None:
    sharp = np.full((64, 192, 3), 200, np.uint8)
    sharp[:, 90:98] = 20
    ramp = np.clip(np.abs(np.arange(192) - 94) * 6, 20, 200).astype(np.uint8)
    soft = np.broadcast_to(ramp[None, :, None], (64, 192, 3))
    assert crop_quality(sharp, BODY).edge_width < 0.03 < crop_quality(soft, BODY).edge_width


def test_grey_and_tinted_photos_have_no_colour() -> None:
    rng = np.random.default_rng(0)
    crop = rng.integers(0, 256, (64, 192, 3), np.uint8)
    grey = crop[:, :, :1].repeat(3, axis=2)
    tinted = (grey * np.array([1.0, 0.8, 0.6])).astype(np.uint8)
    assert crop_quality(crop, BODY).colour > MIN_COLOUR
    assert max(crop_quality(one, BODY).colour for one in (grey, tinted)) < MIN_COLOUR
