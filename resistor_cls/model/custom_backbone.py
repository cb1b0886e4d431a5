"""Custom backbones, named by an import path such as `my_package.nets:tiny_net`.

What is asked of one: a function or class that takes `categories`, `channels` and `shape` and makes
an `nn.Module` that maps photos (batch, channels, rows, columns) to logits (batch, categories).
Some settings need more, as nets of timm have it: `OPTIONAL` says which.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from resistor_cls.custom_code import import_custom, is_import_path, reason
from resistor_cls.errors import ConfigError, ModelError

KEY = "model.backbone"
# Settings of nets of timm, and the only value that leaves a net as it is.
_OF_TIMM: Mapping[str, Any] = {"pool": "avg", "dropout": 0.0, "drop_path": 0.0}
# Setting → what a net must have for it, and what that is.
OPTIONAL: Mapping[str, tuple[tuple[str, ...], str]] = {
    "freeze_epochs": (("get_classifier",), "get_classifier(), which returns the layer of logits"),
}


def build_custom(
    path: str,
    categories: int,
    *,
    channels: int,
    shape: tuple[int, int],
    pretrained: str,
    **settings: Any,
) -> nn.Module:
    """Makes a net, and tries it on blank photos.

    Args:
        path: see `resistor_cls.custom_code.import_custom`.
        categories: number of logits.
        channels: of the photos.
        shape: rows and columns of the photos.
        pretrained: `true` is refused: nobody publishes weights of it.
        **settings: `pool`, `dropout` and `drop_path`, which are the net's own business.

    Returns:
        The net, in training mode.

    Raises:
        ConfigError: it makes no such net, or a setting that is of timm's nets alone.
        ModelError: see `import_custom`; or pretrained weights are required.
    """
    make = import_custom(path, KEY)
    refuse_settings(path, pretrained, **settings)
    try:
        net = make(categories=categories, channels=channels, shape=shape)
    except Exception as error:  # whatever the code of a user raises
        raise ConfigError(
            f"{KEY}={path} cannot be made with categories={categories}, channels={channels} and "
            f"shape={shape} ({reason(error)}): expected a function or class that takes these three"
        ) from error
    if not isinstance(net, nn.Module):
        raise ConfigError(
            f"{KEY}={path} makes a {type(net).__name__}: expected a torch.nn.Module that turns "
            "photos (batch, channels, rows, columns) into logits (batch, categories)"
        )
    _try(net, path, torch.zeros(2, channels, *shape), categories)
    return net.train()


def refuse_settings(name: str, pretrained: str, **settings: Any) -> None:
    """Refuses settings that only nets of timm have.

    Args:
        name: of another backbone.
        pretrained: `true` is refused: nobody publishes weights of it.
        **settings: `pool`, `dropout` and `drop_path`.

    Raises:
        ConfigError: one of the settings is not its default.
        ModelError: pretrained weights are required.
    """
    for key, value in settings.items():
        if value != _OF_TIMM[key]:
            raise ConfigError(
                f"model.{key}={value} with {KEY}={name}: a custom backbone decides on that "
                f"itself; set model.{key}={_OF_TIMM[key]}"
            )
    if pretrained == "true":
        raise ModelError(
            f"model.pretrained=true with {KEY}={name}, of which no ImageNet weights are published: "
            "set model.pretrained=false; the code of the backbone may load weights itself"
        )


def _try(net: nn.Module, path: str, photos: Tensor, categories: int) -> None:
    """Runs a network on blank photos; layers that take their shape from the first input get it."""
    shape = tuple(photos.shape)
    try:
        with torch.no_grad():
            logits = net.eval()(photos)
    except Exception as error:
        raise ConfigError(
            f"{KEY}={path}: its net cannot take photos of the shape {shape} ({reason(error)}): "
            "set data.image_size and model.channels to what it takes, or change it"
        ) from error
    found = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
    if found != (len(photos), categories) or not logits.is_floating_point():
        raise ConfigError(
            f"{KEY}={path}: of photos {shape} its net makes {found}: expected logits "
            f"{(len(photos), categories)}, a floating-point number for each category"
        )


def check_abilities(net: nn.Module, path: str, settings: Mapping[str, Any]) -> None:
    """Checks that a net has what some settings need; nets of timm have all.

    Args:
        net: the net.
        path: its name.
        settings: each of `OPTIONAL` and its value.

    Raises:
        ConfigError: names the setting, and what the network does not have.
    """
    if not is_import_path(path):
        return
    for key, value in settings.items():
        names, needed = OPTIONAL[key]
        if value and not all(hasattr(net, name) for name in names):
            raise ConfigError(
                f"model.{key}={value} with {KEY}={path}, whose net lacks {needed}: give it that, "
                f"or set model.{key}=0"
            )


def head_of(net: Any) -> list[str]:
    """Names of the layers that make the logits; empty where the net does not say."""
    known = getattr(net, "default_cfg", None)
    if known is not None:
        names = known["classifier"]
        return [names] if isinstance(names, str) else list(names or ())
    head = net.get_classifier() if hasattr(net, "get_classifier") else None
    return [name for name, module in net.named_modules() if module is head]
