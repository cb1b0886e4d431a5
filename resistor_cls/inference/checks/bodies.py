"""Where the bodies are in evaluated photos."""

from typing import TYPE_CHECKING

import numpy as np

from resistor_cls.evaluation import Predictions

if TYPE_CHECKING:
    from resistor_cls.data import PhotoDataModule


def known_bodies(data: "PhotoDataModule", predictions: Predictions) -> dict[int, str]:
    """Photos whose body is known and visible.

    Returns:
        Position in `predictions` → `known_by` of the body, such as `box`. The masks are left out:
        those of a hundred thousand photos take gigabytes.
    """
    found = ((place, data.body(int(index))) for place, index in enumerate(predictions.indices))
    return {place: body.known_by for place, body in found if body and body.pixels.any()}


def body_mask(data: "PhotoDataModule", predictions: Predictions, place: int) -> np.ndarray:
    """The pixels of a known body.

    Args:
        data: the photos.
        predictions: of the photos.
        place: position in `predictions`, one of `known_bodies`.

    Returns:
        (rows, columns) bool, of the preprocessed photo.
    """
    body = data.body(int(predictions.indices[place]))
    assert body is not None
    return body.pixels
