"""Where the body lies in a photo: `boxes.csv` beside the categories."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from resistor_cls.csv_tables import read_csv
from resistor_cls.data.geometry import SLENDERNESS, OrientedBox, body_in_box
from resistor_cls.data.images.metadata import BORDER
from resistor_cls.data.sources.names import names_outside
from resistor_cls.errors import DataError, some_names

FILE = "boxes.csv"
COLUMNS = ("x_center", "y_center", "width", "height")
_EDGE = 0.002  # of the photo: 1.4 of 700 pixels, the rounding of a box that ends at the edge


@dataclass(frozen=True)
class Box:
    """The upright rectangle around a body, in fractions of the upright photo."""

    x_center: float
    y_center: float
    width: float
    height: float

    def length(self, photo_width: int, photo_height: int) -> float:
        """The longer side in pixels: the body's length, or less if it is rotated."""
        return max(self.width * photo_width, self.height * photo_height)

    @property
    def reaches_border(self) -> bool:
        """Whether it reaches into the border that `ImageMetadata.border` describes."""
        return self._margin < BORDER

    @property
    def is_cut(self) -> bool:
        """Whether it ends at the edge of the photo: some of the body may be missing."""
        return self._margin <= _EDGE

    def pixels(self, place: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
        """The pixels of a preprocessed photo that lie in the box.

        Args:
            place: (2, 3), what that photo shows; see `PreprocessedImage`.
            shape: its rows and columns.

        Returns:
            (*shape,) bool; all False where the box is outside of what the photo shows.
        """
        rows, columns = (np.indices(shape) + 0.5) / np.reshape(shape, (2, 1, 1))
        x, y = np.tensordot(place[:, :2], np.stack([columns, rows]), 1) + place[:, 2, None, None]
        across, down = np.abs(x - self.x_center), np.abs(y - self.y_center)
        inside: np.ndarray = (across <= self.width / 2) & (down <= self.height / 2)
        return inside

    def body(
        self, place: np.ndarray, shape: tuple[int, int], slenderness: float = SLENDERNESS
    ) -> OrientedBox:
        """The body in the box, in a photo that shows it about level.

        The upright box around a rotated body is much larger than the body.

        Args:
            place: (2, 3) of rotation, scale and shift only; see `pixels`.
            shape: rows and columns of that photo.
            slenderness: width of the body over its length.

        Returns:
            Its oriented box in pixels of that photo.
        """
        to_pixels = np.diag(shape[::-1]) @ np.linalg.inv(place[:, :2])
        x, y = to_pixels @ (np.array([self.x_center, self.y_center]) - place[:, 2])
        across, down = to_pixels @ np.diag([self.width, self.height])  # the box's sides, by axis
        wide, high = math.hypot(across[0], down[0]), math.hypot(across[1], down[1])
        rotation = math.atan2(down[0], across[0])  # of the box's wide side
        body = body_in_box((float(x), float(y), wide, high), -rotation, slenderness)
        angle = (body.angle + rotation) % math.pi
        return OrientedBox(body.x, body.y, angle, body.length, body.width, 1.0)

    @property
    def _margin(self) -> float:
        sides = ((self.x_center, self.width), (self.y_center, self.height))
        return min(min(center, 1 - center) - length / 2 for center, length in sides)


def read_boxes(root: Path) -> dict[str, Box]:
    """Reads the boxes of a set of photos.

    Args:
        root: the folder that holds `boxes.csv`, with the columns file, x_center, y_center, width
            and height.

    Returns:
        file name → box; empty if there is no such table.

    Raises:
        DataError: a table that cannot be read, or that names files outside of `root`.
    """
    path = root / FILE
    if not path.is_file():
        return {}
    try:
        table = read_csv(path)
        twice = [name for name in ("file", *COLUMNS) if (table.columns == name).sum() > 1]
        if twice:
            raise ValueError(f"the column {twice[0]} stands twice")
        names = [str(name).replace("\\", "/") for name in table["file"]]
        values = table[list(COLUMNS)].to_numpy(dtype=float)
    except KeyError as error:
        raise DataError(
            f"{path}: {error.args[0]}; expected the columns file, {', '.join(COLUMNS)}"
        ) from error
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    outside = names_outside(names)
    if outside:  # these files may be opened
        raise DataError(
            f"{path} names files outside of its folder: {some_names(outside)}; remove these rows"
        )
    wrong = np.flatnonzero(~((values >= 0) & (values <= 1)).all(axis=1))
    if wrong.size:
        raise DataError(
            f"{path}: row {wrong[0] + 1} ({names[wrong[0]]}) is not in fractions of the photo, "
            "0 to 1"
        )
    return {name: Box(*row) for name, row in zip(names, values.tolist(), strict=True)}
