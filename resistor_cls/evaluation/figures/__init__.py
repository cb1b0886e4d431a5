"""Figures as matplotlib objects, each found by its name; the caller decides where one is saved."""

from resistor_cls.evaluation.figures.augmentation import augmentation_figure
from resistor_cls.evaluation.figures.band_confusion import band_confusion_figure
from resistor_cls.evaluation.figures.confused_pairs import pairs_figure
from resistor_cls.evaluation.figures.confusion_matrix import confusion_figure
from resistor_cls.evaluation.figures.gallery import gallery_figure
from resistor_cls.evaluation.figures.importance import importance_figure
from resistor_cls.evaluation.figures.ood import ood_figure
from resistor_cls.evaluation.figures.parallel_coordinates import parallel_coordinates_figure
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
from resistor_cls.evaluation.figures.value_risk import value_risk_figure

__all__ = [
    "augmentation_figure", "band_confusion_figure", "comparison_figure", "confusion_figure",
    "curves_figure", "gallery_figure", "importance_figure", "ood_figure", "overlay", "pairs_figure",
    "parallel_coordinates_figure", "precision_recall_figure", "reliability_figure",
    "repeats_figure", "risk_coverage_figure", "robustness_figure", "roc_figure", "saliency_figure",
    "svg", "value_risk_figure",
]  # fmt: skip
