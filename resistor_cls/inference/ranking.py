"""Readings of a photo in order: values, or the categories of a list among all other values."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resistor_cls.categories import Categories, Category
from resistor_cls.colour_code import ohms_in_words, tolerance_in_words
from resistor_cls.decoding import ValueReading, reads_both_ways
from resistor_cls.inference.read_options import equal_ohms

# Who gives a list expects its parts in the photos: any other value counts this much. An
# estimate that was not fitted to photos.
_UNLISTED_WEIGHT = 0.1


@dataclass(frozen=True)
class Ranked:
    """One possible prediction for a photo.

    Attributes:
        probability: of the value, or of the category.
        reading: of the value; None for a category whose value is not among the readings.
        category: None for a value that is not restricted to a list, or not on it.
    """

    probability: float
    reading: ValueReading | None
    category: Category | None = None

    @property
    def ohms(self) -> float | None:
        """Resistance in ohms; of the category where it has one."""
        if self.category is not None:
            return self.category.ohms
        return None if self.reading is None else self.reading.ohms

    @property
    def fits_category(self) -> bool:
        """Whether the bands that were read can be on parts of the category."""
        if self.reading is None or self.category is None:
            return False
        return not self.category.markings or self.reading.bands in self.category.markings

    @property
    def text(self) -> str:
        """Ohms and tolerance, such as `4.7 kΩ ±5 %`."""
        if self.reading is not None and (self.category is None or self.fits_category):
            return reading_in_words(self.reading)
        assert self.category is not None
        return self.category.value_in_words


def reading_in_words(reading: ValueReading) -> str:
    """Ohms and tolerance of a reading, such as `4.7 kΩ ±5 %`."""
    tolerance = "" if reading.tolerance is None else tolerance_in_words(reading.tolerance)
    return f"{ohms_in_words(reading.ohms)} {tolerance}".rstrip()


def ranked_values(readings: list[ValueReading]) -> list[Ranked]:
    """The readings as they are, the most probable first."""
    return [Ranked(one.probability, one) for one in readings]


def ranked_categories(
    readings: list[ValueReading], logs: NDArray[np.float64], categories: Categories
) -> list[Ranked]:
    """The categories of a list and the values beside it, the most probable first.

    The probability of a listed value is that of its reading, where values that are not listed have
    less weight. Categories of the same value divide it by their own probabilities, which know
    tolerances and power ratings.

    Args:
        readings: of a photo.
        logs: (categories,) log-probabilities of the categories by bands and power rating.
        categories: the list.
    """
    ohms = [category.ohms for category in categories]
    places = [[k for k, own in enumerate(ohms) if equal_ohms(own, one.ohms)] for one in readings]
    listed = sum(one.probability for one, own in zip(readings, places, strict=True) if own)
    total = listed + _UNLISTED_WEIGHT * (1 - listed)
    ranked = {place: Ranked(0.0, None, category) for place, category in enumerate(categories)}
    others = []
    for reading, own in zip(readings, places, strict=True):
        if not own:
            others.append(Ranked(_UNLISTED_WEIGHT * reading.probability / total, reading))
        for place, share in zip(own, _shares(logs[own]), strict=True):
            probability = reading.probability / total * share
            ranked[place] = Ranked(probability, reading, categories[place])
    return sorted([*ranked.values(), *others], key=lambda one: -one.probability)


def _shares(logs: NDArray[np.float64]) -> list[float]:
    """Relative probabilities of log-probabilities; equal ones where none is possible."""
    highest = logs.max(initial=-np.inf)
    likely = np.exp(logs - highest) if np.isfinite(highest) else np.ones(len(logs))
    shares: list[float] = (likely / max(likely.sum(), 1.0)).tolist()
    return shares


def both_ways(ranked: list[Ranked], readings: list[ValueReading]) -> bool:
    """Whether the first two are the values of one code, read from either end."""
    if len(ranked) < 2 or not reads_both_ways(readings):
        return False
    return {one.ohms for one in ranked[:2]} == {one.ohms for one in readings[:2]}
