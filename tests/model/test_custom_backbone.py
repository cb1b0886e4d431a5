"""Custom backbones: what they need, and what a checkpoint of them needs."""

import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from resistor_cls.custom_code import VARIABLE
from resistor_cls.errors import ConfigError, ModelError
from resistor_cls.inference.checks.saliency import saliency
from resistor_cls.model import ResistorNetwork
from tests.helpers.custom_package import imported, network_of
from tests.helpers.model_files import save_checkpoint

PHOTOS = torch.linspace(0, 1, 2 * 3 * 32 * 32).view(2, 3, 32, 32)


@pytest.mark.parametrize("net", ["Plain", "lazy", "grid"])
def test_a_custom_backbone_is_saved_and_loaded_where_it_is_allowed(
    package: str, net: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, file = network_of(package, net), tmp_path / "own.ckpt"
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
        ("Plain", {"band_weight": 0.5}, "which reads no bands: take model=band_reader"),
        ("Plain", {"layer_lr": {"body": 2}}, "no layer is named like 'body'; features, head"),
    ],
)
def test_what_a_custom_backbone_misses_is_said_in_one_sentence(
    package: str, net: str, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises((ConfigError, ModelError)) as raised:
        network_of(package, net, **settings)
    assert message in str(raised.value)


def test_a_net_without_maps_has_no_saliency_and_one_with_them_has(package: str) -> None:
    model = network_of(package)
    with pytest.raises(ModelError, match=r"model\.backbone=Plain makes no maps of features"):
        saliency(model, PHOTOS, torch.tensor([0, 1]))
    model.backbone.feature_info = [{"module": "features", "num_chs": 8}]
    assert saliency(model, PHOTOS, torch.tensor([0, 1])).shape == (2, 32, 32)
