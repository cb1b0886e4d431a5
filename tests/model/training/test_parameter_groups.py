from typing import Any

import pytest
import timm
import torch
from torch import nn

from resistor_cls.errors import ConfigError
from resistor_cls.model.training.parameter_groups import check_layers, freeze, parameter_groups

NETS = ["test_resnet.r160_in1k", "test_vit.r160_in1k", "test_efficientnet.r160_in1k"]


def factors(net: nn.Module, **settings: Any) -> dict[str, float]:
    how = {"layer_lr": {}, "layer_decay": None} | settings
    named = list(net.named_parameters())
    groups = parameter_groups(named, net, **how)
    assert [factor for factor, _ in groups] == sorted((f for f, _ in groups), reverse=True)
    of = {id(one): factor for factor, members in groups for one in members}
    assert len(of) == len(named), "every parameter is in one group"
    return {name: of[id(one)] for name, one in named}


@pytest.mark.parametrize("name", NETS)
def test_layers_learn_slower_towards_the_photo(name: str) -> None:
    net: Any = timm.create_model(name, num_classes=3)
    assert set(factors(net).values()) == {1.0}
    found = factors(net, layer_decay=0.5)
    head, first = net.default_cfg["classifier"], next(iter(found))
    assert found[f"{head}.weight"] == found[f"{head}.bias"] == 1.0
    assert found[first] == min(found.values()) < 0.3
    assert all(value in {0.5**n for n in range(20)} for value in found.values())


def test_patterns_set_the_rate_of_layers_and_the_last_counts() -> None:
    net = timm.create_model(NETS[0], num_classes=3)
    found = factors(net, layer_lr={"layer": 0.1, r"layer4\.": 0.3, "^fc": 10})
    assert found["layer1.0.conv1.weight"] == 0.1
    assert found["layer4.0.conv1.weight"] == 0.3
    assert found["fc.weight"] == 10
    assert found["conv1.0.weight"] == 1.0
    both = factors(net, layer_lr={"^fc": 10}, layer_decay=0.5)
    assert both["fc.weight"] == 10
    assert both["conv1.0.weight"] == factors(net, layer_decay=0.5)["conv1.0.weight"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"layer_decay": 0}, "model.layer_decay=0: expected more than 0 and at most 1, or null"),
        ({"freeze_epochs": -1}, "model.freeze_epochs=-1: expected 0 or more"),
        ({"layer_lr": {"fc": -1}}, "model.layer_lr.fc=-1: expected 0 or more"),
        ({"layer_lr": {"head": 1}}, "no layer is named like 'head'; conv1, .*fc"),
        ({"layer_lr": {"(": 1}}, r"model.layer_lr: '\(' is not a pattern"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(settings: dict[str, Any], message: str) -> None:
    net = timm.create_model(NETS[0], num_classes=3)
    how = {"layer_lr": {}, "layer_decay": None, "freeze_epochs": 0} | settings
    with pytest.raises(ConfigError, match=message):
        check_layers(net, **how)


@pytest.mark.parametrize("name", NETS)
def test_a_frozen_net_learns_in_its_head_alone(name: str) -> None:
    torch.manual_seed(0)
    net: Any = timm.create_model(name, num_classes=3, img_size=32) if "vit" in name else (
        timm.create_model(name, num_classes=3)
    )  # fmt: skip
    head = net.default_cfg["classifier"]
    before = {key: value.clone() for key, value in net.state_dict().items()}

    def learn() -> set[str]:
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        photos = torch.rand(4, 3, 32, 32)
        for _ in range(2):  # a head of zeros passes no gradient at first
            optimizer.zero_grad()
            net(photos).square().sum().backward()
            optimizer.step()
        return {key for key, value in net.state_dict().items() if not value.equal(before[key])}

    net.train()
    freeze(net, frozen=True)
    assert learn() == {f"{head}.weight", f"{head}.bias"}  # no statistics either
    freeze(net, frozen=False)
    assert all(module.training for module in net.modules())
    assert len(learn()) > 10
