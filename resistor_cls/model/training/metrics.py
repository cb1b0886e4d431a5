"""Scores of predictions."""

from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric, MetricCollection
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
        scored = torch.nonzero((counts > 0) & (counts < len(labels))).flatten()
        if len(scored) == 0:
            return torch.tensor(float("nan"), device=scores.device)
        # One by one: a copy of all scores would be as large as all the rest of a run together.
        # float64 keeps apart what float32 sums of thousands of steps would blur.
        areas = [
            binary_auroc(scores[:, index].double(), (labels == index).long()) for index in scored
        ]
        return torch.stack(areas).mean().float()


class MicroROCAUC(_OfAllPhotos):
    """Area under one ROC curve of all questions "is this photo of that category?" together.

    Exact: the fraction of pairs of a question whose truth is yes and one whose truth is no that
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
    """Mean of -log of the label's fraction of the probabilities, in nats.

    The probabilities of `bce` need not add up to 1: they are divided by their sum first.
    """

    higher_is_better = False

    def each(self, probabilities: Tensor, targets: Tensor) -> Tensor:
        """(batch,) -log of each label's fraction."""
        fractions = probabilities.gather(1, targets[:, None]).flatten() / probabilities.sum(dim=1)
        # 0 would make the mean infinite: clamped to the smallest step from 1, as in scikit-learn.
        return -fractions.double().clamp(min=torch.finfo(probabilities.dtype).eps).log()


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


class _FromCounts(Metric):
    """A score that follows from three counts of each category.

    (torchmetrics' own fill a confusion matrix. In deterministic mode they compare every photo with
    every cell of it, which is photos × categories²: 18 GB of 5,000 photos of 1,000 categories.)
    """

    full_state_update = False
    higher_is_better = True
    hits: Tensor
    labelled: Tensor
    predicted: Tensor

    def __init__(self, categories: int, **options: Any) -> None:
        super().__init__(**options)
        for name in ("hits", "labelled", "predicted"):
            zeros = torch.zeros(categories, dtype=torch.long)
            self.add_state(name, zeros, dist_reduce_fx="sum")

    def update(self, probabilities: Tensor, targets: Tensor) -> None:
        """Takes (batch, categories) probabilities and (batch,) class indices."""
        size = len(self.hits)
        predictions = probabilities.argmax(dim=1)
        self.hits += torch.bincount(targets[predictions == targets], minlength=size)
        self.labelled += torch.bincount(targets, minlength=size)
        self.predicted += torch.bincount(predictions, minlength=size)


class Accuracy(_FromCounts):
    """The fraction of photos whose prediction is their label."""

    def compute(self) -> Tensor:
        """The fraction, a scalar; 0 without photos."""
        return self.hits.sum() / self.labelled.sum().clamp(min=1)


class MacroF1(_FromCounts):
    """F1 averaged over the categories that photos have or predictions name."""

    def compute(self) -> Tensor:
        """The mean, a scalar; 0 without photos."""
        both = self.labelled + self.predicted
        return (2 * self.hits / both.clamp(min=1)).sum() / (both > 0).sum().clamp(min=1)


class MacroRecall(_FromCounts):
    """Recall averaged over the categories that photos have or predictions name.

    A category that is predicted and that no photo has counts as 0.
    """

    def compute(self) -> Tensor:
        """The mean, a scalar; 0 without photos."""
        named = self.labelled + self.predicted > 0
        return (self.hits / self.labelled.clamp(min=1)).sum() / named.sum().clamp(min=1)


class MatthewsCorrelation(_FromCounts):
    """Matthews' correlation of labels and predictions.

    Source: Gorodkin 2004, "Comparing two K-category assignments by a K-category correlation
    coefficient", Comput. Biol. Chem. 28; it needs no more of a confusion matrix than its diagonal
    and its sums.
    """

    def compute(self) -> Tensor:
        """The correlation, a scalar; 0 where all labels, or all predictions, are one category."""
        # Whole numbers as float64: exact up to 90 million photos, where float32 ends at 4,096.
        hits, labelled = self.hits.sum().double(), self.labelled.double()
        predicted, photos = self.predicted.double(), self.labelled.sum().double()
        covariance = hits * photos - labelled @ predicted
        spread = (photos**2 - labelled @ labelled) * (photos**2 - predicted @ predicted)
        defined = (spread > 0).double()
        return (defined * covariance / (spread + (1 - defined)).sqrt()).float()


def metric_collection(categories: int, *, shared: bool = False) -> MetricCollection:
    """The scores that every run reports.

    Updated with (batch, categories) probabilities and (batch,) targets. `accuracy` is top-1 over
    all photos, `top3_accuracy` whether the label is among the three most probable; `f1_macro`,
    `recall_macro` and `roc_auc` weigh every category alike; `mcc` is Matthews' correlation of
    labels and predictions.

    Args:
        categories: how many there are.
        shared: whether each process has other predictions; otherwise all of them have all, and
            there is nothing to gather.
    """
    every: dict[str, Any] = {"sync_on_compute": shared}
    return MetricCollection(
        {
            "accuracy": Accuracy(categories, **every),
            "top3_accuracy": TopK(3, **every),
            "f1_macro": MacroF1(categories, **every),
            "recall_macro": MacroRecall(categories, **every),
            "roc_auc": MacroROCAUC(**every),
            "roc_auc_micro": MicroROCAUC(**every),
            "log_loss": LogLoss(**every),
            "mcc": MatthewsCorrelation(categories, **every),
        },
        compute_groups=False,
    )
