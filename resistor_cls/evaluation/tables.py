"""Counts and scores by category."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform
from sklearn.metrics import precision_recall_fscore_support, roc_auc_score

from resistor_cls.categories import Categories
from resistor_cls.evaluation.predictions import Predictions

MAX_PAIRS = 20  # confused pairs that are listed
MAX_ORDERED = 300  # categories up to which the optimal order of leaves takes less than a second


def confusion_counts(predictions: Predictions) -> np.ndarray:
    """(categories, categories) photos: rows are labels, columns are predictions."""
    size = len(predictions.categories)
    cells = predictions.targets * size + predictions.predicted
    return np.bincount(cells, minlength=size * size).reshape(size, size)


def confusion_table(counts: np.ndarray, categories: Categories) -> pd.DataFrame:
    """The counts with names on both axes: rows are labels, columns are predictions."""
    names = list(categories.names)
    return pd.DataFrame(counts, index=pd.Index(names, name="label"), columns=names)


def confusion_order(counts: np.ndarray) -> list[int]:
    """An order of the categories in which confused ones are neighbours.

    Confused categories come first, in the order of the leaves of a hierarchical clustering (average
    linkage; optimal leaf ordering by Bar-Joseph, Gifford and Jaakkola 2001, Bioinformatics 17). The
    others follow in their own order.

    Args:
        counts: (categories, categories), rows are labels, columns are predictions.
    """
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    np.fill_diagonal(shares, 0)
    similarity = (shares + shares.T) / 2
    confused = np.flatnonzero(similarity.any(axis=1))  # none, or at least two
    if not confused.size:
        return list(range(len(counts)))
    distances = 1 - similarity[np.ix_(confused, confused)]
    np.fill_diagonal(distances, 0)
    tree = linkage(squareform(distances), "average", optimal_ordering=len(confused) <= MAX_ORDERED)
    others = np.setdiff1d(np.arange(len(counts)), confused)
    return [*confused[leaves_list(tree)].tolist(), *others.tolist()]


def confused_pairs(
    targets: np.ndarray,
    predicted: np.ndarray,
    categories: Categories,
    names: Sequence[str],
    most: int | None = MAX_PAIRS,
) -> list[dict[str, Any]]:
    """Which category was predicted for which, the most photos first.

    Args:
        targets: (photos,) class indices.
        predicted: (photos,) class indices.
        categories: what each index means.
        names: of the photos.
        most: maximum of pairs; None for all.

    Returns:
        A row per pair: `label`, `prediction`, `photos`, their `share` of the label's photos, how
        many were confused the other way round (`back`), and the `names` of the photos.
    """
    size = len(categories)
    wrong = np.flatnonzero(targets != predicted)
    # One number per cell of the confusion matrix; cells without a photo are not visited.
    cells = targets[wrong].astype(np.int64) * size + predicted[wrong]
    wrong = wrong[np.argsort(cells, kind="stable")]
    found, starts, photos = np.unique(np.sort(cells), return_index=True, return_counts=True)
    photos_of = dict(zip(found.tolist(), photos.tolist(), strict=True))
    support = np.bincount(targets, minlength=size)
    shares = photos / support[found // size]
    order = np.lexsort((found, -shares, -photos))[:most]
    rows, labels = [], categories.names
    for place in order:
        label, prediction = divmod(int(found[place]), size)
        start, count = starts[place], int(photos[place])
        rows.append(
            {
                "label": labels[label],
                "prediction": labels[prediction],
                "photos": count,
                "share": float(shares[place]),
                "back": photos_of.get(prediction * size + label, 0),
                "names": [names[photo] for photo in wrong[start : start + count]],
            }
        )
    return rows


def per_category(predictions: Predictions) -> pd.DataFrame:
    """A row per category: precision, recall, F1, ROC AUC and support (its photos).

    An undefined value (the recall of a category without photos, the precision of one that was never
    predicted) is left empty.
    """
    size = len(predictions.categories)
    precision, recall, f1, support = precision_recall_fscore_support(
        predictions.targets, predictions.predicted, labels=range(size), zero_division=np.nan
    )
    return pd.DataFrame(
        {
            "category": list(predictions.categories.names),
            "precision": precision,
            "recall": recall,
            "f1": f1,
            "roc_auc": [_roc_auc(predictions, index) for index in range(size)],
            "support": support,
        }
    )


def _roc_auc(predictions: Predictions, index: int) -> float:
    positive = predictions.targets == index
    if positive.all() or not positive.any():
        return float("nan")
    return float(roc_auc_score(positive, predictions.probabilities[:, index]))
