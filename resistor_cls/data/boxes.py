"""Where the body lies in a photo: `boxes.csv` beside the categories."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from resistor_cls.data.facts import BORDER
from resistor_cls.errors import DataError

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
        """The longer side in pixels: the body's length, or less where it lies aslant."""
        return max(self.width * photo_width, self.height * photo_height)

    @property
    def reaches_border(self) -> bool:
        """Whether it reaches into the outer ring that `PhotoFacts.border` describes."""
        return self._margin < BORDER

    @property
    def is_cut(self) -> bool:
        """Whether it ends at the edge of the photo: some of the body may be missing."""
        return self._margin <= _EDGE

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
        file name → box; empty where there is no such table.

    Raises:
        DataError: a table that cannot be read.
    """
    path = root / FILE
    if not path.is_file():
        return {}
    try:
        table = pd.read_csv(path, dtype={"file": str}, keep_default_na=False, na_values=[""])
        names = [str(name).replace("\\", "/") for name in table["file"]]
        values = table[list(COLUMNS)].to_numpy(dtype=float)
    except KeyError as error:
        raise DataError(
            f"{path}: {error.args[0]}; expected the columns file, {', '.join(COLUMNS)}"
        ) from error
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    wrong = np.flatnonzero(~((values >= 0) & (values <= 1)).all(axis=1))
    if wrong.size:
        raise DataError(
            f"{path}: row {wrong[0] + 1} ({names[wrong[0]]}) is not in fractions of the photo, "
            "0 to 1"
        )
    return {name: Box(*row) for name, row in zip(names, values.tolist(), strict=True)}
