"""One share that validates: its size, every category on both sides, groups whole."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resistor_cls.data.images.metadata import EDGE_DESCRIPTOR
from resistor_cls.data.splits.config import SplitConfig
from resistor_cls.data.splits.folds import split_photos
from resistor_cls.data.splits.holdout import capture_holdout, grouped_holdout, stratified_holdout
from resistor_cls.data.splits.split import ALWAYS_TRAINS
from resistor_cls.errors import DataError
from tests.helpers.made_up import metadata_at, photo_set_of, targets_of

counts = st.lists(st.integers(2, 40), min_size=2, max_size=5)
sizes = st.floats(0.01, 0.99)
seeds = st.integers(0, 2**32 - 1)


@given(counts=counts, size=sizes, seed=seeds)
def test_every_category_trains_and_validates_near_the_share(
    counts: list[int], size: float, seed: int
) -> None:
    targets, categories = targets_of(counts)
    order = np.random.default_rng(seed).permutation(len(targets))
    drawn = stratified_holdout(targets, size, seed, categories)
    assert np.array_equal(drawn, stratified_holdout(targets, size, seed, categories))
    alone = grouped_holdout(targets, np.arange(len(targets)), size, seed, categories)
    last = capture_holdout(targets, order, size, categories)
    for target, count in enumerate(counts):
        # Sampled together, a category may have to make up for the others' one photo at least.
        for validated, off in ((drawn, len(counts)), (alone, 1), (last, 1)):
            found = validated[targets == target].sum()
            assert 1 <= found <= count - 1
            assert abs(found - size * count) <= off
        line = order[targets[order] == target]
        assert np.array_equal(np.sort(last[line]), last[line])  # the last ones in time


@given(counts=counts, size=sizes, seed=seeds, largest=st.integers(2, 6))
def test_groups_stay_whole(counts: list[int], size: float, seed: int, largest: int) -> None:
    targets, categories = targets_of(counts)
    # Runs of neighbours belong together, over the edges of categories too.
    groups = np.arange(len(targets)) // largest
    try:
        validated = grouped_holdout(targets, groups, size, seed, categories)
    except DataError as error:
        assert "cannot be parted" in str(error)
        return
    for group in np.unique(groups):
        assert len(set(validated[groups == group])) == 1
    for target in range(len(counts)):
        assert len(set(validated[targets == target])) == 2


def test_what_cannot_be_held_out_is_named() -> None:
    targets, categories = targets_of([5, 1])
    for holdout in (
        partial(stratified_holdout, targets, 0.2, 0, categories),
        partial(capture_holdout, targets, np.arange(6), 0.2, categories),
    ):
        with pytest.raises(DataError, match=r"validation_size=0.2, .* two photos.*: 1 \(1\);"):
            holdout()
    with pytest.raises(DataError, match=r"groups of photos of these categories cannot .*: 1; add"):
        grouped_holdout(targets, np.array([0, 1, 2, 3, 4, 4]), 0.2, 0, categories)


@pytest.mark.parametrize(("how", "dropped"), [("stratified", 0), ("grouped", 0), ("capture", 5)])
def test_a_share_takes_the_place_of_a_fold(how: str, dropped: int) -> None:
    names = [f"{category}/{number}.jpg" for category in "ab" for number in range(20)]
    photo_set = photo_set_of(names, [name[0] for name in names])
    metadata = [metadata_at(second=second, picture=name) for second, name in enumerate(names)]
    metadata[0] = metadata_at(second=0, picture=names[19])  # the picture of a validated photo
    edge_descriptors = np.zeros((40, EDGE_DESCRIPTOR, EDGE_DESCRIPTOR), dtype=np.int8)
    split = split_photos(
        SplitConfig(how, gap=2, validation_size=0.25), photo_set, metadata, edge_descriptors
    )
    validated = split.role_of == "validation"
    assert validated.sum() == 10
    assert (split.role_of == "dropped").sum() == dropped
    assert np.array_equal(split.fold_of, np.where(validated, 0, ALWAYS_TRAINS))
    if how == "capture":
        assert [names[i] for i in np.flatnonzero(validated)][:5] == names[15:20]
        assert set(np.flatnonzero(split.role_of == "dropped")) == {0, 13, 14, 33, 34}
        with pytest.raises(DataError, match=r"a, b: lower data.gap=18 or data.validation_size=0.2"):
            split_photos(
                SplitConfig(how, gap=18, validation_size=0.2), photo_set, metadata, edge_descriptors
            )
    if how == "grouped":
        assert split.role_of[0] == split.role_of[19]
