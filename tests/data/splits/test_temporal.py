"""Folds by time and place, and the embargo."""

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from resistor_cls.data.splits.split import ALWAYS_TRAINS
from resistor_cls.data.splits.temporal import capture_folds, embargo, left_out_folds
from tests.helpers.made_up import targets_of

counts = st.lists(st.integers(5, 30), min_size=2, max_size=5)
seeds = st.integers(0, 2**32 - 1)


@given(
    counts=counts,
    folds=st.integers(2, 5),
    fold=st.integers(0, 4),
    gap=st.integers(0, 4),
    seed=seeds,
)
def test_capture_validates_a_block_and_drops_its_embargo(
    counts: list[int], folds: int, fold: int, gap: int, seed: int
) -> None:
    fold %= folds
    targets, categories = targets_of(counts)
    order = np.random.default_rng(seed).permutation(len(targets))
    validated = capture_folds(targets, order, folds, categories) == fold
    beside = embargo(targets, order, validated, gap)
    assert not (beside & validated).any()
    for target in range(len(counts)):
        line = order[targets[order] == target]
        places = np.flatnonzero(validated[line])
        assert places[-1] - places[0] == len(places) - 1  # one block
        expected = set(range(places[0] - gap, places[-1] + gap + 1)) & set(range(len(line)))
        assert set(np.flatnonzero(beside[line])) == expected - set(places)


@given(
    places=st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=12), min_size=1, max_size=5),
    folds=st.just(4),
)
def test_leaving_a_place_out_leaves_something_of_every_category(
    places: list[list[int]], folds: int
) -> None:
    targets = np.repeat(np.arange(len(places)), [len(row) for row in places])
    flat = np.array([place for row in places for place in row])
    assume(len(np.unique(flat)) == folds)
    fold_of = left_out_folds(targets, flat, folds)
    for fold in range(folds):
        assert set(targets[fold_of != fold]) == set(targets)
        assert len(set(flat[fold_of == fold])) <= 1
    alone = [target for target, row in enumerate(places) if len(set(row)) == 1]
    assert set(targets[fold_of == ALWAYS_TRAINS]) == set(alone)
