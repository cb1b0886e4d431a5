"""Which photos train, validate and test."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from resistor_cls.data import PhotoDataModule
from resistor_cls.data.splits.assign import sample_roles
from tests.helpers.photo_files import write_photo

Make = Callable[..., PhotoDataModule]


def counts_of(data: PhotoDataModule) -> dict[str, int]:
    roles, counts = np.unique(data.split.role_of, return_counts=True)
    return dict(zip(roles.tolist(), counts.tolist(), strict=True))


@given(
    photos=st.lists(st.tuples(st.sampled_from("tv"), st.integers(0, 3)), min_size=1, max_size=60),
    shares=st.tuples(st.floats(0.01, 1), st.floats(0.01, 1)),
    seed=st.integers(0, 99),
)
def test_a_sample_has_its_share_of_every_category_and_role(
    photos: list[tuple[str, int]], shares: tuple[float, float], seed: int
) -> None:
    names = {"t": "train", "v": "validation"}
    role_of = np.array([names[role] for role, _ in photos], dtype="<U10")
    targets = np.array([target for _, target in photos])
    small, large = sorted(shares)
    left = [sample_roles(role_of, targets, share, ("train",), seed) for share in (small, large)]
    assert not ((left[0] != "dropped") & (left[1] == "dropped")).any()  # one lies in the other
    assert np.array_equal(left[0][role_of == "validation"], role_of[role_of == "validation"])
    for target in np.unique(targets[role_of == "train"]):
        members = (targets == target) & (role_of == "train")
        kept = (left[1][members] == "train").sum()
        assert kept == max(1, round(large * members.sum()))
    assert np.array_equal(sample_roles(role_of, targets, 1.0, ("train",), seed), role_of)


def test_a_sample_has_the_same_photos_for_the_same_seed(make: Make, tmp_path: Path) -> None:
    write_photo(tmp_path / "test/4K7/0.jpg", (1, 2, 250))
    for of, train, validation in (("both", 12, 3), ("train", 12, 6), ("validation", 24, 3)):
        data = make(sample=0.5, sample_of=of, test=tmp_path / "test")
        data.setup()
        assert (len(data.train_indices), len(data.validation_indices)) == (train, validation)
        assert counts_of(data)["test"] == 1
    whole = make(sample=0.1, subset="all")
    whole.setup()
    assert len(whole.test_indices) == 3
    seeds = [make(sample=0.5, split_seed=seed, split="capture") for seed in (0, 0, 1)]
    roles = []
    for data in seeds:
        data.setup()
        roles.append(data.split.role_of.tolist())
    assert roles[0] == roles[1] != roles[2]


def test_the_final_model_trains_on_validation_photos_too(make: Make, tmp_path: Path) -> None:
    write_photo(tmp_path / "test/4K7/0.jpg", (1, 2, 250))
    how = {"split": "capture", "gap": 2, "fold": 1, "test": tmp_path / "test", "drop_last": False}
    honest, final = make(**how), make(**how, train_on_validation=True)
    sampled = make(**how, train_on_validation=True, sample=0.5)
    for data in (honest, final, sampled):
        data.setup()
    assert counts_of(honest) == {"dropped": 12, "test": 1, "train": 12, "validation": 6}
    assert np.array_equal(final.validation_indices, honest.validation_indices)
    assert final.split_fingerprint != honest.split_fingerprint
    main = np.flatnonzero(final.split.role_of != "test")
    assert final.train_indices.tolist() == main.tolist()
    shown = [index for batch in final.train_dataloader() for index in batch["indices"].tolist()]
    assert sorted(shown) == main.tolist()
    assert final.train_counts.tolist() == [10, 10, 10]
    assert final.count_overlap(final.trained_on()) == len(final.test_indices) == 6
    assert honest.count_overlap(honest.trained_on()) == 0
    assert len(sampled.train_indices) == 12 + 3
    assert counts_of(sampled)["dropped"] == 15
    final.subset = "test"
    assert final.count_overlap(final.trained_on()) == 0


def test_a_share_validates_instead_of_a_fold(make: Make) -> None:
    data = make(validation_size=0.3)
    data.setup()
    assert counts_of(data) == {"train": 21, "validation": 9}
