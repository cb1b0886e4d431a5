"""Samples of training photos, and the input example of a logged model."""

from pathlib import Path

import albumentations
import numpy as np
import pytest
import torch

from resistor_cls.data.augment.mixing import Mix
from resistor_cls.inference.samples import (
    augmentation_sheet,
    input_example,
    sample_figures,
    train_samples,
)
from tests.helpers.opened import opened


def test_samples_shift_no_random_number_of_the_training(photos: Path, tmp_path: Path) -> None:
    steps = [albumentations.SquareSymmetry(p=1.0)]
    data = opened(photos, tmp_path, augment=steps, mix=Mix("mixup"))
    torch.manual_seed(0)
    wanted = torch.rand(3)
    torch.manual_seed(0)
    mixed, sheet = train_samples(data, 5), augmentation_sheet(data)
    assert torch.equal(torch.rand(3), wanted)
    captions = [axes.get_title() for axes in mixed.axes if axes.images]
    assert len(captions) == 5
    for caption in captions:
        shares = [int(line.split()[-2]) for line in caption.replace("%", " %").splitlines()]
        assert sum(shares) in (99, 100, 101)
    assert any("\n" in caption for caption in captions)
    assert sum(bool(axes.images) for axes in sheet.axes) == 6 * 6


def test_samples_are_figures_by_name(photos: Path, tmp_path: Path) -> None:
    results = sample_figures(opened(photos, tmp_path), 4)
    assert list(results.figures) == ["train_samples", "augmentation"]


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_the_input_example_is_what_the_model_takes(channels: int) -> None:
    photo = input_example(channels)
    assert photo.dtype == np.uint8
    assert photo.shape == (1, 128, 128, channels)
    assert np.array_equal(photo, input_example(channels))
