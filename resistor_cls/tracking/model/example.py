"""The input example of a logged model, as text: an outbox and JSON hold text alone."""

import base64
import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

_RGB = 3  # channels


def encoded(example: np.ndarray) -> dict[str, Any]:
    """A uint8 array as plain values."""
    return {"shape": list(example.shape), "bytes": base64.b64encode(example.tobytes()).decode()}


def decoded(values: Mapping[str, Any]) -> np.ndarray:
    """Takes back what `encoded` gave."""
    return np.frombuffer(base64.b64decode(values["bytes"]), np.uint8).reshape(values["shape"])


def as_request(photo: np.ndarray) -> str:
    """A photo as a request to a served model holds it: base64 of the bytes of a file.

    Args:
        photo: (height, width, channels) uint8. Of three channels it becomes a PNG, else what NumPy
            saves.
    """
    content = io.BytesIO()
    if photo.shape[2] == _RGB:
        Image.fromarray(photo).save(content, "PNG", optimize=True)
    else:
        np.save(content, photo)
    return base64.b64encode(content.getvalue()).decode()
