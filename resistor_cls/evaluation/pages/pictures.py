"""Pictures and figures as a page holds them."""

import base64
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

SMALL = (224, 160)  # pixels that a picture fits into: a square of 160, or a wide crop as it is
LARGE = (448, 320)  # the same of the first ones, which a click enlarges
_WIDE = 1.4  # width / height from which pictures get more room in a row


def picture_shape(photos: Sequence[np.ndarray]) -> dict[str, Any]:
    """What the style of a page depends on: `ratio`, and whether the pictures are `wide`.

    Args:
        photos: (height, width, 3) each.
    """
    shape = float(np.median([photo.shape[1] / photo.shape[0] for photo in photos] or [1]))
    # Bounded, so that a part in a narrow strip still has a height.
    return {"wide": shape > _WIDE, "ratio": min(max(shape, 0.75), 3.0)}


def svg_picture(svg: str) -> dict[str, Any]:
    """A figure as a `data:` address; as a picture it can neither run nor fetch anything."""
    width = re.search(r'<svg[^>]*?\swidth="([\d.]+)pt"', svg)
    return {
        "address": "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode(),
        # Pixels on a phone: type of 10 points must not get smaller than 7 pixels.
        "least": round(float(width[1]) * 4 / 3 * 0.55) if width else 0,
    }
