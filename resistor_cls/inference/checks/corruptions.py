"""Corruptions of preprocessed photos, such as blur and noise, each in five severities.

The same photo, severity and number always give the same photo. Lengths are fractions of the photo's
longer side, so that a severity means the same at any size; only JPEG has blocks of 8 pixels at
every size. Colours change as those of a camera do: no band colour becomes another.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from resistor_cls.categories import Category
from resistor_cls.errors import DataError
from resistor_cls.synthetic import draw_empty, sample_scene
from resistor_cls.synthetic.imaging import compressed, linear
from resistor_cls.synthetic.places import PLACES

# (rows, columns, channels) uint8; OpenCV's own types do not say which numbers its results hold.
Photo = NDArray[Any]
# (rows, columns) bool.
Mask = NDArray[Any]

SEVERITIES = ("slight", "mild", "moderate", "strong", "extreme")


@dataclass(frozen=True)
class Corruption:
    """One kind of change.

    Attributes:
        change: makes (rows, columns, channels) uint8 from a photo of that shape, an amount, a
            number that seeds it, and the body's mask.
        amounts: for each of `SEVERITIES`, the weakest first.
        words: the format of an amount, with its unit.
        needs_body: whether photos without a mask of the body must be left out.
    """

    change: Callable[[Photo, float, int, Mask | None], Photo]
    amounts: tuple[float, ...]
    words: str
    needs_body: bool = False

    def amount(self, severity: int) -> str:
        """The amount of a severity from 1 to 5, with its unit."""
        return self.words.format(self.amounts[_place(severity)])

    def __call__(self, photo: Photo, severity: int, number: int, body: Mask | None = None) -> Photo:
        """Changes one photo.

        Args:
            photo: (rows, columns, channels) uint8, preprocessed; three channels are RGB.
            severity: 1 to 5.
            number: 0 or more, of the photo; it seeds the change. Where a change has two directions,
                even numbers go one way and odd numbers the other.
            body: (rows, columns) bool, where the resistor's body is; None where it is not known.

        Returns:
            A new photo of the same shape and type.

        Raises:
            DataError: a severity that does not exist, or no mask where one is needed.
        """
        amount = self.amounts[_place(severity)]
        if self.needs_body and body is None:
            raise DataError("this corruption needs the mask of the body: leave the photo out")
        changed = self.change(np.ascontiguousarray(photo), amount, number, body)
        return changed.reshape(photo.shape)  # OpenCV drops the axis of a single channel


def _place(severity: int) -> int:
    if severity not in range(1, len(SEVERITIES) + 1):
        raise DataError(f"severity {severity}: expected 1 to {len(SEVERITIES)}")
    return severity - 1


def _way(number: int) -> int:
    return 1 if number % 2 == 0 else -1


def _side(photo: Photo) -> int:
    return int(max(photo.shape[:2]))


@lru_cache(maxsize=256)
def _gained(gain: float) -> Photo:
    """The level that each of 256 gets when its light is multiplied (IEC 61966-2-1)."""
    light = gain * linear(np.arange(256))
    curve = 1.055 * np.clip(light, 0.0031308, 1) ** (1 / 2.4) - 0.055
    return np.round(255 * np.where(light <= 0.0031308, 12.92 * light, curve)).astype(np.uint8)


# Dominant wavelengths of sRGB's primaries, in metres, and Planck's second constant in metre kelvin.
_RED, _GREEN, _BLUE, _C2 = 611e-9, 549e-9, 464e-9, 1.4388e-2


def _white_balance(photo: Photo, mired: float, number: int, _: Mask | None) -> Photo:
    """Even numbers are warmer, odd ones cooler: the camera has mistaken the light source."""
    if photo.shape[2] != 3:
        return photo.copy()
    # Wien's law: light at a wavelength goes with exp(-c2 / (wavelength temperature)), and a mired
    # is a millionth of an inverse kelvin. A camera holds green and moves red and blue.
    steps = _C2 * 1e-6 * mired * _way(number)
    gains = [np.exp(steps * (1 / _GREEN - 1 / other)) for other in (_RED, _GREEN, _BLUE)]
    table = np.stack([_gained(float(gain)) for gain in gains], axis=-1)
    return cv2.LUT(photo, table[None])


def _exposure(photo: Photo, stops: float, number: int, _: Mask | None) -> Photo:
    """Even numbers are brighter, and white clips; odd ones darker."""
    return cv2.LUT(photo, _gained(2.0 ** (stops * _way(number))))


def _blur(photo: Photo, percent: float, _number: int, _: Mask | None) -> Photo:
    return cv2.GaussianBlur(photo, (0, 0), percent / 100 * _side(photo))


# Side of the stored noise in pixels.
_TILE = 512


@cache
def _noise_tile() -> NDArray[Any]:
    return np.random.default_rng(41).standard_normal((_TILE, _TILE, 3), np.float32)


@cache
def _noise_by_level(sigma: float) -> NDArray[Any]:
    # Shot noise grows with the root of the light, and levels are nearly that root: it is the
    # same at all levels. The sensor's own noise is the same in light: it shows in what is dark.
    level = np.arange(256, dtype=np.float32) / 255
    return sigma * (0.85 + 0.5 * np.exp(-level / 0.15)).astype(np.float32)


def _noise(photo: Photo, sigma: float, number: int, _: Mask | None) -> Photo:
    """Another window of the stored noise for each number, mirrored at random."""
    rows, columns, channels = photo.shape
    tile = _noise_tile()
    times = [-(-needed // stored) for needed, stored in zip(photo.shape, tile.shape, strict=True)]
    if max(times) > 1:
        tile = np.tile(tile, times)
    chance = np.random.default_rng(number)
    top, left = chance.integers((tile.shape[0] - rows + 1, tile.shape[1] - columns + 1))
    flips = chance.choice((1, -1), 2)
    window = tile[top : top + rows, left : left + columns, :channels][:: flips[0], :: flips[1]]
    # Noise of the sensor's pixels: a smaller photo is a reduced one, averaging has taken it out.
    deviation = cv2.LUT(photo, _noise_by_level(sigma * _side(photo) / 224))
    noise = deviation.reshape(photo.shape) * window
    return cv2.add(photo, noise, dtype=cv2.CV_8U)


def _jpeg(photo: Photo, quality: float, number: int, _: Mask | None) -> Photo:
    if photo.shape[2] != 3:  # each channel as a grey photo
        grey = [cv2.merge([layer] * 3) for layer in cv2.split(photo)]
        return np.stack([_jpeg(layer, quality, number, None)[..., 1] for layer in grey], axis=-1)
    return compressed(photo, int(quality))


def _transformed(photo: Photo, degrees: float, factor: float) -> Photo:
    rows, columns = photo.shape[:2]
    centre = ((columns - 1) / 2, (rows - 1) / 2)
    where = cv2.getRotationMatrix2D(centre, degrees, factor)
    # As where a crop reaches beyond its photo; a mirrored edge could show a second body.
    return cv2.warpAffine(photo, where, (columns, rows), borderMode=cv2.BORDER_REPLICATE)


def _rotation(photo: Photo, degrees: float, number: int, _: Mask | None) -> Photo:
    """Even numbers rotate one way, odd ones the other."""
    return _transformed(photo, degrees * _way(number), 1.0)


def _scale(photo: Photo, factor: float, number: int, _: Mask | None) -> Photo:
    """Even numbers grow, odd ones shrink."""
    return _transformed(photo, 0.0, factor ** _way(number))


@lru_cache(maxsize=4)
def _tables(side: int) -> tuple[Photo, ...]:
    """Empty tables, four of every place."""
    found: dict[str, list[Photo]] = {place: [] for place in PLACES}
    rng = np.random.default_rng(43)
    while min(len(tables) for tables in found.values()) < 4:
        scene = sample_scene(Category("empty"), rng)
        if len(found[scene.background.place]) < 4:
            found[scene.background.place].append(draw_empty(scene, side))
    return tuple(table for tables in found.values() for table in tables)


def _background(photo: Photo, percent: float, number: int, body: Mask | None) -> Photo:
    """Blends in another table around the body; at full severity it replaces all but the body."""
    side, (rows, columns) = _side(photo), photo.shape[:2]
    chance = np.random.default_rng(number)
    tables = _tables(side)
    table = tables[chance.integers(len(tables))]
    top, left = chance.integers((side - rows + 1, side - columns + 1))
    flips = chance.choice((1, -1), 2)
    table = table[top : top + rows, left : left + columns][:: flips[0], :: flips[1]]
    # The edge begins outside the body, and is soft: the body itself stays as it is.
    grown = max(1, round(0.01 * side))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * grown + 1, 2 * grown + 1))
    mask = cv2.dilate(np.asarray(body, np.float32), disc)
    soft = cv2.blur(mask, (grown + 1 - grown % 2, grown + 1 - grown % 2))
    other = percent / 100 * (1 - soft)
    return cv2.blendLinear(photo, np.ascontiguousarray(table), 1 - other, other)


CORRUPTIONS: Mapping[str, Corruption] = {
    "white balance": Corruption(_white_balance, (15, 35, 60, 95, 140), "±{:g} mired"),
    "exposure": Corruption(_exposure, (0.25, 0.6, 1.0, 1.5, 2.0), "±{:g} EV"),
    "blur": Corruption(_blur, (0.25, 0.45, 0.7, 1.0, 1.4), "sigma {:g} % of the side"),
    "noise": Corruption(_noise, (4, 8, 14, 22, 34), "sigma {:g} of 255 at 224 px"),
    "jpeg": Corruption(_jpeg, (80, 55, 35, 22, 14), "quality {:g}"),
    "rotation": Corruption(_rotation, (3, 6, 11, 18, 28), "±{:g}°"),
    "scale": Corruption(_scale, (1.05, 1.12, 1.22, 1.35, 1.5), "×{0:g} or ÷{0:g}"),
    "background": Corruption(
        _background, (20, 40, 60, 80, 100), "{:g} % of another table", needs_body=True
    ),
}
