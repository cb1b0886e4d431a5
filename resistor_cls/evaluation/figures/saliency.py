"""Saliency maps: which parts of a photo speak for its prediction."""

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from PIL import Image

from resistor_cls.evaluation.figures.gallery import gallery_figure


def saliency_figure(
    photos: Sequence[np.ndarray],
    heatmaps: Sequence[np.ndarray],
    captions: Sequence[str],
    right: Sequence[bool] | None = None,
    title: str = "",
) -> Figure:
    """Draws each photo above a copy on which a map of what decided is laid.

    Args:
        photos: (height, width, 3) uint8 RGB each.
        heatmaps: of each, float in [0, 1] of any height and width; they cover the whole photo.
        captions: text under each pair.
        right: whether a prediction was right; wrong ones get a coloured caption.
        title: above all.
    """
    stacked = []
    for photo, heatmap in zip(photos, heatmaps, strict=True):
        gap = np.full((max(1, photo.shape[0] // 50), photo.shape[1], 3), 255, dtype=np.uint8)
        stacked.append(np.concatenate([photo, gap, overlay(photo, heatmap)]))
    return gallery_figure(stacked, captions, right, title)


def overlay(photo: np.ndarray, heatmap: np.ndarray) -> np.ndarray:
    """A grey copy of a photo, coloured where a map of what decided is high.

    Args:
        photo: (height, width, 3) uint8 RGB.
        heatmap: float in [0, 1] of any height and width; it covers the whole photo.

    Returns:
        (height, width, 3) uint8 RGB.
    """
    heat = Image.fromarray(np.nan_to_num(heatmap).clip(0, 1).astype(np.float32))
    shares = np.asarray(heat.resize(photo.shape[1::-1], Image.Resampling.BILINEAR))[..., None]
    # Grey: colours of bands would be taken for colours of the map.
    grey = photo.mean(axis=2, keepdims=True)
    colours = 255 * colormaps["inferno"](shares[..., 0])[..., :3]
    return np.asarray(grey + (colours - grey) * (0.2 + 0.4 * shares)).astype(np.uint8)
