"""Custom losses: what they need, and what a checkpoint of them needs."""

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from resistor_cls.errors import ConfigError
from resistor_cls.model import ResistorNetwork, ResistorTask
from resistor_cls.model.training.losses import stand_in_of
from tests.helpers.custom_package import imported, task_of
from tests.helpers.model_files import save_checkpoint
from tests.helpers.tiny_training import TINY


@pytest.mark.parametrize(("name", "stand_in"), [("smooth", "cross_entropy"), ("each", "bce")])
def test_a_model_with_a_custom_loss_loads_without_it(
    package: str, name: str, stand_in: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    custom = getattr(importlib.import_module(f"{package}.losses"), name)
    task = task_of(package, loss=custom, backbone=TINY)
    model = task.network
    save_checkpoint(model, tmp_path / "model.ckpt")
    for module in imported(package):
        monkeypatch.delitem(sys.modules, module)
    loaded = ResistorNetwork.load(tmp_path / "model.ckpt")
    assert imported(package) == []
    logits = torch.tensor([[3.0, -1.0, 0.0]])
    expected = logits.softmax(1) if stand_in == "cross_entropy" else logits.sigmoid()
    for one in (model, loaded):
        assert torch.equal(one.probabilities(logits), expected)
    assert loaded.settings["loss"] == f"{package}.losses.{name}"
    assert stand_in_of(loaded.settings) == stand_in
    shares = torch.tensor([[0.5, 0.5, 0.0]])
    found = ResistorTask(loaded).loss.each(logits, shares)
    assert torch.allclose(found, custom(logits, shares))
    assert torch.equal(task.loss.each(logits, shares), custom(logits, shares))


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("mean", {}, "losses.mean makes () of logits (2, 3): expected (2,)"),
        ("odd", {}, "losses.odd has the activation 'tanh': valid: sigmoid, softmax"),
        ("wrong", {}, "losses.wrong fails for logits (2, 3) and soft targets"),
        ("smooth", {"label_smoothing": 0.1}, "loss.label_smoothing=0.1 with loss="),
    ],
)
def test_what_a_custom_loss_misses_is_said_in_one_sentence(
    package: str, name: str, settings: dict[str, Any], message: str
) -> None:
    custom = getattr(importlib.import_module(f"{package}.losses"), name)
    with pytest.raises(ConfigError) as raised:
        task_of(package, loss=custom, backbone=TINY, **settings)
    assert message in str(raised.value)
