"""Logits to tables and figures: pure functions, no tracker, no trainer."""

from resistor_cls.evaluation.category_curves import precision_recall_figure, roc_figure
from resistor_cls.evaluation.charts import (
    reliability_figure,
    risk_coverage_figure,
    stress_figure,
    unknown_figure,
)
from resistor_cls.evaluation.comparison import Comparison, compare
from resistor_cls.evaluation.confusion import confusion_figure
from resistor_cls.evaluation.curves import curves_figure
from resistor_cls.evaluation.figures import (
    augmentation_figure,
    gallery_figure,
    overlay,
    pairs_figure,
    saliency_figure,
    svg,
)
from resistor_cls.evaluation.job_figures import comparison_figure, repeats_figure
from resistor_cls.evaluation.predictions import Attention, Predictions
from resistor_cls.evaluation.repeats import Repeats, out_of_fold, repeat_scores
from resistor_cls.evaluation.scores import scores
from resistor_cls.evaluation.tables import (
    confused_pairs,
    confusion_counts,
    confusion_order,
    confusion_table,
    per_category,
)
from resistor_cls.evaluation.trade import TradeAnswers, cost_of_answers, judge_trade, read_costs

__all__ = [
    "Attention",
    "Comparison",
    "Predictions",
    "Repeats",
    "TradeAnswers",
    "augmentation_figure",
    "compare",
    "comparison_figure",
    "confused_pairs",
    "confusion_counts",
    "confusion_figure",
    "confusion_order",
    "confusion_table",
    "cost_of_answers",
    "curves_figure",
    "gallery_figure",
    "judge_trade",
    "out_of_fold",
    "overlay",
    "pairs_figure",
    "per_category",
    "precision_recall_figure",
    "read_costs",
    "reliability_figure",
    "repeat_scores",
    "repeats_figure",
    "risk_coverage_figure",
    "roc_figure",
    "saliency_figure",
    "scores",
    "stress_figure",
    "svg",
    "unknown_figure",
]
