import logging
import socket
from pathlib import Path
from typing import Any

import huggingface_hub.constants
import pytest
import timm
import torch
from safetensors.torch import save_file

from resistor_cls.errors import ConfigError, ModelError
from resistor_cls.model.backbone import build_backbone, check_backbone, saliency_layer
from resistor_cls.model.pooling import GeM

TINY = "test_resnet.r160_in1k"


def build(pretrained: str = "false", **changes: Any) -> tuple[Any, str]:
    how: dict[str, Any] = {
        "name": TINY,
        "categories": ("10R", "20R", "30R"),
        "pool": "avg",
        "dropout": 0.0,
        "shape": (32, 32),
    }
    return build_backbone(**(how | changes), pretrained=pretrained)


def test_a_pool_between_average_and_maximum_is_learned() -> None:
    torch.manual_seed(0)
    net, _ = build(pool="gem")
    maps = torch.rand(2, net.num_features, 4, 4)
    pool = net.global_pool
    assert pool(maps).shape == (2, net.num_features)
    for power, expected in ((1.0, maps.mean((2, 3))), (200.0, maps.amax((2, 3)))):
        pool.power.data.fill_(power)
        assert torch.allclose(pool(maps.double()).float(), expected, atol=0.02)
    pool.power.data.fill_(3.0)
    net(torch.rand(2, 3, 32, 32)).sum().backward()
    assert pool.power.grad.abs() > 0


@pytest.mark.parametrize(
    "name", ["resnet10t", "test_convnext", "mobilenetv3_small_050", "swin_tiny_patch4_window7_224"]
)
def test_nets_of_all_kinds_take_the_pool(name: str) -> None:
    net, _ = build(name=name, pool="gem")
    assert sum(isinstance(module, GeM) for module in net.modules()) == 1
    assert net(torch.rand(2, 3, 32, 32)).shape == (2, 3)


def test_stochastic_depth_leaves_blocks_out_in_training_alone() -> None:
    torch.manual_seed(0)
    net, _ = build(drop_path=0.9)
    torch.nn.init.normal_(net.fc.weight)
    photo = torch.rand(1, 3, 32, 32).expand(2, -1, -1, -1)
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 0.0  # its statistics would differ too
            torch.nn.init.ones_(module.weight)  # blocks begin as nothing
    with torch.no_grad():
        assert len({tuple(net.train()(photo)[0].tolist()) for _ in range(8)}) > 1
        assert len({tuple(net.eval()(photo)[0].tolist()) for _ in range(8)}) == 1


@pytest.mark.parametrize("channels", [1, 5])
def test_photos_may_have_any_number_of_channels(hub: Path, channels: int) -> None:
    cached = cache_weights(hub)
    net, weights_from = build("true", channels=channels)
    assert weights_from == "imagenet"
    assert net.eval()(torch.rand(1, channels, 32, 32)).shape == (1, 3)
    first = next(name for name in cached if name.endswith("weight"))
    assert net.state_dict()[first].shape[1] == channels


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"name": "test_vit.r160_in1k", "pool": "gem"},
            "model.pool=gem with model.backbone=test_vit.r160_in1k, which has no single pool",
        ),
        ({"pool": "gme"}, "model.pool=gme: did you mean gem"),
        ({"drop_path": 1.0}, "model.drop_path=1.0: expected 0 or more and less than 1"),
        (
            {"name": "vgg11", "drop_path": 0.1},
            "model.backbone=vgg11 cannot be built with model.pool=avg and model.drop_path=0.1",
        ),
    ],
)
def test_what_a_backbone_misses_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build(**changes)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the Hugging Face hub, and no network."""

    def no_network(*_: object, **__: Any) -> None:
        raise OSError("no network in tests")

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(socket, "create_connection", no_network)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return tmp_path


def cache_weights(hub: Path, name: str = TINY) -> dict[str, torch.Tensor]:
    """Puts random "ImageNet" weights where the hub's client would have put the real ones."""
    torch.manual_seed(7)
    weights = timm.create_model(name, pretrained=False).state_dict()
    commit = "0123456789abcdef0123456789abcdef01234567"
    place = hub / f"models--timm--{name}"
    (place / "refs").mkdir(parents=True)
    (place / "refs" / "main").write_text(commit)
    (place / "snapshots" / commit).mkdir(parents=True)
    save_file(weights, place / "snapshots" / commit / "model.safetensors")
    return weights


@pytest.mark.parametrize("pretrained", ["auto", "true"])
def test_cached_weights_are_loaded(
    hub: Path, pretrained: str, caplog: pytest.LogCaptureFixture
) -> None:
    weights = cache_weights(hub)
    torch.manual_seed(0)
    net, weights_from = build(pretrained)
    assert weights_from == "imagenet"
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    loaded = net.state_dict()
    own = [name for name in weights if not name.startswith("fc.")]
    assert len(own) > 20
    for name in own:
        assert torch.equal(loaded[name], weights[name]), name
    assert loaded["fc.weight"].shape[0] == 3  # the head is ours


