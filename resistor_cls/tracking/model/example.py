"""The input example of a logged model, as text: an outbox holds text alone."""

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np


def encoded(example: np.ndarray) -> dict[str, Any]:
    """A uint8 array as plain values."""
    return {"shape": list(example.shape), "bytes": base64.b64encode(example.tobytes()).decode()}


def decoded(values: Mapping[str, Any]) -> np.ndarray:
    """Takes back what `encoded` gave."""
    return np.frombuffer(base64.b64decode(values["bytes"]), np.uint8).reshape(values["shape"])
