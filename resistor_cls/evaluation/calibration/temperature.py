"""Temperature scaling: one number that makes the confidences of a model match its accuracy."""

import math
from collections.abc import Iterator

import numpy as np

TINY = float(np.finfo(np.float32).tiny)  # smallest probability whose logarithm is taken
_AT_ONCE = 4096  # photos: a copy of that many rows, or their distances, is small enough
_MIN, _MAX = 0.05, 20.0  # temperatures that are searched
_MAX_PHOTOS = 20_000  # more photos change a temperature in its fourth digit


def calibrated(probabilities: np.ndarray, temperature: float | np.ndarray) -> np.ndarray:
    """Calibrated probabilities: `softmax(log p / T)`.

    For the probabilities of a softmax this is temperature scaling of the logits (Guo et al. 2017,
    "On calibration of modern neural networks", ICML). Probabilities of separate yes-or-no outputs
    are normalised to a sum of 1.

    Args:
        probabilities: (photos, categories).
        temperature: one for all, or (photos,).

    Returns:
        (photos, categories) float64.
    """
    logs = np.log(np.maximum(np.asarray(probabilities, dtype=np.float64), TINY))
    logs /= np.reshape(temperature, (-1, 1))
    logs -= logs.max(axis=1, keepdims=True)
    np.exp(logs, out=logs)
    found: np.ndarray = logs / logs.sum(axis=1, keepdims=True)
    return found


def fit_temperature(probabilities: np.ndarray, targets: np.ndarray) -> float:
    """The temperature of the lowest log loss.

    Where every prediction is right, the loss falls without limit as the temperature does, which
    says nothing about confidence: then the temperature is 1.

    Args:
        probabilities: (photos, categories).
        targets: (photos,) class indices.
    """
    if len(targets) > _MAX_PHOTOS:
        order = np.random.default_rng(0).permutation(len(targets))
        chosen = np.sort(order[:_MAX_PHOTOS])
        probabilities, targets = probabilities[chosen], targets[chosen]
    rows = np.arange(len(targets))
    if (probabilities.argmax(axis=1) == targets).all():
        return 1.0

    from scipy.optimize import minimize_scalar

    def loss(log_temperature: float) -> float:
        likely = calibrated(probabilities, math.exp(log_temperature))
        return float(-np.log(np.maximum(likely[rows, targets], TINY)).mean())

    bounds = (math.log(_MIN), math.log(_MAX))
    return math.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x)


def chunks(count: int) -> Iterator[slice]:
    """Consecutive rows of photos whose calibrated probabilities are in memory together."""
    for start in range(0, count, _AT_ONCE):
        yield slice(start, start + _AT_ONCE)
