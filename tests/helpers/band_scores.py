"""Scores of bands as a reader would report them."""

from collections.abc import Sequence

import numpy as np

from resistor_cls.bands import BANDS, MAX_BANDS, WATTS, BandScores


def log_softmax(logits: np.ndarray) -> np.ndarray:
    return logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)


def certain(
    codes: Sequence[tuple[str, ...]], backward: bool | None = False, sharpness: float = 30.0
) -> BandScores:
    """Scores of crops that show codes, seen from the first digit or from the last band.

    Args:
        codes: first digit first, one for each photo.
        backward: whether the first digit is on the right. None: on the left, and the reader does
            not know the direction.
        sharpness: logit of what is shown, against 0.
    """
    slots = np.zeros((len(codes), MAX_BANDS, len(BANDS)))
    for photo, code in enumerate(codes):
        shown = code[::-1] if backward else code
        for slot in range(MAX_BANDS):
            band = shown[slot] if slot < len(shown) else "none"
            slots[photo, slot, BANDS.index(band)] = sharpness
    direction = np.zeros((len(codes), 2))
    if backward is not None:
        direction[:, int(backward)] = sharpness
    watts = np.zeros((len(codes), len(WATTS)))
    return BandScores(log_softmax(slots), log_softmax(direction), log_softmax(watts))


def random_scores(rng: np.random.Generator, photos: int, spread: float = 3.0) -> BandScores:
    """Scores of any kind; a larger spread makes them more certain."""
    return BandScores(
        log_softmax(rng.normal(0, spread, (photos, MAX_BANDS, len(BANDS)))),
        log_softmax(rng.normal(0, spread, (photos, 2))),
        log_softmax(rng.normal(0, spread, (photos, len(WATTS)))),
    )
