"""Scores of predictions, and how much they depend on which photos are evaluated."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from resistor_cls.evaluation.predictions import Predictions

# Names of metrics → names for readers.
SCORES = {"accuracy": "top-1 accuracy", "f1_macro": "macro F1", "roc_auc": "ROC AUC"}
# Scores of validations that are better the smaller they are.
LOSSES = frozenset({"loss", "log_loss"})
DRAWS = 1000
INTERVAL = (2.5, 97.5)  # percentiles: 95 %
_AT_ONCE = 100  # draws that are scored together; fewer where there are many photos:
_MAX_WEIGHTS = 10_000_000  # 80 MB

Score = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Bootstrap:
    """Bootstrap draws of photos with replacement, whole bursts at a time.

    A cluster bootstrap (Field and Welsh 2007, "Bootstrapping clustered data", J. R. Statist. Soc. B
    69; Cameron, Gelbach and Miller 2008, "Bootstrap-based improvements for inference with clustered
    errors", Rev. Econ. Stat. 90): photos of a burst show the same part in the same light and are
    right or wrong together.

    Attributes:
        bursts: (photos,) int, burst of each photo, counted from 0.
        times: (draws, bursts) how often each burst was drawn.
    """

    bursts: np.ndarray
    times: np.ndarray

    @classmethod
    def of(cls, bursts: np.ndarray, draws: int = DRAWS, seed: int = 0) -> "Bootstrap":
        """Draws bursts, each as likely as any other.

        Args:
            bursts: (photos,) identifiers of bursts.
            draws: how many.
            seed: of the random numbers.
        """
        _, numbers = np.unique(bursts, return_inverse=True)
        count = int(numbers.max(initial=-1)) + 1
        rng = np.random.default_rng(seed)
        times = rng.multinomial(count, np.full(count, 1 / max(count, 1)), size=draws)
        return cls(numbers, times)

    def drawn(self, score: Score) -> np.ndarray:
        """A score in every draw.

        Args:
            score: (draws, photos) weights → (draws, …) values.

        Returns:
            (draws, …).
        """
        step = max(1, min(_AT_ONCE, _MAX_WEIGHTS // max(len(self.bursts), 1)))
        return np.concatenate(
            [
                score(self.times[start : start + step][:, self.bursts].astype(float))
                for start in range(0, len(self.times), step)
            ]
        )

    def interval(self, score: Score) -> tuple[float, float]:
        """The 95 % interval of a score; nan where a single burst leaves it undefined."""
        if self.times.shape[1] < 2:
            return np.nan, np.nan
        return percentiles(self.drawn(score))

    def interval_of_mean(self, values: np.ndarray) -> tuple[float, float]:
        """The 95 % interval of the mean of (photos,) values; nan among them are left out."""
        counted = np.isfinite(values).astype(float)
        filled = np.nan_to_num(np.asarray(values, dtype=float))
        return self.interval(lambda weights: divide(weights @ filled, weights @ counted))


def percentiles(drawn: np.ndarray) -> tuple[float, float]:
    """The ends of the 95 % interval of (draws,) values; nan where none is defined."""
    drawn = drawn[np.isfinite(drawn)]  # a score may be undefined for the photos of a draw
    if len(drawn) == 0:
        return np.nan, np.nan
    low, high = np.percentile(drawn, INTERVAL)
    return float(low), float(high)


def is_loss(metric: str) -> bool:
    """Whether smaller values of a metric, such as `val/loss`, are better."""
    return metric.rpartition("/")[2] in LOSSES


def scores(predictions: Predictions) -> dict[str, float]:
    """The scores of predictions; they equal the metrics of the run that made them.

    Macro F1 leaves out categories that are neither labels nor predictions; ROC AUC, one category
    against the rest, leaves out those without photos or without photos of any other category.
    """
    (row,) = weighted_scores(predictions, np.ones((1, len(predictions.targets))))
    return dict(zip(SCORES, row.tolist(), strict=True))


def weighted_scores(predictions: Predictions, weights: np.ndarray) -> np.ndarray:
    """(draws, scores), each photo counted as often as its weight says.

    Args:
        predictions: the predictions.
        weights: (draws, photos) 0 or more.
    """
    return np.stack(
        [score(predictions, weights) for score in (accuracy, f1_macro, roc_auc)], axis=1
    )


def accuracy(predictions: Predictions, weights: np.ndarray) -> np.ndarray:
    """(draws,) share of photos whose prediction is their label."""
    right = (predictions.targets == predictions.predicted).astype(float)
    return divide(weights @ right, weights.sum(axis=1))


def f1_macro(predictions: Predictions, weights: np.ndarray) -> np.ndarray:
    """(draws,) mean F1 over categories."""
    targets, predicted = predictions.targets, predictions.predicted
    size = len(predictions.categories)
    support = _summed(targets, size, weights)
    hits = _summed(targets, size, weights * (targets == predicted))
    f1 = divide(2 * hits, support + _summed(predicted, size, weights))
    # A draw without a burst of a category leaves its F1 undefined. Otherwise wrong predictions of
    # that category would count as an F1 of 0, and bias every draw below the score of all photos.
    present = np.bincount(targets, minlength=size) > 0
    return _mean_of_defined(np.where((support == 0) & present, np.nan, f1))


def _summed(categories: np.ndarray, size: int, weights: np.ndarray) -> np.ndarray:
    """(draws, size) the weight of each category."""
    count = len(categories)
    member = csr_array((np.ones(count), categories, np.arange(count + 1)), shape=(count, size))
    found: np.ndarray = weights @ member
    return found


def roc_auc(predictions: Predictions, weights: np.ndarray) -> np.ndarray:
    """(draws,) mean area under the ROC curve over categories."""
    areas = [
        _area(predictions.probabilities[:, index], predictions.targets == index, weights)
        for index in np.unique(predictions.targets)
    ]
    return _mean_of_defined(np.stack(areas, axis=1))


def _area(probabilities: np.ndarray, positive: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(draws,) weighted area under the ROC curve of one category.

    It is the share of pairs of a positive and a negative in which the positive has the higher
    probability, a tie counted half (Hanley and McNeil 1982, Radiology 143).
    """
    if not np.isfinite(probabilities).all():  # a training that diverged
        return np.full(len(weights), np.nan)
    order = np.argsort(probabilities)
    probabilities, positive, weights = probabilities[order], positive[order], weights[:, order]
    # Weight of the negatives among the least probable 0, 1, 2 … photos.
    negatives = np.zeros((weights.shape[0], weights.shape[1] + 1))
    np.cumsum(weights * ~positive, axis=1, out=negatives[:, 1:])
    below = np.searchsorted(probabilities, probabilities[positive], side="left")
    up_to = np.searchsorted(probabilities, probabilities[positive], side="right")
    lower = (negatives[:, below] + negatives[:, up_to]) / 2
    weight = weights[:, positive]
    return divide((weight * lower).sum(axis=1), weight.sum(axis=1) * negatives[:, -1])


def divide(numerators: np.ndarray, denominators: np.ndarray) -> np.ndarray:
    """Quotients, nan where there is nothing to divide by."""
    undefined = np.full(numerators.shape, np.nan)
    found: np.ndarray = np.divide(numerators, denominators, out=undefined, where=denominators > 0)
    return found


def _mean_of_defined(values: np.ndarray) -> np.ndarray:
    """(draws,) the mean over the second axis of all that is not nan."""
    return divide(np.nansum(values, axis=1), np.isfinite(values).sum(axis=1))
