"""Backbones and losses of a user's own: what they need, and what a checkpoint of them needs."""

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from resistor_cls.custom_code import VARIABLE
from resistor_cls.errors import ConfigError, ModelError
from resistor_cls.inference.checks.saliency import saliency
from resistor_cls.model import ResistorNetwork, ResistorTask, build_task
from resistor_cls.model.training.losses import stand_in_of
from tests.helpers.custom_package import imported, write_package
from tests.helpers.model_files import save_checkpoint

PHOTOS = torch.linspace(0, 1, 2 * 3 * 32 * 32).view(2, 3, 32, 32)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    name = f"own_models_{abs(hash(request.node.name))}"
    write_package(tmp_path / "packages", monkeypatch, name)
    monkeypatch.setenv(VARIABLE, name)
    return name


def task_of(package: str, net: str = "Plain", **settings: Any) -> ResistorTask:
    torch.manual_seed(0)
    given: dict[str, Any] = {
        "pretrained": "false",
        "image_size": 32,
        "backbone": f"{package}.nets:{net}",
    }
    return build_task(["10R", "4K7", "22R"], **(given | settings)).eval()


def made(package: str, net: str = "Plain", **settings: Any) -> ResistorNetwork:
    return task_of(package, net, **settings).network


@pytest.mark.parametrize("net", ["Plain", "lazy", "grid"])
def test_a_custom_backbone_is_saved_and_loaded_where_it_is_allowed(
    package: str, net: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, file = made(package, net), tmp_path / "own.ckpt"
    save_checkpoint(model, file)
    loaded = ResistorNetwork.load(file)
    assert torch.equal(loaded.predict(PHOTOS)[0], model.predict(PHOTOS)[0])
    model.save_weights(tmp_path / "own.safetensors")
    assert ResistorNetwork.load(tmp_path / "own.safetensors").weights_from == "own.safetensors"
    monkeypatch.setenv(VARIABLE, "another")
    for name in imported(package):
        monkeypatch.delitem(sys.modules, name)
    for path in (file, tmp_path / "own.safetensors"):
        with pytest.raises(ModelError) as raised:
            ResistorNetwork.load(path)
        assert str(raised.value).startswith(
            f"{path} cannot be loaded: model.backbone={package}.nets:"
        )
        assert "was imported" in str(raised.value)
        assert f"add --allow-code {package}" in str(raised.value)
    assert imported(package) == []


@pytest.mark.parametrize(
    ("net", "settings", "message"),
    [
        ("no_net", {}, "makes a int: expected a torch.nn.Module that turns photos"),
        ("features", {}, "its net makes (2, 3072): expected logits (2, 3)"),
        ("two", {}, "(TypeError: two() got an unexpected keyword argument 'shape')"),
        (
            "grid",
            {"image_size": 48},
            "cannot take photos of the shape (2, 3, 48, 48) (RuntimeError",
        ),
        ("Plain", {"pool": "gem"}, "model.pool=gem with model.backbone="),
        ("Plain", {"dropout": 0.5}, "decides on that itself; set model.dropout=0.0"),
        ("Plain", {"pretrained": "true"}, "model.pretrained=true with model.backbone="),
        ("Plain", {"freeze_epochs": 1}, "whose net lacks get_classifier(), which returns the la"),
        ("Plain", {"band_weight": 0.5}, "whose net lacks forward_features(photos), forward_head"),
        ("Plain", {"layer_lr": {"body": 2}}, "no layer is named like 'body'; features, head"),
    ],
)
def test_what_a_custom_backbone_misses_is_said_in_one_sentence(
    package: str, net: str, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises((ConfigError, ModelError)) as raised:
        made(package, net, **settings)
    assert message in str(raised.value)


def test_a_net_without_maps_has_no_saliency_and_one_with_them_has(package: str) -> None:
    model = made(package)
    with pytest.raises(ModelError, match=r"model\.backbone=Plain makes no maps of features"):
        saliency(model, PHOTOS, torch.tensor([0, 1]))
    model.backbone.feature_info = [{"module": "features", "num_chs": 8}]
    assert saliency(model, PHOTOS, torch.tensor([0, 1])).shape == (2, 32, 32)


@pytest.mark.parametrize(("name", "stand_in"), [("smooth", "cross_entropy"), ("each", "bce")])
def test_a_model_with_a_custom_loss_loads_without_it(
    package: str, name: str, stand_in: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = getattr(importlib.import_module(f"{package}.losses"), name)
    task = task_of(package, loss=own, backbone="test_resnet.r160_in1k")
    model = task.network
    save_checkpoint(model, tmp_path / "own.ckpt")
    for module in imported(package):
        monkeypatch.delitem(sys.modules, module)
    loaded = ResistorNetwork.load(tmp_path / "own.ckpt")
    assert imported(package) == []
    logits = torch.tensor([[3.0, -1.0, 0.0]])
    expected = logits.softmax(1) if stand_in == "cross_entropy" else logits.sigmoid()
    for one in (model, loaded):
        assert torch.equal(one.probabilities(logits), expected)
    assert loaded.settings["loss"] == f"{package}.losses.{name}"
    assert stand_in_of(loaded.settings) == stand_in
    shares = torch.tensor([[0.5, 0.5, 0.0]])
    found = ResistorTask(loaded).loss.each(logits, shares)
    assert torch.allclose(found, own(logits, shares))
    assert torch.equal(task.loss.each(logits, shares), own(logits, shares))


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
    own = getattr(importlib.import_module(f"{package}.losses"), name)
    with pytest.raises(ConfigError) as raised:
        made(package, loss=own, backbone="test_resnet.r160_in1k", **settings)
    assert message in str(raised.value)
