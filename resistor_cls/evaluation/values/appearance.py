"""Body colour and light, measured on the upright crop: the groups by which errors are counted."""

import colorsys

import numpy as np
from numpy.typing import NDArray

BODY_COLOURS = ("tan", "blue", "green", "grey or white", "red or pink", "dark")
LIGHTS = ("dark", "normal", "bright")

# The body takes up the middle 60 % of the length of a crop and 70 % of its height. Its ends, which
# are rounded and often capped, and its upper and lower edges, in shadow, are left out.
_COLUMNS, _ROWS = (0.25, 0.75), (0.3, 0.7)
# Columns of one coating differ by noise and highlights, bands from their coating by 60 and more:
# Euclidean distance in 8-bit RGB.
_SAME_COLOUR = 25.0
# Limits of HSV (0 to 1; hue in degrees), by looking at tan, brown, blue, green, grey and pink parts
# of several makers. A beige part under cold light is grey by its saturation.
_DARK_VALUE, _GREY_SATURATION = 0.2, 0.12
_HUES = ((14.0, "red or pink"), (70.0, "tan"), (165.0, "green"), (265.0, "blue"))
# Median luma of a crop, 0 to 255. A well exposed crop lies at 85 to 160. Below 70 band colours lose
# their saturation, above 190 half of the pixels are close to clipping.
_DARK_LUMA, _BRIGHT_LUMA = 70.0, 190.0
_LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601


def body_colour(crop: NDArray[np.uint8]) -> str:
    """Names the colour of the coating between the bands.

    It is the colour that most columns of the lighter half of the body share: bands differ from
    each other, the gaps between them do not, and dark bands are alike only in the shade.

    Args:
        crop: (rows, columns, 3) uint8 RGB, upright, with the axis of the body along the rows.

    Returns:
        One of `BODY_COLOURS`.
    """
    rows, columns = crop.shape[:2]
    body = crop[_part(_ROWS, rows), _part(_COLUMNS, columns)].astype(float)
    by_column = np.median(body, axis=0)
    lumas = by_column @ _LUMA
    by_column = by_column[lumas >= np.median(lumas)]
    distances = np.linalg.norm(by_column[:, None] - by_column, axis=2)
    alike = distances < _SAME_COLOUR
    red, green, blue = np.median(by_column[alike[alike.sum(axis=1).argmax()]], axis=0) / 255
    hue, saturation, value = colorsys.rgb_to_hsv(red, green, blue)
    if value < _DARK_VALUE:
        return "dark"
    if saturation < _GREY_SATURATION:
        return "grey or white"
    degrees = 360 * hue
    return next((name for limit, name in _HUES if degrees < limit), "red or pink")


def light(crop: NDArray[np.uint8]) -> str:
    """Names the exposure of a crop by its median luma.

    Args:
        crop: (rows, columns, 3) uint8 RGB.

    Returns:
        One of `LIGHTS`.
    """
    luma = float(np.median(crop.astype(float) @ _LUMA))
    if luma < _DARK_LUMA:
        return "dark"
    return "bright" if luma > _BRIGHT_LUMA else "normal"


def _part(ends: tuple[float, float], size: int) -> slice:
    """The pixels between two shares of a side, at least one."""
    first = int(ends[0] * size)
    return slice(first, max(first + 1, int(ends[1] * size)))
