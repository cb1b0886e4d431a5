"""A few photos of each category train: the first ones, and no near-duplicate of them validates."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resistor_cls.data.splits.config import SplitConfig
from resistor_cls.data.splits.few_shot import first_photos
from resistor_cls.data.splits.folds import split_photos
from resistor_cls.data.splits.split import ALWAYS_TRAINS
from resistor_cls.errors import DataError
from tests.helpers.made_up import descriptors_of, metadata_at, photo_set_of, real_like, targets_of


@given(
    counts=st.lists(st.integers(4, 30), min_size=2, max_size=5),
    shots=st.integers(1, 3),
    gap=st.integers(0, 40),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_first_photos_train_and_a_small_category_has_a_shorter_embargo(
    counts: list[int], shots: int, gap: int, seed: int
) -> None:
    targets, categories = targets_of(counts)
    order = np.random.default_rng(seed).permutation(len(targets))
    trains, dropped = first_photos(targets, order, shots, gap, categories)
    for target, count in enumerate(counts):
        line = order[targets[order] == target]
        embargoed = min(gap, count - shots - 1)
        roles = ["train"] * shots + ["dropped"] * embargoed
        roles += ["validation"] * (count - shots - embargoed)
        found = np.where(trains, "train", np.where(dropped, "dropped", "validation"))
        assert found[line].tolist() == roles


def test_near_duplicates_of_training_photos_are_dropped_in_any_category() -> None:
    photo_set, metadata = real_like()
    metadata[15] = metadata_at(second=15, picture="a0")  # the picture of a/0
    metadata[35] = metadata_at(second=1015, picture="a1")  # of another category
    metadata[0], metadata[1] = (metadata_at(second=s, picture=f"a{s}") for s in (0, 1))
    config = SplitConfig("few", shots=2, gap=3)
    split = split_photos(config, photo_set, metadata, descriptors_of(60))
    expected = np.array((["train"] * 2 + ["dropped"] * 3 + ["validation"] * 15) * 3)
    expected[[15, 35]] = "dropped"
    assert split.role_of.tolist() == expected.tolist()
    assert np.array_equal(split.fold_of, np.where(expected == "validation", 0, ALWAYS_TRAINS))


def test_photos_without_times_are_taken_by_the_numbers_in_their_names() -> None:
    names = [f"{category}/x ({number}).jpg" for category in "ab" for number in (10, 9, 1, 2)]
    photo_set = photo_set_of(names, [name[0] for name in names])
    metadata = [metadata_at(picture=name) for name in names]
    split = split_photos(SplitConfig("few", shots=2, gap=0), photo_set, metadata, descriptors_of(8))
    trained = {names[index] for index in np.flatnonzero(split.role_of == "train")}
    assert trained == {f"{category}/x ({number}).jpg" for category in "ab" for number in (1, 2)}


def test_too_few_photos_are_named_with_the_number_that_would_do() -> None:
    targets, categories = targets_of([9, 3, 2])
    order = np.arange(14)
    with pytest.raises(
        DataError,
        match=r"shots=3, .* fewer than 4 photos, 3 to train .* one to validate: 1 \(3\), 2 \(2\); "
        r"add photos, remove the category, or set data\.shots=1$",
    ):
        first_photos(targets, order, 3, 3, categories)
    targets, categories = targets_of([9, 1])
    order = np.arange(10)
    with pytest.raises(DataError, match=r"1 \(1\); add photos, remove the category$"):
        first_photos(targets, order, 1, 3, categories)


def test_nothing_left_to_validate_is_explained() -> None:
    photo_set = photo_set_of([f"{c}/{i}.jpg" for c in "ab" for i in range(4)], "aaaabbbb")
    metadata = [metadata_at(second=i, picture=name[0]) for i, name in enumerate(photo_set.names)]
    with pytest.raises(DataError, match=r"data\.shots=2 leaves no photo to validate: all others"):
        split_photos(SplitConfig("few", shots=2), photo_set, metadata, descriptors_of(8))
