import albumentations
import numpy as np
import pytest
import torch

from resistor_cls.config import compose, groups, instantiate
from resistor_cls.data.augment.augmentation import Augmentation
from resistor_cls.errors import ConfigError
from tests.helpers import PIPELINE
from tests.helpers.photo_files import noise

PHOTO = noise(40, 40)


def ten(augmentation: Augmentation, seed: int) -> np.ndarray:
    torch.manual_seed(seed)
    return np.stack([augmentation(PHOTO) for _ in range(10)])


WORDS = {"custom": [f"augment.pipeline.file={PIPELINE}"]}


@pytest.mark.parametrize("name", groups()["augment"])
def test_every_strategy_is_repeatable_and_keeps_size_and_type(name: str) -> None:
    words = [f"augment={name}", *WORDS.get(name, [])]
    steps = instantiate(compose(overrides=words).augment)
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
def test_an_upright_crop_stays_upright(name: str) -> None:
    steps = instantiate(compose(overrides=[f"augment={name}"]).augment)
    augmentation = Augmentation([step for step in steps.values() if step is not None])
    crop = noise(16, 40)
    torch.manual_seed(0)
    assert {augmentation(crop).shape for _ in range(20)} == {(16, 40, 3)}
    rotated = Augmentation([albumentations.SquareSymmetry(p=1)])
    seen = {bytes(rotated(crop)) for _ in range(60)}
    assert seen == {bytes(np.ascontiguousarray(crop[::u, ::v])) for u in (1, -1) for v in (1, -1)}


@pytest.mark.parametrize(
    "step",
    [albumentations.Resize(20, 20), albumentations.Normalize(), albumentations.ToGray(1, p=1)],
)
def test_transforms_that_belong_to_the_model_are_refused(
    step: albumentations.BasicTransform,
) -> None:
    with pytest.raises(ConfigError, match=r"\(40, 40, 3\) uint8 into .* belong to the model"):
        Augmentation([albumentations.HorizontalFlip(), step])(PHOTO)
    # Before training, however rarely it is applied.
    step.p = 1e-9
    rarely = Augmentation([albumentations.OneOf([albumentations.NoOp(), step], p=1e-9)])
    with pytest.raises(ConfigError, match=rf"augment \({type(step).__name__}\): .* to the model"):
        rarely.check((40, 40))


@pytest.mark.parametrize("name", ["soft", "medium", "hard", "crop"])
def test_a_dry_run_of_the_transforms_changes_no_training(name: str) -> None:
    """A seeded training draws the same numbers with a dry run and without."""
    steps = list(instantiate(compose(overrides=[f"augment={name}"]).augment).values())
    tried = Augmentation(steps)
    torch.manual_seed(0)
    tried.check((16, 40))
    assert torch.equal(torch.get_rng_state(), torch.manual_seed(0).get_state())
    assert np.array_equal(ten(tried, 3), ten(Augmentation(steps), 3))


def test_what_changes_the_size_and_changes_it_back_is_taken() -> None:
    Augmentation([albumentations.RandomCrop(8, 8), albumentations.Resize(40, 40)]).check((40, 40))


@pytest.mark.parametrize("channels", [2, 5])
def test_soft_takes_photos_of_any_channels(channels: int) -> None:
    steps = list(instantiate(compose(overrides=["augment=soft"]).augment).values())
    augmentation = Augmentation(steps)
    augmentation.check((40, 40), channels)
    photo = np.concatenate([PHOTO, PHOTO], axis=2)[..., :channels]
    assert augmentation(photo).shape == (40, 40, channels)


def test_a_transform_of_colours_is_refused_by_name_without_colours() -> None:
    steps = list(instantiate(compose(overrides=["augment=medium"]).augment).values())
    with pytest.raises(ConfigError, match=r"PlanckianJitter, but model.channels=5: .* 3-channel"):
        Augmentation(steps).check((40, 40), 5)
    with pytest.raises(ConfigError, match=r"MaskDropout: it cannot be applied .*leave it out"):
        Augmentation([albumentations.MaskDropout()]).check((40, 40))


def test_something_that_is_not_a_transform_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"augment: 'flip' is not an albumentations transform"):
        Augmentation(["flip"])
