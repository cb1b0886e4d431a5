import cv2
import numpy as np
import pytest

from resistor_cls.categories import resistor37
from resistor_cls.errors import DataError
from resistor_cls.inference.checks.corruptions import CORRUPTIONS, SEVERITIES
from resistor_cls.synthetic import draw, sample_scene

SHAPES = [(96, 96), (80, 192), (27, 64)]


def photo_of(shape: tuple[int, int], seed: int = 0) -> np.ndarray:
    """The middle of a synthetic photo."""
    scene = sample_scene(resistor37()[seed], np.random.default_rng(seed))
    photo, (rows, columns) = draw(scene, max(shape)).photo, shape
    top = (photo.shape[0] - rows) // 2
    return photo[top : top + rows, :columns]


def body_of(shape: tuple[int, int]) -> np.ndarray:
    body = np.zeros(shape, np.uint8)
    rows, columns = shape
    cv2.ellipse(body, (columns // 2, rows // 2), (columns // 5, rows // 5), 20, 0, 360, 1, -1)
    return body.astype(bool)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_a_photo_a_severity_and_a_number_always_give_the_same_photo(
    kind: str, shape: tuple[int, int]
) -> None:
    corruption, photo, body = CORRUPTIONS[kind], photo_of(shape), body_of(shape)
    before = photo.copy()
    for severity in range(1, len(SEVERITIES) + 1):
        changed = corruption(photo, severity, 3, body)
        assert (changed.shape, changed.dtype) == (photo.shape, photo.dtype)
        assert changed.flags.c_contiguous
        assert (changed == corruption(photo.copy(), severity, 3, body)).all()
        # A slight blur of a very small photo is less than a step of its levels.
        assert (changed != photo).any() or (kind == "blur" and severity == 1)
    assert (photo == before).all()


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_a_severity_changes_more_than_the_one_before(kind: str) -> None:
    corruption, body = CORRUPTIONS[kind], body_of((96, 96))
    change = np.zeros(len(SEVERITIES))
    for seed in range(6):
        photo = photo_of((96, 96), seed)
        for place in range(len(SEVERITIES)):
            changed = corruption(photo, place + 1, seed, body)
            change[place] += np.abs(changed.astype(int) - photo).mean()
    assert (np.diff(change) > 0).all(), change


@pytest.mark.parametrize("kind", ["noise", "background", "white balance", "exposure", "rotation"])
def test_the_number_of_a_photo_decides_on_its_corruption(kind: str) -> None:
    photo, body = photo_of((80, 192)), body_of((80, 192))
    assert (CORRUPTIONS[kind](photo, 3, 0, body) != CORRUPTIONS[kind](photo, 3, 1, body)).any()


def test_severities_have_amounts_with_units() -> None:
    said = {
        kind: [corruption.amount(s) for s in range(1, 6)]
        for kind, corruption in CORRUPTIONS.items()
    }
    assert said["exposure"][2] == "±1 EV"
    assert said["background"] == [f"{share} % of another table" for share in (20, 40, 60, 80, 100)]
    assert all(len(set(amounts)) == len(SEVERITIES) for amounts in said.values())
    for severity in (0, 6):
        with pytest.raises(DataError, match=f"severity {severity}: expected 1 to 5"):
            CORRUPTIONS["blur"](photo_of((96, 96)), severity, 0)


def test_white_balance_turns_grey_warm_or_cold_and_keeps_its_brightness() -> None:
    grey = np.full((8, 8, 3), 128, np.uint8)
    for number, way in ((0, 1), (1, -1)):
        red, green, blue = CORRUPTIONS["white balance"](grey, 2, number)[0, 0].astype(int)
        assert green == 128
        assert way * (red - 128) > 3
        assert way * (128 - blue) > 3


def test_one_stop_is_half_or_twice_the_light() -> None:
    # sRGB levels of 5 %, 10 % and 20 % of white (IEC 61966-2-1).
    photo = np.full((4, 4, 3), 89, np.uint8)
    assert abs(int(CORRUPTIONS["exposure"](photo, 3, 0)[0, 0, 0]) - 124) <= 1
    assert abs(int(CORRUPTIONS["exposure"](photo, 3, 1)[0, 0, 0]) - 63) <= 1
    assert (CORRUPTIONS["exposure"](np.full((4, 4, 3), 250, np.uint8), 3, 0) == 255).all()


def test_noise_keeps_the_mean_and_is_weaker_in_small_photos() -> None:
    found = {}
    for side in (56, 224, 640):  # the last is larger than what is stored
        photo = np.full((side, side, 3), 128, np.uint8)
        noise = CORRUPTIONS["noise"](photo, 2, 5).astype(float) - 128
        assert abs(noise.mean()) < 0.3
        found[side] = noise.std()
    assert found[224] / found[56] == pytest.approx(4, rel=0.1)
    assert found[640] / found[224] == pytest.approx(640 / 224, rel=0.1)


@pytest.mark.parametrize("shape", SHAPES)
def test_another_background_leaves_the_body_as_it_is(shape: tuple[int, int]) -> None:
    photo, body = photo_of(shape), body_of(shape)
    white, black = np.full_like(photo, 255), np.zeros_like(photo)
    corruption = CORRUPTIONS["background"]
    assert corruption.needs_body
    for number in range(20):
        for severity in (1, 5):
            assert (corruption(photo, severity, number, body)[body] == photo[body]).all()
        # At full severity nothing of the old background is left far from the body.
        one, other = corruption(white, 5, number, body), corruption(black, 5, number, body)
        assert (one[0] == other[0]).all()
    with pytest.raises(DataError, match="needs the mask of the body"):
        corruption(photo, 1, 0, None)


def test_photos_of_one_channel_pass() -> None:
    grey = photo_of((96, 96))[..., :1]
    for kind, corruption in CORRUPTIONS.items():
        if not corruption.needs_body:
            changed = corruption(grey, 4, 0)
            assert changed.shape == grey.shape and changed.dtype == np.uint8, kind
            assert (changed == grey).all() == (kind == "white balance"), kind
