"""The label check on load."""

import pytest

from resistor_cls.categories import Categories
from resistor_cls.data.dataset import OOD_TARGET
from resistor_cls.data.label_alignment import aligned_targets
from resistor_cls.errors import DataError
from tests.helpers.made_up import photo_set_of

PHOTOS = photo_set_of(["1.jpg", "2.jpg", "3.jpg"], ["10R", "4K7", "10R"])


def test_targets_are_numbered_as_the_model_does() -> None:
    assert aligned_targets(PHOTOS, Categories(["10R", "4K7"])).tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("names", "allow", "targets"),
    [
        (["4K7", "left", "10R"], ["subset"], [2, 0, 2]),
        (["1M", "4K7"], ["subset", "unknown"], [OOD_TARGET, 1, OOD_TARGET]),
        (["4K7", "10R"], ["unknown"], [1, 0, 1]),  # another order alone
    ],
)
def test_differences_may_be_allowed(names: list[str], allow: list[str], targets: list[int]) -> None:
    assert aligned_targets(PHOTOS, Categories(names), allow).tolist() == targets


@pytest.mark.parametrize(
    ("names", "allow", "remedy"),
    [
        (["10R", "4K7", "left"], [], "; add --allow subset to evaluate them all the same"),
        (["10R", "4K7", "left"], ["unknown"], "; add --allow subset to"),
        (["10R", "left"], [], "; add --allow subset and --allow unknown to"),
        (["4K7", "10R"], [], "category 0 is '10R', expected '4K7'"),
    ],
)
def test_other_differences_are_refused(names: list[str], allow: list[str], remedy: str) -> None:
    with pytest.raises(DataError, match=remedy):
        aligned_targets(PHOTOS, Categories(names), allow)


def test_labels_that_only_look_like_the_models_are_never_allowed() -> None:
    with pytest.raises(DataError, match="look alike"):
        aligned_targets(PHOTOS, Categories(["10r", "4K7"]), ["subset", "unknown"])
