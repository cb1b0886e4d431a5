"""Photos of any channels that numpy saved."""

import math
from io import BytesIO

import numpy as np

from resistor_cls.data.images.headers import MAX_PIXELS, check_sides
from resistor_cls.errors import DataError

NPY = b"\x93NUMPY"  # what the file of an array begins with (NEP 1)
MAX_VALUES = 3 * MAX_PIXELS


def decode_array(encoded: bytes) -> np.ndarray:
    """The channels that `numpy.save` wrote. Only the header is parsed: no pickle is ever opened."""
    file = BytesIO(encoded)
    try:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0
        if version > (1, 0):
            read = np.lib.format.read_array_header_2_0
        shape, by_columns, kind = read(file)
    # numpy parses the header as Python's literals, which damage breaks in many ways.
    except Exception as error:
        raise DataError(
            f"the array cannot be decoded: {error or type(error).__name__}; save it again by "
            "numpy.save"
        ) from error
    if kind != np.uint8:
        raise DataError(f"an array of {kind}: expected uint8, save it by numpy.save as that")
    # Python takes True for a number, numpy's reshape does not; the longest numbers have no text.
    if len(shape) != 3 or any(type(side) is not int or not 1 <= side < 2**63 for side in shape):
        raise DataError(
            f"an array of the shape {shape!s:.60}: expected (height, width, channels); save it by "
            "numpy.save as that"
        )
    check_sides(shape[1], shape[0])
    if math.prod(shape) > MAX_VALUES:
        raise DataError(
            f"{' × '.join(map(str, shape))} values are more than {MAX_VALUES // 10**6} "
            "million: save the photo smaller"
        )
    values = np.frombuffer(encoded, np.uint8, offset=file.tell())
    if values.size != math.prod(shape):
        raise DataError(
            f"the array cannot be decoded: {values.size} bytes of {math.prod(shape)}, the file is "
            "damaged; copy or save it again"
        )
    return np.ascontiguousarray(values.reshape(shape, order="F" if by_columns else "C"))
