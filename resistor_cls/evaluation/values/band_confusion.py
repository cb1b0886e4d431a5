"""Which colour is read for which band."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from resistor_cls.bands import BANDS, BandScores

NO_BAND = BANDS[-1]  # "none": no band is read where there is one
COLOURS = BANDS[:-1]

Bands = tuple[str, ...]


def align_bands(scores: BandScores, photo: int, codes: Sequence[Bands]) -> tuple[Bands, Bands]:
    """Finds the colours that are read for the bands of a part, whatever the direction.

    Of all codes, each read from the left and from the right of the crop, the one that is most
    probable by the colours alone is taken. The probability of the direction does not count: a wrong
    direction is not a wrong colour.

    Args:
        scores: of the bands of some photos.
        photo: its position.
        codes: that parts of this kind have, first digit first. A band without a colour, an empty
            text, is one whose colour is not known.

    Returns:
        The code that was taken, and the most probable colour of each of its bands, one of `BANDS`.
        Both are empty without codes.
    """
    best: tuple[float, Bands, Bands] = (-np.inf, (), ())
    for code in codes:
        from_left, rest = scores.of_count(photo, len(code))
        for bands in (from_left, from_left[::-1]):
            known = [place for place, colour in enumerate(code) if colour]
            indices = [BANDS.index(code[place]) for place in known]
            # With the empty slots, so that codes with fewer bands have no advantage.
            score = float(bands[known, indices].sum() + rest.max())
            if score > best[0] or not best[1]:
                read = tuple(BANDS[index] for index in bands.argmax(axis=1))
                best = score, code, read
    return best[1:]


def band_confusion(true: Sequence[Bands], read: Sequence[Bands]) -> NDArray[np.int64]:
    """Counts the bands of some photos by their true and by their read colour.

    Args:
        true: of each photo the bands of its part; those without a colour are left out.
        read: of each photo the colours that were read for them.

    Returns:
        (12, 13) int64: rows are the true colours, in the order of `COLOURS`; columns are those that
        were read, the last of them `NO_BAND`.
    """
    counts = np.zeros((len(COLOURS), len(BANDS)), dtype=np.int64)
    for truth, found in zip(true, read, strict=True):
        for colour, other in zip(truth, found, strict=True):
            if colour:
                counts[BANDS.index(colour), BANDS.index(other)] += 1
    return counts


def band_confusion_table(counts: NDArray[np.int64]) -> pd.DataFrame:
    """The counts of `band_confusion` with names on both axes: rows are true colours."""
    return pd.DataFrame(counts, index=pd.Index(COLOURS, name="true"), columns=list(BANDS))
