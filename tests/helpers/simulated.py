"""Predictions of a model whose confidences are known to be right."""

from collections.abc import Sequence

import numpy as np

from resistor_cls.categories import Categories
from resistor_cls.evaluation import Predictions
from resistor_cls.evaluation.calibration import calibrated


def simulated(
    photos: int, seed: int, skill: float = 4.0, temperature: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of 6 categories, and labels drawn from them; then sharpened or softened.

    Args:
        photos: how many.
        seed: of the drawing.
        skill: the larger, the more often the most probable category is the label.
        temperature: that restores the probabilities that the labels were drawn from.
    """
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(photos, 6)) * skill
    likely = calibrated(np.exp(logits - logits.max(axis=1, keepdims=True)), 1.0)
    targets = (likely.cumsum(axis=1) > rng.random((photos, 1))).argmax(axis=1)
    return calibrated(likely, 1 / temperature).astype("f4"), targets


def predictions_of(
    targets: Sequence[int] | np.ndarray, probabilities: np.ndarray, bursts: np.ndarray | None = None
) -> Predictions:
    """Predictions of photos `0.jpg`, `1.jpg` …, in the categories `c0`, `c1` …"""
    count, size = probabilities.shape
    return Predictions(
        names=tuple(f"{index}.jpg" for index in range(count)),
        indices=np.arange(count),
        targets=np.asarray(targets),
        probabilities=probabilities.astype("f4"),
        losses=np.linspace(0, 1, count, dtype="f4"),
        categories=Categories([f"c{index}" for index in range(size)]),
        bursts=bursts,
    )
