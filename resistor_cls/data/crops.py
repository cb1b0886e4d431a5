"""Crops of photos: rotated views, resampled."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from resistor_cls.data.geometry import OrientedBox

# Free length at either end of the body, in body lengths: the body then spans 59 % of the crop,
# and an end that the detector misses by an eighth of a length is still inside.
MARGIN = 0.35


def crop_shape(columns: int) -> tuple[int, int]:
    """Rows and columns of an upright crop: a body is about a third as thick as it is long.

    Args:
        columns: its longer side in pixels.

    Returns:
        Two fifths as many rows, a multiple of 16, which networks halve without a rest.
    """
    return min(columns, max(16, 16 * round(columns * 0.4 / 16))), columns


CROP_SHAPE = crop_shape(224)


@dataclass(frozen=True)
class View:
    """A rotated rectangle in a photo, to be resampled.

    Attributes:
        x: of its centre in pixels of the photo.
        y: the same.
        angle: of its rows, radians from the photo's x towards y.
        span: length of its rows in pixels of the photo.
    """

    x: float
    y: float
    angle: float
    span: float

    def place(self, size: tuple[int, int], photo_size: tuple[int, int]) -> np.ndarray:
        """What it shows, in fractions; see `place` of `PreprocessedImage`.

        Args:
            size: rows and columns that it is resampled to; pixels are square.
            photo_size: height and width of the photo.

        Returns:
            (2, 3) float64.
        """
        rows, columns = size
        along, across = self.span, self.span * rows / columns
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        axes = np.array([[cos * along, -sin * across], [sin * along, cos * across]])
        first = np.array([self.x, self.y]) - axes.sum(axis=1) / 2  # the corner at fractions (0, 0)
        place: np.ndarray = np.column_stack([axes, first]) / np.array(photo_size)[::-1, None]
        return place


def sample_view(photo: np.ndarray, view: View, size: tuple[int, int]) -> np.ndarray:
    """Resamples a view, with antialiasing.

    Args:
        photo: (height, width, 3) uint8.
        view: what to show; beyond the photo its edge is repeated.
        size: rows and columns of the result; pixels are square.

    Returns:
        (*size, 3) uint8.
    """
    rows, columns = size
    step = view.span / columns  # pixels of the photo for one of the result
    photo, left, top = _near(photo, view, math.hypot(rows, columns) / 2 * step)
    whole = int(min(step, *photo.shape[:2]))
    if whole > 1:  # averages over whole pixels first: then large photos cost little more
        height, width = photo.shape[0] // whole, photo.shape[1] // whole
        photo = photo[: height * whole, : width * whole]
        photo = cv2.resize(photo, (width, height), interpolation=cv2.INTER_AREA)
    whole = max(whole, 1)
    step /= whole
    # What is left is less than 2: twice as fine, then averaged.
    fine = 2 if step > 1.001 else 1
    cos, sin = math.cos(view.angle) * step / fine, math.sin(view.angle) * step / fine
    # Centres of pixels lie at +0.5 in both.
    from_x, from_y = 0.5 - columns * fine / 2, 0.5 - rows * fine / 2
    where = np.array(
        [
            [cos, -sin, (view.x - left) / whole - 0.5 + cos * from_x - sin * from_y],
            [sin, cos, (view.y - top) / whole - 0.5 + sin * from_x + cos * from_y],
        ]
    )
    # OpenCV resamples four channels faster than three, into the same levels.
    resampled = cv2.warpAffine(
        cv2.cvtColor(photo, cv2.COLOR_RGB2RGBA),
        where,
        (columns * fine, rows * fine),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    if fine > 1:
        resampled = cv2.resize(resampled, (columns, rows), interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(resampled, cv2.COLOR_RGBA2RGB)


def _near(photo: np.ndarray, view: View, reach: float) -> tuple[np.ndarray, int, int]:
    """The part of a photo that a view can show, and the column and row where it begins.

    Large photos cost no more than their part, and OpenCV resamples at most 32,767 pixels a side.
    """
    bounds = []
    for middle, side in ((view.x, photo.shape[1]), (view.y, photo.shape[0])):
        first = min(max(math.floor(middle - reach) - 2, 0), side - 1)
        last = max(min(math.ceil(middle + reach) + 2, side), first + 1)
        bounds.append((first, last))
    (left, right), (top, bottom) = bounds
    return photo[top:bottom, left:right], left, top


def crop_view(box: OrientedBox, size: tuple[int, int] = CROP_SHAPE, margin: float = MARGIN) -> View:
    """The view that shows a body upright: its axis along the rows.

    Args:
        box: of the body.
        size: rows and columns of the crop.
        margin: free length at either end of the body, in body lengths; a thick body gets half as
            much across.
    """
    rows, columns = size
    along = box.length * (1 + 2 * margin)
    across = box.width * (1 + margin) * columns / rows
    return View(box.x, box.y, box.angle, max(along, across))


def crop_upright(
    photo: np.ndarray, box: OrientedBox, size: tuple[int, int] = CROP_SHAPE, margin: float = MARGIN
) -> np.ndarray:
    """Crops a body out of a photo at its full resolution, bands from left to right.

    Which band is the first is not known: the crop may be upside down.

    Args:
        photo: (height, width, 3) uint8 RGB.
        box: of the body in this photo.
        size: rows and columns of the crop.
        margin: see `crop_view`.

    Returns:
        (*size, 3) uint8 RGB.
    """
    return sample_view(photo, crop_view(box, size, margin), size)
