"""Whether one model reads the same photos better than another, by more than chance."""

from dataclasses import dataclass

import numpy as np

from resistor_cls.errors import DataError
from resistor_cls.evaluation.predictions import Predictions
from resistor_cls.evaluation.scores import Bootstrap

# Bursts in which the models differ. Of five, all in favour of one model, an exact sign test
# (McNemar's test with bursts as units) finds p = 2 · 0.5⁵ = 0.06; of six 0.03.
MIN_DIFFERING = 6


@dataclass(frozen=True)
class PairedGap:
    """The top-1 accuracies of two models on the same photos, and their gap.

    Attributes:
        first: accuracy of the first model.
        second: accuracy of the second model.
        low: lower end of the 95 % interval of the gap, first minus second, by a paired bootstrap
            of whole bursts; nan where photos of a single burst leave it undefined.
        high: upper end.
        photos: how many there are.
        bursts: how many bursts they were taken in; a photo without one is a burst of its own.
        differing: bursts in which one model reads more photos right than the other.
    """

    first: float
    second: float
    low: float
    high: float
    photos: int
    bursts: int
    differing: int

    @property
    def is_better(self) -> bool:
        """Whether the first model is better by more than the noise of the interval."""
        return self.low > 0 and self.differing >= MIN_DIFFERING

    def sentence(self) -> str:
        """The accuracies, the gap, and what follows from it."""
        gap = f"{self.first - self.second:+.4f}"
        if np.isfinite(self.low):
            gap += f" [{self.low:+.4f}, {self.high:+.4f}]"
        return (
            f"top-1 accuracy {self.first:.4f} against {self.second:.4f}, gap {gap} on "
            f"{self.photos} photos of {self.bursts} bursts: {self._conclusion()}"
        )

    def _conclusion(self) -> str:
        if not np.isfinite(self.low):
            return "photos of a single burst leave the 95 % interval undefined"
        if self.high < 0:
            return "the 95 % interval lies below 0"
        if self.low <= 0:
            return "the 95 % interval holds 0, so the gap may be chance"
        if self.differing < MIN_DIFFERING:
            return (
                f"the models differ in {self.differing} bursts, and at least {MIN_DIFFERING} are "
                "needed to exclude chance"
            )
        return "the 95 % interval lies above 0"


def paired_gap(first: Predictions, second: Predictions) -> PairedGap:
    """Compares two models on the same photos.

    Args:
        first: predictions of one model. Its bursts are used, else those of `second`.
        second: predictions of the other model, in any order.

    Raises:
        DataError: the photos or their labels differ.
    """
    second = _in_order_of(first, second)
    bursts = first.bursts if first.bursts is not None else second.bursts
    if bursts is None:
        bursts = np.arange(len(first.names))
    gain = first.right.astype(int) - second.right.astype(int)
    # Both models are scored on the same drawn bursts, so that the difficulty of a photo cancels.
    low, high = Bootstrap.of(bursts).interval_of_mean(gain)
    _, numbers = np.unique(bursts, return_inverse=True)
    of_bursts = np.bincount(numbers, weights=gain)
    return PairedGap(
        first=float(first.right.mean()),
        second=float(second.right.mean()),
        low=low,
        high=high,
        photos=len(gain),
        bursts=len(of_bursts),
        differing=int(np.count_nonzero(of_bursts)),
    )


def _in_order_of(first: Predictions, second: Predictions) -> Predictions:
    """The second predictions in the order of the photos of the first."""
    places = {name: place for place, name in enumerate(second.names)}
    if len(places) != len(second.names) or places.keys() != set(first.names):
        raise DataError(
            f"the models were evaluated on other photos: {len(set(first.names) - places.keys())} "
            f"names of {len(first.names)} are missing among {len(second.names)}"
        )
    second = second.select(np.array([places[name] for name in first.names], dtype=int))
    if _labels(first) != _labels(second):
        raise DataError("the models were evaluated with other labels of the same photos")
    return second


def _labels(predictions: Predictions) -> list[str]:
    return [predictions.categories.names[target] for target in predictions.targets]
