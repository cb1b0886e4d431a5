"""Logits to tables and figures: pure functions, no tracker, no trainer."""

from resistor_cls.evaluation.comparison import Comparison, compare, scores
from resistor_cls.evaluation.figures import (
    comparison_figure,
    confusion_figure,
    curves_figure,
    gallery_figure,
)
from resistor_cls.evaluation.predictions import Predictions
from resistor_cls.evaluation.tables import confusion_counts, confusion_table, per_category

__all__ = [
    "Comparison",
    "Predictions",
    "compare",
    "comparison_figure",
    "confusion_counts",
    "confusion_figure",
    "confusion_table",
    "curves_figure",
    "gallery_figure",
    "per_category",
    "scores",
]
