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

    The probability of all listed values together is that of their readings, where values that are
    not listed have less weight. The categories divide it by their own probabilities, which know
    tolerances and power ratings.

    Args:
        readings: of a photo.
        logs: (categories,) log-probabilities of the categories by bands and power rating.
        categories: the list.
    """
    by_category = [_reading_of(category, readings) for category in categories]
    listed_ohms = {one.ohms for one in by_category if one is not None}
    listed = sum(one.probability for one in readings if one.ohms in listed_ohms)
    others = [one for one in readings if one.ohms not in listed_ohms]
    total = listed + _UNLISTED_WEIGHT * (1 - listed)
    # A category has a share where its value is among the readings, which are nearly all there is.
    known = np.array([one is not None for one in by_category]) & np.isfinite(logs)
    shares = np.where(known, np.exp(logs - logs.max(initial=-np.inf, where=known)), 0.0)
    shares *= listed / total / max(shares.sum(), np.finfo(float).tiny)
    ranked = [
        Ranked(float(share), reading, category)
        for share, reading, category in zip(shares, by_category, categories, strict=True)
    ]
    ranked += [Ranked(_UNLISTED_WEIGHT * one.probability / total, one) for one in others]
    return sorted(ranked, key=lambda one: -one.probability)


def _reading_of(category: Category, readings: list[ValueReading]) -> ValueReading | None:
    return next((one for one in readings if equal_ohms(category.ohms, one.ohms)), None)


def both_ways(ranked: list[Ranked], readings: list[ValueReading]) -> bool:
    """Whether the first two are the values of one code, read from either end."""
    if len(ranked) < 2 or not reads_both_ways(readings):
        return False
    return {one.ohms for one in ranked[:2]} == {one.ohms for one in readings[:2]}
