"""From the maps of the detector to bodies; `encode` of `network` is its inverse."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

STRIDE = 4  # pixels to a cell
# Lengths and widths are logarithms of multiples of these, about their middle in pixels.
LENGTH, WIDTH = 32.0, 11.0
_APART = 7  # cells in which one peak is all that counts: a small body


def decode(
    scores: NDArray[np.float32], geometry: NDArray[np.float32], count: int = 1
) -> NDArray[np.float32]:
    """The best detections in a view.

    Args:
        scores: (cells, cells), 0 to 1.
        geometry: (6, cells, cells) as `resistor_cls.model.detector.network.encode` says.
        count: how many.

    Returns:
        (at most count, 6): x and y of the centre, angle from 0 to π, length and width in pixels of
        the view, and the score; the best first. Each is a peak of its own.
    """
    cells = scores.shape[1]
    highest = cv2.dilate(scores, np.ones((_APART, _APART), np.uint8))  # of the cells around each
    peaks = np.flatnonzero(scores == highest)
    heights = scores.ravel()[peaks]
    best = np.argsort(-heights, kind="stable")[:count]
    at = peaks[best]
    to_x, to_y, cos, sin, length, width = geometry.reshape(6, -1)[:, at]
    return np.stack(
        [
            (at % cells + np.float32(0.5) + to_x) * STRIDE,
            (at // cells + np.float32(0.5) + to_y) * STRIDE,
            np.mod(np.arctan2(sin, cos) / 2, np.float32(math.pi)),
            # A body is never longer than a few views; an untrained network may predict anything.
            LENGTH * np.exp(np.clip(length, -4, 4)),
            WIDTH * np.exp(np.clip(width, -4, 4)),
            heights[best],
        ],
        axis=1,
    ).astype(np.float32)
