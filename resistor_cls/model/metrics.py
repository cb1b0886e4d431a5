"""Scores of predictions."""

from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric, MetricCollection
from torchmetrics.classification import (
    MulticlassAccuracy,
    MulticlassF1Score,
    MulticlassMatthewsCorrCoef,
    MulticlassRecall,
)
from torchmetrics.functional.classification import binary_auroc
from torchmetrics.utilities import dim_zero_cat

from resistor_cls.errors import ConfigError, nearest

# What can be watched, and whether more of it is better or less.
MODES = {
    "loss": "min",
    "accuracy": "max",
    "top3_accuracy": "max",
    "f1_macro": "max",
    "recall_macro": "max",
    "roc_auc": "max",
    "roc_auc_micro": "max",
    "log_loss": "min",
    "mcc": "max",
}


def mode_of(monitor: str) -> str:
    """Whether the best value of a validation metric is its `min` or its `max`.

    Raises:
        ConfigError: no such metric.
    """
    modes = {f"val/{name}": mode for name, mode in MODES.items()}
    if monitor not in modes:
        raise ConfigError(f"trainer.monitor={monitor}: no such metric; {nearest(monitor, modes)}")
    return modes[monitor]


class _OfAllPhotos(Metric):
    """A score that takes all photos together: they are kept until it is computed."""

    full_state_update = False
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


class MacroROCAUC(_OfAllPhotos):
    """Area under the ROC curve, one category against the rest, averaged over categories.

    Exact (no thresholds are binned). A category without photos, or without photos of any other
    category, has no ROC curve and is left out of the average; with none left the value is nan.
    """

    higher_is_better = True

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


class MicroROCAUC(_OfAllPhotos):
    """Area under one ROC curve of all questions "is this photo of that category?" together.

    Exact: the share of pairs of a question with the answer yes and one with the answer no that
    their probabilities put in the right order, ties counting half (Hanley and McNeil 1982).
    """

    higher_is_better = True

    def compute(self) -> Tensor:
        """The area, a scalar; nan with a single category."""
        scores, labels = dim_zero_cat(self.scores), dim_zero_cat(self.labels)
        photos, categories = scores.shape
        yes = scores.gather(1, labels[:, None]).flatten().sort().values.contiguous()
        ordered = torch.zeros((), dtype=torch.float64, device=scores.device)
        for index in range(categories):  # one by one: see MacroROCAUC
            no = scores[labels != index, index].contiguous()
            above = photos - torch.searchsorted(yes, no, right=True)
            level = photos - torch.searchsorted(yes, no)  # above or equal
            ordered += (above.double() + level.double()).sum() / 2
        return (ordered / (photos * photos * (categories - 1))).float()


class _MeanOverPhotos(Metric):
    """A score that each photo has by itself."""

    full_state_update = False
    total: Tensor
    count: Tensor

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.add_state("total", torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("count", torch.zeros((), dtype=torch.long), dist_reduce_fx="sum")

    def update(self, probabilities: Tensor, targets: Tensor) -> None:
        """Takes (batch, categories) probabilities and (batch,) class indices."""
        self.total += self.each(probabilities, targets).sum(dtype=torch.float64)
        self.count += len(targets)

    def each(self, probabilities: Tensor, targets: Tensor) -> Tensor:
        """(batch,) the score of each photo."""
        raise NotImplementedError

    def compute(self) -> Tensor:
        """The mean, a scalar."""
        return (self.total / self.count).float()


class LogLoss(_MeanOverPhotos):
    """Mean of -log of the label's share of the probabilities, in nats.

    The answers of `bce` need not add up to 1: they are divided by their sum first.
    """

    higher_is_better = False

    def each(self, probabilities: Tensor, targets: Tensor) -> Tensor:
        """(batch,) -log of each label's share."""
        shares = probabilities.gather(1, targets[:, None]).flatten() / probabilities.sum(dim=1)
        # A share of 0 would make the mean infinite: the least that matters, as in scikit-learn.
        return -shares.double().clamp(min=torch.finfo(probabilities.dtype).eps).log()


class TopK(_MeanOverPhotos):
    """How often the label is among the most probable categories.

    Of equal probabilities the one that stands first in the label space comes first. (torchmetrics'
    own makes two integers of every probability, which are gigabytes of a hundred thousand photos.)

    Args:
        most: how many categories.
        **options: of `torchmetrics.Metric`.
    """

    higher_is_better = True

    def __init__(self, most: int, **options: Any) -> None:
        super().__init__(**options)
        self.most = most

    def each(self, probabilities: Tensor, targets: Tensor) -> Tensor:
        """(batch,) bool, whether each label is."""
        of_label = probabilities.gather(1, targets[:, None])
        places = torch.arange(probabilities.shape[1], device=targets.device)
        ahead = (probabilities > of_label).sum(dim=1)
        ahead += ((probabilities == of_label) & (places < targets[:, None])).sum(dim=1)
        return ahead < self.most


def metric_collection(categories: int, *, shared: bool = False) -> MetricCollection:
    """The scores that every run reports.

    Updated with (batch, categories) probabilities and (batch,) targets. `accuracy` is top-1 over
    all photos, `top3_accuracy` whether the label is among the three most probable; `f1_macro`,
    `recall_macro` and `roc_auc` weigh every category alike; `mcc` is Matthews' correlation of
    labels and predictions.

    Args:
        categories: how many there are.
        shared: whether each process is given predictions of its own; without, all of them are
            given all, and there is nothing to gather.
    """
    every: dict[str, Any] = {"sync_on_compute": shared}
    return MetricCollection(
        {
            "accuracy": MulticlassAccuracy(categories, average="micro", **every),
            "top3_accuracy": TopK(3, **every),
            "f1_macro": MulticlassF1Score(categories, average="macro", **every),
            "recall_macro": MulticlassRecall(categories, average="macro", **every),
            "roc_auc": MacroROCAUC(**every),
            "roc_auc_micro": MicroROCAUC(**every),
            "log_loss": LogLoss(**every),
            "mcc": MulticlassMatthewsCorrCoef(categories, **every),
        },
        compute_groups=False,
    )
