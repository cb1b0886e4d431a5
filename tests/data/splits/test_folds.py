"""Splits: each photo in one place, nothing that belongs together parted, the same everywhere."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from resistor_cls.categories import Categories
from resistor_cls.data.images.metadata import EDGE_DESCRIPTOR
from resistor_cls.data.splits.captures import backgrounds, bursts, cameras, capture_order
from resistor_cls.data.splits.config import SPLITS, SplitConfig
from resistor_cls.data.splits.folds import grouped_folds, split_photos, stratified_folds
from resistor_cls.data.splits.near_duplicates import grouped, kept_together
from resistor_cls.data.splits.split import ALWAYS_TRAINS
from resistor_cls.data.splits.split_table import read_split, split_table
from resistor_cls.data.splits.temporal import capture_folds, embargo, left_out_folds
from resistor_cls.errors import ConfigError, DataError
from tests.helpers.made_up import metadata_at, photo_set_of

counts = st.lists(st.integers(5, 30), min_size=2, max_size=5)
seeds = st.integers(0, 2**32 - 1)


def targets_of(counts: list[int]) -> np.ndarray:
    return np.repeat(np.arange(len(counts)), counts)


def names_of(counts: list[int]) -> Categories:
    return Categories(map(str, range(len(counts))))


@given(counts=counts, folds=st.integers(2, 5), seed=seeds)
def test_stratified_and_capture_part_every_category_evenly(counts, folds, seed):
    targets, categories = targets_of(counts), names_of(counts)
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
def test_groups_never_cross_and_keep_their_balance(counts, folds, seed, largest):
    targets, categories = targets_of(counts), names_of(counts)
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


@given(
    counts=counts,
    folds=st.integers(2, 5),
    fold=st.integers(0, 4),
    gap=st.integers(0, 4),
    seed=seeds,
)
def test_capture_validates_a_block_and_drops_its_neighbours(counts, folds, fold, gap, seed):
    fold %= folds
    targets, categories = targets_of(counts), names_of(counts)
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
def test_leaving_a_place_out_leaves_something_of_every_category(places, folds):
    targets = np.repeat(np.arange(len(places)), [len(row) for row in places])
    flat = np.array([place for row in places for place in row])
    assume(len(np.unique(flat)) == folds)
    fold_of = left_out_folds(targets, flat, folds)
    for fold in range(folds):
        assert set(targets[fold_of != fold]) == set(targets)
        assert len(set(flat[fold_of == fold])) <= 1
    alone = [target for target, row in enumerate(places) if len(set(row)) == 1]
    assert set(targets[fold_of == ALWAYS_TRAINS]) == set(alone)


def real_like(order: np.ndarray | None = None):
    """Three categories, shot by two cameras on two backgrounds, a second between photos.

    Args:
        order: positions in which the photos are handed over.
    """
    photos = [
        (f"{category}/{category} ({number}).jpg", category, number)
        for category in ("a", "b", "c")
        for number in range(20)
    ]
    metadata = [
        metadata_at(
            second=number + 1000 * "abc".index(category),
            camera="one" if number < 10 else "two",
            colour=30.0 if number % 2 else 90.0,
            picture=f"{category}{number}",
        )
        for _, category, number in photos
    ]
    chosen = range(len(photos)) if order is None else order
    photo_set = photo_set_of([photos[i][0] for i in chosen], [photos[i][1] for i in chosen])
    return photo_set, [metadata[i] for i in chosen]


def descriptors_of(count: int) -> np.ndarray:
    return np.zeros((count, EDGE_DESCRIPTOR, EDGE_DESCRIPTOR), dtype=np.int8)


@pytest.mark.parametrize("how", SPLITS)
def test_every_photo_validates_at_most_once_and_no_order_matters(how: str):
    folds = 2 if how in {"background", "camera"} else 4
    photo_set, metadata = real_like()
    edge_descriptors = descriptors_of(len(metadata))
    shuffled = np.random.default_rng(1).permutation(len(metadata))
    other_set, other_metadata = real_like(shuffled)
    validated = np.zeros(len(metadata), dtype=int)
    for fold in range(folds):
        config = SplitConfig(how, folds=folds, fold=fold, gap=1)
        split = split_photos(config, photo_set, metadata, edge_descriptors)
        validated += split.role_of == "validation"
        again = split_photos(config, photo_set, metadata, edge_descriptors)
        assert np.array_equal(split.role_of, again.role_of)
        if how not in {"stratified", "grouped"}:  # those two shuffle: sources sort by name
            other = split_photos(config, other_set, other_metadata, edge_descriptors)
            roles = dict(zip(photo_set.names, split.role_of, strict=True))
            assert roles == dict(zip(other_set.names, other.role_of, strict=True))
    assert (validated == 1).all()


def test_near_duplicates_and_the_group_column_stay_together():
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


def test_a_split_is_read_back_to_the_photo(tmp_path: Path):
    photo_set, metadata = real_like()
    split = split_photos(
        SplitConfig("capture", folds=3, fold=1, gap=2), photo_set, metadata, descriptors_of(60)
    )
    path = tmp_path / "split.csv"
    split_table(split, photo_set, metadata).to_csv(path, index=False)
    again = split_photos(
        SplitConfig(str(path), folds=5, fold=4), photo_set, metadata, descriptors_of(60)
    )
    assert np.array_equal(again.role_of, split.role_of)
    assert np.array_equal(again.fold_of, split.fold_of)
    table = split_table(split, photo_set, metadata)
    table.loc[table.category == "b", "role"] = "test"
    table.to_csv(path, index=False)
    again = read_split(path, photo_set, metadata)
    assert (again.role_of == "test").sum() == 20


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: table[1:], r"1 are not in the table \(a/a \(0\).jpg\)"),
        (lambda table: table.assign(content="x" * 16), "60 have changed since"),
        (
            lambda table: table.replace("a/a (0).jpg", "a/gone.jpg"),
            r"1 are not among .* \(a/gone.jpg\)",
        ),
        (lambda table: table.assign(role="guess"), "unknown role 'guess'"),
        (lambda table: table.drop(columns="role"), "is not the table of a split"),
    ],
)
def test_a_table_of_other_photos_is_refused(tmp_path: Path, change, message: str):
    photo_set, metadata = real_like()
    split = split_photos(SplitConfig(), photo_set, metadata, descriptors_of(60))
    path = tmp_path / "split.csv"
    change(split_table(split, photo_set, metadata)).to_csv(path, index=False)
    with pytest.raises(DataError, match=message):
        read_split(path, photo_set, metadata)


def test_splits_that_cannot_be_made_are_explained(tmp_path: Path):
    photo_set, metadata = real_like()

    def split(how: str, **choices: int) -> None:
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


def test_bursts_end_with_a_pause_a_camera_or_a_category():
    seconds = [0, 5, 200, 205, 206]
    photo_set = photo_set_of([f"a/{i}.jpg" for i in range(5)] + ["b/0.jpg", "b/1.jpg"], "aaaaabb")
    metadata = [
        *(metadata_at(second=s, camera="one" if i < 4 else "two") for i, s in enumerate(seconds)),
        metadata_at(second=207, camera="two"),
        metadata_at(camera="two"),
    ]
    assert bursts(photo_set, metadata, gap=60).tolist() == [0, 0, 1, 1, 2, 3, 4]
    assert len(set(bursts(photo_set, metadata, gap=300))) == 4
    assert cameras(metadata).tolist() == [0, 0, 0, 0, 1, 1, 1]


def test_capture_order_is_by_time_then_by_the_numbers_in_names():
    names = ["a/x (10).jpg", "a/x (2).jpg", "a/x (1).jpg", "a/late.jpg", "a/early.jpg"]
    metadata = [
        metadata_at(),
        metadata_at(),
        metadata_at(),
        metadata_at(second=50),
        metadata_at(second=7),
    ]
    photo_set = photo_set_of([*names, "b/x.jpg"], "aaaaab")
    order = capture_order(photo_set, [*metadata, metadata_at(second=1)])
    assert [photo_set.names[i] for i in order] == [
        "a/early.jpg",
        "a/late.jpg",
        "a/x (1).jpg",
        "a/x (2).jpg",
        "a/x (10).jpg",
        "b/x.jpg",
    ]


def test_backgrounds_are_found_by_colour():
    metadata = [metadata_at(colour=c) for c in (10, 90, 11, 92, 10.5, 12)]
    assert backgrounds(metadata, 2).tolist() == [0, 1, 0, 1, 0, 0]
    assert len(set(backgrounds(metadata[:1] * 3, 4))) == 1


def test_groups_are_linked_over_others():
    numbers = grouped([(0, 1), (1, 4), (2, 3)], 6)
    assert numbers[0] == numbers[1] == numbers[4]
    assert numbers[2] == numbers[3]
    assert len(set(numbers)) == 3
