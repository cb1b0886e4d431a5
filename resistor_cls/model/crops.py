"""Where a body lies in a photo, and views of photos: the one place that resamples by location."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

# Free length at either end of the body, in body lengths: the body then spans 59 % of the crop,
# and an end that was located an eighth of a length off is still inside.
MARGIN = 0.35
# The outline of a common body: coating tips as a share of the length at either end, their radius
# and that of the caps' corners in body widths. Drawn bodies of all makes have a box that is as
# large on average; see `resistor_cls.rendering.parts`.
_TIP, _TIP_RADIUS, _CORNER = 0.03, 0.1, 0.38
SLENDERNESS = 0.36  # width over length; see there too


@dataclass(frozen=True)
class Location:
    """Where a body lies.

    Attributes:
        x: of its centre in pixels of the photo; pixel 0 reaches from 0 to 1.
        y: the same.
        angle: of its axis, radians from x towards y, at least 0 and less than π: rings have a
            first end, a location has none.
        length: along the axis in pixels, coating tips included.
        width: across the axis in pixels.
        score: how sure the locator is, 0 to 1.
    """

    x: float
    y: float
    angle: float
    length: float
    width: float
    score: float

    def box(self) -> tuple[float, float, float, float]:
        """The upright box round the body: x and y of its centre, width, height, in pixels."""
        cos, sin = abs(math.cos(self.angle)), abs(math.sin(self.angle))
        # A rectangle with round corners is a smaller one, moved by a disc.
        corner = _CORNER * min(self.width, self.length)
        along, across = self.length * (0.5 - _TIP) - corner, self.width / 2 - corner
        end, thin = self.length / 2, _TIP_RADIUS * self.width
        half_width = max(along * cos + across * sin + corner, end * cos + thin * sin)
        half_height = max(along * sin + across * cos + corner, end * sin + thin * cos)
        return self.x, self.y, 2 * half_width, 2 * half_height


def body_in_box(box: tuple[float, float, float, float], angle: float) -> Location:
    """The body of common slenderness that fits an upright box best.

    A box does not tell a body from its mirror image.

    Args:
        box: x and y of its centre, width, height, in pixels.
        angle: about where the axis points, radians; the image nearer to it is taken.
    """
    x, y, width, height = box
    fits = []
    for degrees in range(91):
        unit = Location(0, 0, math.radians(degrees), 1.0, SLENDERNESS, 1.0)
        _, _, wide, high = unit.box()
        length = (width * wide + height * high) / (wide * wide + high * high)
        away = math.hypot(length * wide - width, length * high - height)
        fits.append((away, math.radians(degrees), length))
    _, found, length = min(fits)
    turned = min(found, math.pi - found, key=lambda one: abs(math.sin(one - angle)))
    return Location(x, y, turned, length, length * SLENDERNESS, 1.0)


def overlap(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Intersection over union of two upright boxes: x and y of the centre, width, height."""
    sides = [
        max(0.0, min(a + w / 2, b + v / 2) - max(a - w / 2, b - v / 2))
        for a, w, b, v in (
            (one[0], one[2], other[0], other[2]),
            (one[1], one[3], other[1], other[3]),
        )
    ]
    shared = sides[0] * sides[1]
    return shared / (one[2] * one[3] + other[2] * other[3] - shared)


def crop_shape(columns: int) -> tuple[int, int]:
    """Rows and columns of an upright crop: a body is about a third as thick as it is long.

    Args:
        columns: its longer side in pixels.

    Returns:
        Two fifths as many rows, in steps of 16 that nets halve without a rest.
    """
    return min(columns, max(16, 16 * round(columns * 0.4 / 16))), columns


CROP_SHAPE = crop_shape(224)


@dataclass(frozen=True)
class View:
    """A rectangle in a photo, turned and resampled.

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


def look(photo: np.ndarray, view: View, size: tuple[int, int]) -> np.ndarray:
    """Resamples a view, without aliasing when it shrinks.

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
    seen = cv2.warpAffine(
        photo,
        where,
        (columns * fine, rows * fine),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    if fine > 1:
        seen = cv2.resize(seen, (columns, rows), interpolation=cv2.INTER_AREA)
    return seen


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


def crop_view(
    location: Location, size: tuple[int, int] = CROP_SHAPE, margin: float = MARGIN
) -> View:
    """The view that shows a body upright: its axis along the rows.

    Args:
        location: of the body.
        size: rows and columns of the crop.
        margin: free length at either end of the body, in body lengths; a thick body gets half as
            much across.
    """
    rows, columns = size
    along = location.length * (1 + 2 * margin)
    across = location.width * (1 + margin) * columns / rows
    return View(location.x, location.y, location.angle, max(along, across))


def crop_upright(
    photo: np.ndarray,
    location: Location,
    size: tuple[int, int] = CROP_SHAPE,
    margin: float = MARGIN,
) -> np.ndarray:
    """Cuts a body out of a photo at its full resolution, rings from left to right.

    Which ring is the first is not known: the crop may be upside down.

    Args:
        photo: (height, width, 3) uint8 RGB.
        location: of the body in this photo.
        size: rows and columns of the crop.
        margin: see `crop_view`.

    Returns:
        (*size, 3) uint8 RGB.
    """
    return look(photo, crop_view(location, size, margin), size)
