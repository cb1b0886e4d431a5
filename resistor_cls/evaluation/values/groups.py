"""Value accuracy of groups of photos: by number of bands, body colour, light and more."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from resistor_cls.evaluation.scores import Bootstrap
from resistor_cls.evaluation.values.predictions import ValuePredictions

ALL = "all"
COLUMNS = (
    "by", "group", "photos", "clusters", "right", "accuracy", "low", "high", "accepted", "coverage",
    "accepted_wrong", "accepted_wrong_share",
)  # fmt: skip


def value_groups(predictions: ValuePredictions) -> pd.DataFrame:
    """A row per group of photos, the first of all photos.

    Args:
        predictions: at least one photo.

    Returns:
        Columns `COLUMNS`: `by` is the property, such as `light`, and `group` its value. `clusters`
        counts the parts, bursts or photos that the 95 % interval `low` to `high` of the accuracy
        resamples as a whole; it is nan for a single one. `coverage` is the accepted share,
        `accepted_wrong_share` that of the wrong ones among the accepted, nan where none is.
    """
    rows = [
        {"by": by, "group": group, **_scores(predictions, chosen)}
        for by, group, chosen in _groups(predictions)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _groups(predictions: ValuePredictions) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    yield ALL, ALL, np.ones(len(predictions.names), dtype=bool)
    for by, values in predictions.groups.items():
        each = np.array(values, dtype=object)
        for value in sorted({value for value in values if value}):
            yield by, value, each == value


def _scores(predictions: ValuePredictions, chosen: NDArray[np.bool_]) -> dict[str, float]:
    right, accepted = predictions.right[chosen], predictions.accepted[chosen]
    clusters = predictions.clusters[chosen]
    low, high = Bootstrap.of(clusters).interval_of_mean(right.astype(float))
    wrong = int((accepted & ~right).sum())
    taken = int(accepted.sum())
    return {
        "photos": len(right),
        "clusters": len(np.unique(clusters)),
        "right": int(right.sum()),
        "accuracy": float(right.mean()),
        "low": low,
        "high": high,
        "accepted": taken,
        "coverage": taken / len(right),
        "accepted_wrong": wrong,
        "accepted_wrong_share": wrong / taken if taken else np.nan,
    }
