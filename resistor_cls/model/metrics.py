"""Scores of predictions."""

from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric, MetricCollection
from torchmetrics.classification import MulticlassAccuracy, MulticlassF1Score
from torchmetrics.functional.classification import binary_auroc
from torchmetrics.utilities import dim_zero_cat

from resistor_cls.errors import ConfigError, nearest

# What can be watched, and whether more of it is better or less.
MODES = {"loss": "min", "accuracy": "max", "f1_macro": "max", "roc_auc": "max"}


def mode_of(monitor: str) -> str:
    """Whether the best value of a validation metric is its `min` or its `max`.

    Raises:
        ConfigError: no such metric.
    """
    modes = {f"val/{name}": mode for name, mode in MODES.items()}
    if monitor not in modes:
        raise ConfigError(f"trainer.monitor={monitor}: no such metric; {nearest(monitor, modes)}")
    return modes[monitor]


class MacroROCAUC(Metric):
    """Area under the ROC curve, one category against the rest, averaged over categories.

    Exact (no thresholds are binned). A category without photos, or without photos of any other
    category, has no ROC curve and is left out of the average; with none left the value is nan.
    """

    full_state_update = False
    higher_is_better = True
    scores: list[Tensor]
    labels: list[Tensor]

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.add_state("scores", [], dist_reduce_fx="cat")
        self.add_state("labels", [], dist_reduce_fx="cat")

    def update(self, probabilities: Tensor, targets: Tensor) -> None:
        """Takes (batch, categories) probabilities and (batch,) class indices."""
        self.scores.append(probabilities)
        self.labels.append(targets)

    def compute(self) -> Tensor:
        """The average, a scalar."""
        scores, labels = dim_zero_cat(self.scores), dim_zero_cat(self.labels)
        counts = torch.bincount(labels, minlength=scores.shape[1])
        judged = torch.nonzero((counts > 0) & (counts < len(labels))).flatten()
        if len(judged) == 0:
            return torch.tensor(float("nan"), device=scores.device)
        # One by one: a copy of all scores would be as large as all the rest of a run together.
        # float64 keeps apart what float32 sums of thousands of steps would blur.
        areas = [
            binary_auroc(scores[:, index].double(), (labels == index).long()) for index in judged
        ]
        return torch.stack(areas).mean().float()


def metric_collection(categories: int) -> MetricCollection:
    """The scores that every run reports.

    Updated with (batch, categories) probabilities and (batch,) targets. `accuracy` is top-1 over
    all photos; `f1_macro` and `roc_auc` weigh every category alike.
    """
    # They are given the predictions of all processes: there is nothing to synchronise.
    return MetricCollection(
        {
            "accuracy": MulticlassAccuracy(categories, average="micro", sync_on_compute=False),
            "f1_macro": MulticlassF1Score(categories, average="macro", sync_on_compute=False),
            "roc_auc": MacroROCAUC(sync_on_compute=False),
        },
        compute_groups=False,
    )
