"""The confusion matrix of a run."""

import numpy as np

from resistor_cls.evaluation import (
    Predictions,
    confusion_counts,
    confusion_figure,
    confusion_table,
)
from resistor_cls.tracking.run.run import Run


def save_confusion(run: Run, predictions: Predictions, name: str, title: str) -> None:
    """Keeps the confusion matrix as a figure and as a table."""
    counts = confusion_counts(predictions)
    right = int(np.trace(counts))
    title = f"{title} · {right} of {counts.sum()} photos right"
    run.save_figure(name, confusion_figure(counts, predictions.categories, title))
    run.save_table(name, confusion_table(counts, predictions.categories), index=True)
