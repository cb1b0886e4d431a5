"""Saliency maps: which parts of a photo speak for its prediction."""

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from PIL import Image

from resistor_cls.evaluation.figures.gallery import gallery_figure


def saliency_figure(
    photos: Sequence[np.ndarray],
    saliency_maps: Sequence[np.ndarray],
    captions: Sequence[str],
    right: Sequence[bool] | None = None,
    title: str = "",
) -> Figure:
    """Draws each photo above a grey copy with its saliency map.

    Args:
        photos: (height, width, 3) uint8 RGB each.
        saliency_maps: of each, float in [0, 1] of any height and width; they cover the whole photo.
        captions: text under each pair.
        right: whether a prediction was right; wrong ones get a coloured caption.
        title: of the figure.
    """
    stacked = []
    for photo, saliency_map in zip(photos, saliency_maps, strict=True):
        gap = np.full((max(1, photo.shape[0] // 50), photo.shape[1], 3), 255, dtype=np.uint8)
        stacked.append(np.concatenate([photo, gap, overlay(photo, saliency_map)]))
    return gallery_figure(stacked, captions, right, title)


def overlay(photo: np.ndarray, saliency_map: np.ndarray) -> np.ndarray:
    """A grey copy of a photo, coloured where its saliency map is high.

    Args:
        photo: (height, width, 3) uint8 RGB.
        saliency_map: float in [0, 1] of any height and width; it covers the whole photo.

    Returns:
        (height, width, 3) uint8 RGB.
    """
    picture = Image.fromarray(np.nan_to_num(saliency_map).clip(0, 1).astype(np.float32))
    opacity = np.asarray(picture.resize(photo.shape[1::-1], Image.Resampling.BILINEAR))[..., None]
    # Grey, so that colours of bands are not mistaken for colours of the map.
    grey = photo.mean(axis=2, keepdims=True)
    colours = 255 * colormaps["inferno"](opacity[..., 0])[..., :3]
    return np.asarray(grey + (colours - grey) * (0.2 + 0.4 * opacity)).astype(np.uint8)