def test_a_transformer_takes_cached_weights_at_another_size(hub: Path) -> None:
    name = "test_vit.r160_in1k"
    weights = cache_weights(hub, name)
    net, weights_from = build("true", name=name, shape=(64, 64))
    assert weights_from == "imagenet"
    assert torch.equal(
        net.state_dict()["blocks.0.mlp.fc1.weight"], weights["blocks.0.mlp.fc1.weight"]
    )
    assert net(torch.rand(1, 3, 64, 64)).shape == (1, 3)


def test_without_network_auto_trains_from_scratch_and_says_so_once(
    hub: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        net, weights_from = build("auto")
    assert weights_from == "scratch"
    assert net(torch.rand(2, 3, 32, 32)).shape == (2, 3)
    assert len(caplog.records) == 1
    assert f"No ImageNet weights for {TINY}" in caplog.text
    assert "huggingface.co cannot be reached" in caplog.text
    assert "training from scratch" in caplog.text


def test_without_network_weights_that_are_asked_for_are_an_error(
    hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ModelError, match=r"pretrained=true, .* huggingface.co cannot be reached"):
        build("true")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match=r"HF_HUB_OFFLINE is set.*pretrained=auto"):
        build("true")
    with pytest.raises(ModelError, match="timm has none published"):
        build("true", name="coatnet_0_224")


def test_pretrained_false_downloads_nothing(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache_weights(hub)
    torch.manual_seed(0)
    net, weights_from = build("false")
    assert weights_from == "scratch"
    torch.manual_seed(0)
    assert torch.equal(net.conv1[0].weight, build("false")[0].conv1[0].weight)


def test_damaged_weights_are_not_taken(hub: Path, caplog: pytest.LogCaptureFixture) -> None:
    cache_weights(hub)
    file = next(hub.glob("models--*/snapshots/*/model.safetensors"))
    file.write_bytes(file.read_bytes()[:5000])
    assert build("auto")[1] == "scratch"
    with pytest.raises(ModelError, match="are unavailable"):
        build("true")


@pytest.mark.parametrize(
    ("name", "meant"), [("resnet5O", "resnet50"), ("convnext_tny", "convnext_tiny")]
)
def test_an_unknown_backbone_is_named_with_near_ones(name: str, meant: str) -> None:
    with pytest.raises(ConfigError, match=rf"model.backbone={name}: .*did you mean .*{meant}"):
        check_backbone(name)


def test_a_value_that_cannot_be_used_is_named() -> None:
    for changes, message in (
        ({"pool": "average"}, "model.pool=average: "),
        ({"dropout": 1.0}, "model.dropout=1.0: expected 0 or more and less than 1"),
        ({"pretrained": "yes"}, "model.pretrained=yes: "),
        ({"name": "test_vit.r160_in1k", "pool": "catavgmax"}, "cannot be built with model.pool=ca"),
    ):
        with pytest.raises(ConfigError, match=message):
            build(**changes)


def test_an_unknown_tag_of_weights_is_named_with_near_ones() -> None:
    with pytest.raises(ConfigError, match=r"no weights 'a1_in2k' of resnet50; did you .*a1_in1k"):
        check_backbone("resnet50.a1_in2k")
    check_backbone("resnet50.a1_in1k")


@pytest.mark.parametrize("pool", ["avg", "max", "avgmax", "catavgmax"])
def test_every_pool_gives_a_logit_per_category(pool: str) -> None:
    net, _ = build(pool=pool)
    assert net(torch.rand(2, 3, 40, 40)).shape == (2, 3)


@pytest.mark.parametrize(
    ("name", "step"),
    [
        (TINY, 32),
        ("resnet10t", 32),
        ("test_convnext", 32),
        ("test_efficientnet", 32),
        ("mobilenetv3_small_050", 32),
        ("test_vit.r160_in1k", 16),
        ("test_mambaout", 32),  # channels last
        ("swin_s3_tiny_224", 32),
    ],
)
def test_the_last_feature_maps_are_found_in_any_layout(name: str, step: int) -> None:
    net, _ = build(name=name, shape=(64, 192))
    layer, to_maps, _ = saliency_layer(net.eval())
    seen = []
    handle = layer.register_forward_hook(lambda *given: seen.append(to_maps(given[2])))
    with torch.no_grad():
        net(torch.rand(2, 3, 64, 192))
    handle.remove()
    (maps,) = seen
    assert maps.shape == (2, net.feature_info[-1]["num_chs"], 64 // step, 192 // step)


def test_the_tokens_of_a_transformer_become_rows_and_columns() -> None:
    net, _ = build(name="test_vit.r160_in1k", shape=(64, 192))
    _, to_maps, even = saliency_layer(net)
    assert not even
    tokens = torch.arange(1 + 4 * 12).view(1, -1, 1).expand(1, -1, 64)  # the first is of no place
    assert torch.equal(to_maps(tokens)[0, 0], torch.arange(1, 49).view(4, 12))
