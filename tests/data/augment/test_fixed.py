"""Fixed transforms of a model, as plain values."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import albumentations
import numpy as np
import pytest

from resistor_cls.data.augment.fixed import WithFixedTransforms, serialised
from resistor_cls.data.images.resize import Resize
from resistor_cls.errors import ConfigError
from tests.helpers.photo_files import noise

PHOTO = noise(24, 40)
DARKER = albumentations.RandomBrightnessContrast((-0.2, -0.2), (0, 0), p=1)
FIXED = albumentations.Compose(
    [DARKER, albumentations.Sequential([albumentations.ToGray(p=1)], p=1)]
)


def plain(steps: Any) -> Any:
    return serialised(json.loads(json.dumps(albumentations.to_dict(steps))))


def test_fixed_transforms_are_plain_values_that_make_the_same_transforms(tmp_path: Path) -> None:
    albumentations.save(FIXED, tmp_path / "steps.yaml", data_format="yaml")
    values = serialised(tmp_path / "steps.yaml")
    assert values is not None
    assert values == json.loads(json.dumps(values)) == serialised(values) == plain(FIXED)
    assert serialised(None) is None
    resize_image = Resize([24, 40])
    preprocessed = WithFixedTransforms(resize_image, values)(PHOTO)
    expected = FIXED(image=PHOTO)["image"]
    assert np.array_equal(preprocessed.photo, expected)
    assert preprocessed.located
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(WithFixedTransforms(resize_image, values), [PHOTO] * 12))
    assert all(np.array_equal(one.photo, expected) for one in together)


def test_other_transforms_are_another_preprocessing() -> None:
    keys = [Resize(24).key]
    for base in (Resize(24), Resize(32)):
        keys += [WithFixedTransforms(base, plain(steps)).key for steps in (FIXED, DARKER)]
    assert len(set(keys)) == len(keys)
    assert WithFixedTransforms(Resize(24), plain(FIXED)).key == keys[1]
    both = WithFixedTransforms(WithFixedTransforms(Resize(24), plain(DARKER)), plain(FIXED))
    assert both.shape == (24, 24)


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (albumentations.ToGray(p=0.5), "ToGray has p=0.5, but every photo must get the same"),
        (albumentations.OneOf([DARKER], p=1), "OneOf chooses at random"),
        (albumentations.HorizontalFlip(p=1), "HorizontalFlip moves what a photo shows"),
        (albumentations.Resize(24, 40, p=1), "Resize moves what a photo shows"),
        (albumentations.GaussNoise(p=1), "GaussNoise draws random numbers"),
        (albumentations.RandomBrightnessContrast(p=1), "draws random numbers"),
        (albumentations.Normalize(p=1), r"\(Normalize\): .* normalising belong to the model"),
        (albumentations.ToGray(1, p=1), r"\(ToGray\): .* into \(24, 40, 1\)"),
    ],
)
def test_transforms_that_are_not_fixed_are_refused(step: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=f"model.steps.*{message}"):
        WithFixedTransforms(Resize([24, 40]), plain(albumentations.Compose([step])))


def test_fixed_transforms_of_colours_are_refused_for_other_channels() -> None:
    with pytest.raises(ConfigError, match=r"model.steps: ToGray, but model.channels=5"):
        WithFixedTransforms(Resize(24, 5), plain(FIXED))
