"""Whether a model is better than another on the same photos, by more than chance."""

import numpy as np
import pytest

from resistor_cls.errors import DataError
from resistor_cls.evaluation.paired_gap import MIN_DIFFERING, paired_gap
from tests.helpers.right_or_wrong import predictions_of

RNG = np.random.default_rng(0)


def test_a_model_that_reads_more_photos_right_is_better() -> None:
    gap = paired_gap(predictions_of([1] * 60), predictions_of([0] * 20 + [1] * 40))
    assert gap.is_better
    assert (gap.first, gap.photos, gap.bursts, gap.differing) == (1.0, 60, 60, 20)
    assert 0 < gap.low < gap.first - gap.second < gap.high
    assert "gap +0.3333 [" in gap.sentence()
    assert gap.sentence().endswith("on 60 photos of 60 bursts: the 95 % interval lies above 0")


def test_a_gap_within_the_noise_is_not_better() -> None:
    first, second = np.ones(60, int), np.ones(60, int)
    first[:10], second[5:17] = 0, 0
    gap = paired_gap(predictions_of(first), predictions_of(second))
    assert not gap.is_better
    assert gap.low < 0 < gap.high
    assert "may be chance" in gap.sentence()


def test_photos_of_a_burst_count_once() -> None:
    """Twenty photos of two bursts are better together: that is two observations."""
    bursts = np.repeat(np.arange(6), 10)
    worse = [0] * 20 + [1] * 40
    gap = paired_gap(predictions_of([1] * 60, bursts), predictions_of(worse, bursts))
    assert (gap.bursts, gap.differing) == (6, 2)
    assert not gap.is_better


def test_few_bursts_that_differ_exclude_no_chance() -> None:
    worse = [0] * (MIN_DIFFERING - 1) + [1] * 10
    gap = paired_gap(predictions_of([1] * len(worse)), predictions_of(worse))
    assert gap.low > 0
    assert not gap.is_better
    assert "the models differ in 5 bursts, and at least 6 are needed" in gap.sentence()


def test_a_single_burst_leaves_the_interval_undefined() -> None:
    bursts = np.zeros(8, int)
    gap = paired_gap(predictions_of([1] * 8, bursts), predictions_of([0] * 8, bursts))
    assert not gap.is_better
    assert "undefined" in gap.sentence()


def test_the_order_of_the_photos_does_not_matter() -> None:
    first, second = RNG.integers(0, 2, 40), RNG.integers(0, 2, 40)
    mixed = predictions_of(second).select(RNG.permutation(40))
    gap = paired_gap(predictions_of(first), mixed)
    assert gap == paired_gap(predictions_of(first), predictions_of(second))


def test_other_photos_and_other_labels_are_refused() -> None:
    eight = predictions_of([1] * 8)
    with pytest.raises(DataError, match="1 names of 8 are missing among 7"):
        paired_gap(eight, predictions_of([1] * 7))
    other = predictions_of([1] * 8, labels=[1] * 8)
    with pytest.raises(DataError, match="other labels"):
        paired_gap(eight, other)
