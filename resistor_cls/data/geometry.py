"""Where a body lies in a photo: its oriented box, its upright box, its pixels."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

# The shape of a common body: coating tips as a share of the length at either end, their radius
# and that of the caps' corners in body widths. Synthetic bodies of all makes have a box that is as
# large on average; see `resistor_cls.synthetic.parts`.
_TIP, _TIP_RADIUS, _CORNER = 0.03, 0.1, 0.38
SLENDERNESS = 0.36  # width over length; see there too


@dataclass(frozen=True)
class OrientedBox:
    """The oriented box of a body: where it lies.

    Attributes:
        x: of its centre in pixels of the photo; pixel 0 reaches from 0 to 1.
        y: the same.
        angle: of its axis, radians from x towards y, at least 0 and less than π: bands have a
            first end, an oriented box has none.
        length: along the axis in pixels, coating tips included.
        width: across the axis in pixels.
        score: confidence of the detector, 0 to 1.
    """

    x: float
    y: float
    angle: float
    length: float
    width: float
    score: float

    def box(self) -> tuple[float, float, float, float]:
        """The upright box around the body: x and y of its centre, width, height, in pixels."""
        cos, sin = abs(math.cos(self.angle)), abs(math.sin(self.angle))
        # A rectangle with round corners is the Minkowski sum of a smaller one and a disc.
        corner = _CORNER * min(self.width, self.length)
        along, across = self.length * (0.5 - _TIP) - corner, self.width / 2 - corner
        end, thin = self.length / 2, _TIP_RADIUS * self.width
        half_width = max(along * cos + across * sin + corner, end * cos + thin * sin)
        half_height = max(along * sin + across * cos + corner, end * sin + thin * cos)
        return self.x, self.y, 2 * half_width, 2 * half_height

    def holds(self, x: float, y: float) -> bool:
        """Whether a point lies in the rectangle along the body."""
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        along = (x - self.x) * cos + (y - self.y) * sin
        across = (y - self.y) * cos - (x - self.x) * sin
        return abs(along) <= self.length / 2 and abs(across) <= self.width / 2

    def pixels(self, shape: tuple[int, int]) -> np.ndarray:
        """The pixels of the body, whose corners are round.

        Args:
            shape: rows and columns of the photo.

        Returns:
            (*shape,) bool.
        """
        rows, columns = (np.arange(side) + 0.5 for side in shape)
        rows = rows[:, None]
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        along = np.abs((columns - self.x) * cos + (rows - self.y) * sin)
        across = np.abs((rows - self.y) * cos - (columns - self.x) * sin)
        corner = _CORNER * min(self.width, self.length)
        beyond = np.hypot(
            np.maximum(along - self.length / 2 + corner, 0),
            np.maximum(across - self.width / 2 + corner, 0),
        )
        inside: np.ndarray = beyond < corner
        return inside


def body_in_box(
    box: tuple[float, float, float, float], angle: float, slenderness: float = SLENDERNESS
) -> OrientedBox:
    """The body of some slenderness that fits an upright box best.

    A body and its mirror image have the same upright box.

    Args:
        box: x and y of its centre, width, height, in pixels.
        angle: roughly of the axis, radians; of the body and its mirror image, the nearer one is
            returned.
        slenderness: width of the body over its length.
    """
    x, y, width, height = box
    fits = []
    for degrees in range(91):
        unit = OrientedBox(0, 0, math.radians(degrees), 1.0, slenderness, 1.0)
        _, _, wide, high = unit.box()
        length = (width * wide + height * high) / (wide * wide + high * high)
        away = math.hypot(length * wide - width, length * high - height)
        fits.append((away, math.radians(degrees), length))
    _, found, length = min(fits)
    oriented = min(found, math.pi - found, key=lambda one: abs(math.sin(one - angle)))
    return OrientedBox(x, y, oriented, length, length * slenderness, 1.0)


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


def oriented_overlap(one: OrientedBox, other: OrientedBox) -> float:
    """Intersection over union of the rectangles along two bodies."""
    shared, corners = cv2.rotatedRectangleIntersection(_rectangle(one), _rectangle(other))
    if shared == cv2.INTERSECT_NONE or corners is None:
        return 0.0
    area = float(cv2.contourArea(cv2.convexHull(corners)))
    union = one.length * one.width + other.length * other.width - area
    return area / union if union > 0 else 0.0


def _rectangle(body: OrientedBox) -> tuple[tuple[float, float], tuple[float, float], float]:
    return (body.x, body.y), (body.length, body.width), math.degrees(body.angle)
