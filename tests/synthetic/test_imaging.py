import cv2
import numpy as np
import pytest

from resistor_cls.synthetic import imaging


def test_linear_light_is_that_of_opencv() -> None:
    levels = np.arange(0, 256, 5).astype(np.float32).reshape(1, -1, 1).repeat(3, axis=2)
    # CIE lightness of equal red, green and blue; OpenCV interpolates it.
    lightness = cv2.cvtColor(levels / 255, cv2.COLOR_RGB2Lab)[0, :, 0]
    light = imaging.linear(levels[0, :, 0])
    expected = np.where(light > 0.008856, 116 * np.cbrt(light) - 16, 903.3 * light)
    np.testing.assert_allclose(lightness, expected, atol=0.25)


def test_saturation_keeps_grey_and_luminance() -> None:
    several = imaging.saturating(np.array([0.0, 1.0, 1.5])[:, None, None])
    np.testing.assert_allclose(several @ np.full(3, 0.4), 0.4)
    np.testing.assert_allclose(several[1], np.eye(3))
    np.testing.assert_array_equal(several[2], imaging.saturating(1.5))
    assert np.ptp(several[0] @ [0.9, 0.1, 0.2]) == pytest.approx(0)


@pytest.mark.parametrize(("length", "angle"), [(2.0, 0.0), (8.0, 0.0), (5.0, 1.5708)])
def test_motion_spreads_a_point_along_a_line(length: float, angle: float) -> None:
    photo = np.zeros((31, 31, 3), np.uint8)
    photo[15, 15] = 255
    spread = imaging.shaken(photo, length, angle)[:, :, 0].astype(float)
    assert spread.sum() == pytest.approx(255, rel=0.06)
    reached = [int((spread.max(axis=axis) > 9).sum()) for axis in (0, 1)]
    along, across = reached if angle == 0.0 else reached[::-1]
    assert abs(along - (length + 1)) <= 2
    assert across <= 3


def test_a_blur_is_that_of_opencv_to_the_bit() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (48, 64, 3)).astype(np.uint8)
    shorter = 0
    for sigma in np.arange(0.3, 4.0, 0.01):
        expected = cv2.GaussianBlur(photo, (0, 0), sigma)
        assert (imaging.blurred(photo, sigma) == expected).all(), sigma
        shorter += imaging._taps(sigma) < round(6 * sigma + 1) | 1
    assert shorter > 30
    assert imaging._taps(1.1) == 7  # the sharpening of photos of 700 px


@pytest.mark.parametrize("shape", [(64, 192), (700, 700), (1030, 40)])
def test_noise_has_the_deviation_and_is_another_each_time(shape: tuple[int, int]) -> None:
    grey = np.full((*shape, 3), 120, np.uint8)
    rng = np.random.default_rng(0)
    one, other = (imaging.noisy(grey, 4.0, rng).astype(float) for _ in range(2))
    assert one.mean() == pytest.approx(120, abs=0.5)
    assert one.std() == pytest.approx(4.0 * 0.93, rel=0.05)
    assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.2
    assert (imaging.noisy(grey, 0.0, rng) == grey).all()


@pytest.mark.parametrize("shape", [(64, 192), (1030, 40), (40, 1500)])
def test_mirrored_noise_is_the_window_of_the_mirrored_tile(shape: tuple[int, int]) -> None:
    whole = np.tile(imaging._noise_tile(), (2, 2, 1))
    for seed in range(4):
        again = np.random.default_rng(seed)
        tile = whole[:, :: 1 if again.random() < 0.5 else -1]
        high, wide = (imaging._TILE * (1 + (side > imaging._TILE)) for side in shape)
        tile = tile[:high, :wide]
        row, column = again.integers(high - shape[0] + 1), again.integers(wide - shape[1] + 1)
        found = imaging._noise_window(shape, np.random.default_rng(seed))
        assert (found == tile[row : row + shape[0], column : column + shape[1]]).all()
