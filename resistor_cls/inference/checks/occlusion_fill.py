"""Occludes photos: paints over the body, or everything else."""

import cv2
import numpy as np

# Around the body, as fractions of the side of a square of its area: a margin for what the mask
# misses of the body, then one where the paint fades out, because an edge would show a shape too.
_GROWN, _FADING = 0.08, 0.06
_SPREAD = 0.5  # standard deviation of the blur that spreads the table's colours, in such sides
NEUTRAL = 128  # the middle grey, and 0 where photos are scaled to [-1, 1]


def paint_body(photo: np.ndarray, body: np.ndarray) -> np.ndarray:
    """Paints the body over in the colours of the table around it.

    The paint is smooth: it has the light of the table, and nothing of the bands. The place and the
    size of the body may still be guessed, and its leads remain.

    Args:
        photo: (rows, columns, channels) uint8.
        body: (rows, columns) bool, its pixels.

    Returns:
        (rows, columns, channels) uint8.
    """
    cover, side = _cover(body)
    table = (cover == 0).astype(np.float32)
    sums = _blurred(np.dstack([photo * table[..., None], table]), _SPREAD * side)
    # Where there is no table, or none near: the neutral tone.
    weight = sums[..., -1:]
    paint = np.where(weight > 1e-4, sums[..., :-1] / np.maximum(weight, 1e-4), NEUTRAL)
    return _mixed(photo, paint, cover)


def paint_background(photo: np.ndarray, body: np.ndarray) -> np.ndarray:
    """Paints all but the body over in one neutral tone.

    Args:
        photo: (rows, columns, channels) uint8.
        body: (rows, columns) bool, its pixels.

    Returns:
        (rows, columns, channels) uint8.
    """
    cover, _ = _cover(body)
    return _mixed(photo, np.full_like(photo, NEUTRAL), 1 - cover)


def _cover(body: np.ndarray) -> tuple[np.ndarray, float]:
    """How much of each pixel belongs to the grown body, and the side of a square as large as it.

    Returns:
        (rows, columns) float32 in [0, 1], and pixels; 0 everywhere and 1 pixel if there is no body.
    """
    side = max(float(np.sqrt(np.count_nonzero(body))), 1.0)
    if not body.any():
        return np.zeros(body.shape, np.float32), side
    away = cv2.distanceTransform((~body).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    grown, fading = max(1.0, _GROWN * side), max(1.0, _FADING * side)
    return np.clip(1 - (away - grown) / fading, 0, 1), side


def _blurred(values: np.ndarray, spread: float) -> np.ndarray:
    values = values.astype(np.float32)
    return np.asarray(cv2.GaussianBlur(values, (0, 0), spread, borderType=cv2.BORDER_REPLICATE))


def _mixed(photo: np.ndarray, paint: np.ndarray, cover: np.ndarray) -> np.ndarray:
    mixed: np.ndarray = photo + (paint - photo.astype(np.float32)) * cover[..., None]
    return mixed.round().clip(0, 255).astype(np.uint8)
