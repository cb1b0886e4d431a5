import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from resistor_cls.errors import ModelError
from resistor_cls.inference.checks.saliency import saliency, share_on
from resistor_cls.model import ResistorNetwork
from resistor_cls.model.detector.network import Detector

CNN, VIT = "test_resnet.r160_in1k", "test_vit.r160_in1k"
HEIGHT, WIDTH = 64, 160  # of a crop: a map that is mistaken for its transpose shows


def make(backbone: str) -> ResistorNetwork:
    torch.manual_seed(0)
    how: dict[str, Any] = {"pretrained": "false", "image_size": WIDTH, "locate": Detector()}
    return ResistorNetwork(["none", "square"], backbone=backbone, **how)


def squares(count: int) -> tuple[Tensor, Tensor, list[tuple[slice, slice]]]:
    """Grey noise; half of the photos have a bright square in one of the corners."""
    photos = 0.3 + 0.2 * torch.rand(count, 3, HEIGHT, WIDTH)
    targets = torch.arange(count) % 2
    corners = []
    for photo, target, place in zip(photos, targets, torch.randint(4, (count,)), strict=True):
        row, column = divmod(int(place), 2)
        top, left = row * (HEIGHT - 24), column * (WIDTH - 24)
        corners.append((slice(top, top + 24), slice(left, left + 24)))
        if target:
            photo[:, *corners[-1]] = 1.0
    return photos, targets, corners


@pytest.fixture(scope="module", params=[CNN, VIT])
def taught(request: pytest.FixtureRequest) -> Iterator[ResistorNetwork]:
    """Knows whether there is a bright square."""
    with torch.random.fork_rng(devices=[]):
        model = make(request.param)
        optimizer = torch.optim.Adam(model.backbone.parameters(), lr=2e-3)
        model.train()
        for _ in range(60):
            photos, targets, _ = squares(16)
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(photos), targets).backward()
            optimizer.step()
        yield model.eval()


def test_saliency_points_to_the_only_evidence(taught: ResistorNetwork) -> None:
    torch.manual_seed(1)
    photos, targets, corners = squares(16)
    with torch.inference_mode():
        assert (taught(photos).argmax(1) == targets).float().mean() > 0.9
    heat = saliency(taught, photos, torch.ones_like(targets))
    assert heat.shape == (16, HEIGHT, WIDTH)
    assert heat.dtype == torch.float32
    hits = []
    for map_, target, (rows, columns) in zip(heat.numpy(), targets, corners, strict=True):
        assert map_.min() >= 0
        assert map_.max() == pytest.approx(1) or not map_.any()
        if target:
            row, column = np.unravel_index(map_.argmax(), map_.shape)
            # The middle of the coarse cell may lie a little beside the square.
            hits.append(
                rows.start - 16 <= row < rows.stop + 16
                and columns.start - 16 <= column < columns.stop + 16
            )
    assert np.mean(hits) >= 7 / 8


def test_a_larger_photo_has_a_larger_map(taught: ResistorNetwork) -> None:
    photos, targets, _ = squares(2)
    larger = photos.repeat_interleave(2, 2).repeat_interleave(2, 3)
    heat = saliency(taught, larger, targets)
    assert heat.shape == (2, 2 * HEIGHT, 2 * WIDTH)
    small = saliency(taught, photos, targets)
    middle = torch.nn.functional.avg_pool2d(heat[:, None], 2)[:, 0]
    assert (middle - small).abs().mean() < 0.1


@pytest.mark.parametrize("frozen", [False, True])
def test_the_model_is_left_as_it_was(frozen: bool) -> None:
    model = make(CNN).train()
    model.backbone.requires_grad_(not frozen)
    model.backbone.layer1.eval()
    first = next(model.backbone.parameters())
    first.grad = torch.ones_like(first)
    modes = [module.training for module in model.modules()]
    before = {name: value.clone() for name, value in model.state_dict().items()}
    learns = [parameter.requires_grad for parameter in model.parameters()]
    photos, targets, _ = squares(2)
    random = torch.get_rng_state()
    with torch.inference_mode():
        heat = saliency(model, photos + 0, targets)
    assert torch.equal(torch.get_rng_state(), random)
    assert not heat.requires_grad
    assert modes == [module.training for module in model.modules()]
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert learns == [parameter.requires_grad for parameter in model.parameters()]
    assert (first.grad == 1).all()
    assert all(one.grad is None for one in model.parameters() if one is not first)
    assert torch.equal(heat, saliency(model.eval(), photos, targets))


def test_a_photo_is_explained_alone_whatever_its_batch(taught: ResistorNetwork) -> None:
    photos, targets, _ = squares(4)
    together = saliency(taught, photos, targets)
    alone = torch.cat([saliency(taught, photos[i : i + 1], targets[i : i + 1]) for i in range(4)])
    assert torch.allclose(together, alone, atol=1e-3)


def test_a_net_without_maps_is_named() -> None:
    model = ResistorNetwork(
        ["a", "b"], backbone="xcit_nano_12_p8_224", pretrained="false", image_size=32
    )
    with pytest.raises(ModelError, match=r"model\.backbone=xcit_nano_12_p8_224 makes no maps"):
        saliency(model, torch.rand(1, 3, 32, 32), torch.tensor([0]))
    assert all(parameter.grad is None for parameter in model.parameters())


def test_the_share_of_saliency_on_some_pixels() -> None:
    heat = np.array([[0.0, 1.0], [0.5, 0.5]], np.float32)
    body = np.array([[False, True], [True, False]])
    assert share_on(heat, body) == pytest.approx(0.75)
    assert share_on(np.ones((4, 4)), np.eye(4, dtype=bool)) == 0.25
    assert math.isnan(share_on(np.zeros((2, 2)), body))
    assert math.isnan(share_on(heat, np.zeros((2, 2), bool)))
