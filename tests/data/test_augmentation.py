import albumentations
import numpy as np
import pytest
import torch
from photo_files import noise

from resistor_cls.config import compose, groups, instantiate
from resistor_cls.data.augmentation import Augmentation
from resistor_cls.errors import ConfigError

PHOTO = noise(40, 40)


def ten(augmentation: Augmentation, seed: int) -> np.ndarray:
    torch.manual_seed(seed)
    return np.stack([augmentation(PHOTO) for _ in range(10)])


@pytest.mark.parametrize("name", groups()["augment"])
def test_every_strategy_is_repeatable_and_keeps_size_and_type(name: str):
    steps = instantiate(compose(overrides=[f"augment={name}"]).augment)
    augmentation = Augmentation([step for step in steps.values() if step is not None])
    before = PHOTO.copy()
    first = ten(augmentation, 0)
    assert first.shape == (10, 40, 40, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(PHOTO, before)
    assert np.array_equal(first, ten(augmentation, 0))
    if name == "none":
        assert (first == PHOTO).all()
    else:
        assert not np.array_equal(first, ten(augmentation, 1))
        assert len(np.unique(first, axis=0)) > 5  # photos of one run are changed differently


@pytest.mark.parametrize("name", ["soft", "hard", "crop"])
def test_an_upright_crop_stays_upright(name: str):
    steps = instantiate(compose(overrides=[f"augment={name}"]).augment)
    augmentation = Augmentation([step for step in steps.values() if step is not None])
    crop = noise(16, 40)
    torch.manual_seed(0)
    assert {augmentation(crop).shape for _ in range(20)} == {(16, 40, 3)}
    turns = Augmentation([albumentations.SquareSymmetry(p=1)])
    seen = {bytes(turns(crop)) for _ in range(60)}
    assert seen == {bytes(np.ascontiguousarray(crop[::u, ::v])) for u in (1, -1) for v in (1, -1)}


@pytest.mark.parametrize(
    "step",
    [albumentations.Resize(20, 20), albumentations.Normalize(), albumentations.ToGray(1, p=1)],
)
def test_steps_that_belong_to_the_model_are_refused(step: albumentations.BasicTransform):
    with pytest.raises(ConfigError, match=r"\(40, 40, 3\) uint8 into .* belong to the model"):
        Augmentation([albumentations.HorizontalFlip(), step])(PHOTO)


def test_a_step_that_is_no_transform_is_refused():
    with pytest.raises(ConfigError, match=r"augment: 'flip' is no albumentations transform"):
        Augmentation(["flip"])  # type: ignore[list-item]
