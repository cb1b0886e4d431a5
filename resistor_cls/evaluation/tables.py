"""Counts and scores by category."""

import numpy as np
import pandas as pd
from sklearn.metrics import precision_recall_fscore_support, roc_auc_score

from resistor_cls.categories import Categories
from resistor_cls.evaluation.predictions import Predictions


def confusion_counts(predictions: Predictions) -> np.ndarray:
    """(categories, categories) photos of category `row` that were taken for category `column`."""
    size = len(predictions.categories)
    cells = predictions.targets * size + predictions.predicted
    return np.bincount(cells, minlength=size * size).reshape(size, size)


def confusion_table(counts: np.ndarray, categories: Categories) -> pd.DataFrame:
    """The counts with names on both axes: rows are labels, columns are predictions."""
    names = list(categories.names)
    return pd.DataFrame(counts, index=pd.Index(names, name="label"), columns=names)


def per_category(predictions: Predictions) -> pd.DataFrame:
    """A row per category: precision, recall, F1, ROC AUC and support (its photos).

    A value without meaning (the recall of a category without photos, the precision of one that
    was never predicted) is left empty.
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
