"""Folds: each photo in one fold, groups whole, the same whatever the order of the photos."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from resistor_cls.data.splits.config import SPLITS, SplitConfig
from resistor_cls.data.splits.folds import grouped_folds, split_photos, stratified_folds
from resistor_cls.data.splits.near_duplicates import kept_together
from resistor_cls.data.splits.temporal import capture_folds
from resistor_cls.errors import ConfigError, DataError
from tests.helpers.made_up import descriptors_of, metadata_at, photo_set_of, real_like, targets_of

counts = st.lists(st.integers(5, 30), min_size=2, max_size=5)
seeds = st.integers(0, 2**32 - 1)


@given(counts=counts, folds=st.integers(2, 5), seed=seeds)
def test_stratified_and_capture_part_every_category_evenly(
    counts: list[int], folds: int, seed: int
) -> None:
    targets, categories = targets_of(counts)
    order = np.random.default_rng(seed).permutation(len(targets))
    for fold_of in (
        stratified_folds(targets, folds, seed, categories),
        capture_folds(targets, order, folds, categories),
    ):
        assert set(fold_of) == set(range(folds))
        for target in range(len(counts)):
            sizes = np.bincount(fold_of[targets == target], minlength=folds)
            assert sizes.max() - sizes.min() <= 1


@given(counts=counts, folds=st.integers(2, 4), seed=seeds, largest=st.integers(1, 6))
def test_groups_never_cross_and_keep_their_balance(
    counts: list[int], folds: int, seed: int, largest: int
) -> None:
    targets, categories = targets_of(counts)
    # Runs of neighbours belong together, over the edges of categories too.
    groups = np.arange(len(targets)) // largest
    try:
        fold_of = grouped_folds(targets, groups, folds, seed, categories)
    except DataError:
        assume(False)
    for group in np.unique(groups):
        assert len(set(fold_of[groups == group])) == 1
    if largest == 1:
        for target in range(len(counts)):
            sizes = np.bincount(fold_of[targets == target], minlength=folds)
            assert sizes.max() - sizes.min() <= 2
    sizes = np.bincount(fold_of, minlength=folds)
    assert sizes.max() - sizes.min() <= max(3, largest) * len(counts)


@pytest.mark.parametrize("how", SPLITS)
def test_every_photo_validates_at_most_once_and_no_order_matters(how: str) -> None:
    folds = {"background": 2, "camera": 2, "few": 1}.get(how, 4)
    photo_set, metadata = real_like()
    edge_descriptors = descriptors_of(len(metadata))
    shuffled = np.random.default_rng(1).permutation(len(metadata))
    other_set, other_metadata = real_like(shuffled)
    validated = np.zeros(len(metadata), dtype=int)
    for fold in range(folds):
        config = SplitConfig(how, folds=max(2, folds), fold=fold, gap=1)
        split = split_photos(config, photo_set, metadata, edge_descriptors)
        validated += split.role_of == "validation"
        again = split_photos(config, photo_set, metadata, edge_descriptors)
        assert np.array_equal(split.role_of, again.role_of)
        if how not in {"stratified", "grouped"}:  # those two shuffle: sources sort by name
            other = split_photos(config, other_set, other_metadata, edge_descriptors)
            roles = dict(zip(photo_set.names, split.role_of, strict=True))
            assert roles == dict(zip(other_set.names, other.role_of, strict=True))
    # `few` has one part that trains, and an embargo, beside the part that validates.
    assert (validated <= 1).all() if how == "few" else (validated == 1).all()


def test_near_duplicates_and_the_group_column_stay_together() -> None:
    photo_set, metadata = real_like()
    twin = metadata[0].pixel_hash
    metadata[25] = metadata_at(
        second=9999, camera="one", colour=1.0, picture="a0"
    )  # the picture of a/0
    assert metadata[25].pixel_hash == twin
    photo_set = photo_set_of(
        photo_set.names,
        [n[0] for n in photo_set.names],
        groups=["x" if i in {3, 50} else str(i) for i in range(60)],
    )
    groups = kept_together(photo_set, metadata, descriptors_of(60))
    assert groups[0] == groups[25] and groups[3] == groups[50]
    assert len(set(groups)) == 58
    split = split_photos(SplitConfig("grouped", folds=4), photo_set, metadata, descriptors_of(60))
    assert split.role_of[0] == split.role_of[25] and split.role_of[3] == split.role_of[50]
    roles = split_photos(
        SplitConfig("capture", folds=4, gap=0), photo_set, metadata, descriptors_of(60)
    ).role_of
    assert roles[0] == "validation" and roles[25] == "dropped"
    assert roles[3] == "validation" and roles[50] == "dropped"


def test_splits_that_cannot_be_made_are_explained(tmp_path: Path) -> None:
    photo_set, metadata = real_like()

    def split(how: str, **choices: Any) -> None:
        split_photos(SplitConfig(how, **choices), photo_set, metadata, descriptors_of(60))

    with pytest.raises(ConfigError, match=r"data.split=captur: did you mean capture or camera\?"):
        split("captur")
    with pytest.raises(ConfigError, match=r"data\.fold=5: expected 0 to 4"):
        split("capture", fold=5)
    with pytest.raises(ConfigError, match=r"data\.folds=5, but the photos are of 2 places"):
        split("camera")
    with pytest.raises(
        DataError, match=r"leaves nothing to train on of a, b, c: lower data.gap=10 or"
    ):
        split("capture", folds=2, gap=10)
    with pytest.raises(DataError, match=r"fewer photos than folds: a \(20\), b \(20\), c \(20\)"):
        split("stratified", folds=21)
    with pytest.raises(DataError, match="is not the table of a split"):
        split(str(tmp_path / "absent.csv"))
