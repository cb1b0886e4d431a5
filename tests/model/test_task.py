from typing import Any

import pytest
import torch

from resistor_cls.errors import ConfigError
from resistor_cls.model import ResistorNetwork, ResistorTask, build_task
from tests.helpers.tiny_training import TINY, Training

SETTINGS: dict[str, Any] = {"backbone": TINY, "pretrained": "false", "image_size": 32}


def test_a_layer_that_the_backbone_does_not_have_is_named() -> None:
    with pytest.raises(ConfigError, match="no layer is named like 'nothing'"):
        build_task(["10R", "4K7"], layer_lr={"nothing": 2}, **SETTINGS)


def test_a_task_has_the_loss_that_its_network_names() -> None:
    logits, targets = torch.tensor([[2.0, -1.0]]), torch.tensor([0])
    network = ResistorNetwork(["10R", "4K7"], loss="cross_entropy", **SETTINGS)
    found = ResistorTask(network).loss.plain(logits, targets)
    assert torch.allclose(found, torch.nn.functional.cross_entropy(logits, targets))


def test_a_checkpoint_holds_the_network_alone(trained: Training) -> None:
    file = trained.folder / "checkpoints" / "last.ckpt"
    names = set(torch.load(file, weights_only=True)["state_dict"])
    assert names == set(trained.network.state_dict())
