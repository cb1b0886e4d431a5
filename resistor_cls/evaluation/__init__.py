"""Predictions to scores, calibration, tables, figures and pages: pure functions."""

from resistor_cls.evaluation.comparison import Comparison, compare
from resistor_cls.evaluation.electrical import (
    ElectricalResult,
    cost_of_predictions,
    evaluate_electrical,
    read_costs,
)
from resistor_cls.evaluation.figures.augmentation import augmentation_figure
from resistor_cls.evaluation.figures.confused_pairs import pairs_figure
from resistor_cls.evaluation.figures.confusion_matrix import confusion_figure
from resistor_cls.evaluation.figures.gallery import gallery_figure
from resistor_cls.evaluation.figures.ood import ood_figure
from resistor_cls.evaluation.figures.precision_recall import precision_recall_figure
from resistor_cls.evaluation.figures.reliability import reliability_figure
from resistor_cls.evaluation.figures.risk_coverage import risk_coverage_figure
from resistor_cls.evaluation.figures.robustness import robustness_figure
from resistor_cls.evaluation.figures.roc import roc_figure
from resistor_cls.evaluation.figures.saliency import overlay, saliency_figure
from resistor_cls.evaluation.figures.svg_text import svg
from resistor_cls.evaluation.figures.sweep_comparison import comparison_figure
from resistor_cls.evaluation.figures.sweep_repeats import repeats_figure
from resistor_cls.evaluation.figures.training_curves import curves_figure
from resistor_cls.evaluation.predictions import OcclusionResult, Predictions
from resistor_cls.evaluation.repeats import Repeats, out_of_fold, repeat_scores
from resistor_cls.evaluation.scores import scores
from resistor_cls.evaluation.tables import (
    confused_pairs,
    confusion_counts,
    confusion_order,
    confusion_table,
    per_category,
)

__all__ = [
    "Comparison", "ElectricalResult", "OcclusionResult", "Predictions", "Repeats",
    "augmentation_figure", "compare", "comparison_figure", "confused_pairs", "confusion_counts",
    "confusion_figure", "confusion_order", "confusion_table", "cost_of_predictions",
    "curves_figure", "evaluate_electrical", "gallery_figure", "ood_figure", "out_of_fold",
    "overlay", "pairs_figure", "per_category", "precision_recall_figure", "read_costs",
    "reliability_figure", "repeat_scores", "repeats_figure", "risk_coverage_figure",
    "robustness_figure", "roc_figure", "saliency_figure", "scores", "svg",
]  # fmt: skip
