"""timm backbones, with ImageNet weights where they are available."""

import difflib
import logging
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from urllib.request import getproxies

import timm
import torch
from huggingface_hub import hf_hub_download
from huggingface_hub.constants import ENDPOINT, is_offline_mode
from huggingface_hub.errors import LocalEntryNotFoundError
from torch import Tensor, nn

from resistor_cls.custom_code import import_custom, is_import_path
from resistor_cls.errors import ConfigError, ModelError, nearest
from resistor_cls.model.band_reader import NAME as BAND_READER
from resistor_cls.model.band_reader import BandReader
from resistor_cls.model.custom_backbone import KEY, build_custom, refuse_settings
from resistor_cls.model.pooling import use_gem

log = logging.getLogger(__name__)

POOLS = ("avg", "max", "avgmax", "catavgmax", "gem")
PATIENCE = 5.0  # seconds for the hub to accept a connection
PRETRAINED = ("auto", "true", "false")


def build_backbone(
    name: str,
    categories: Sequence[str],
    *,
    pool: str,
    dropout: float,
    shape: tuple[int, int],
    pretrained: str,
    drop_path: float = 0.0,
    channels: int = 3,
) -> tuple[nn.Module, str]:
    """Makes a network that maps normalized photos to logits.

    Args:
        name: a timm model, with or without its weights' tag (`resnet50.a1_in1k`); or the import
            path of a custom network, see `resistor_cls.model.custom_backbone`; or `band_reader`,
            see `resistor_cls.model.band_reader`.
        categories: names that logits are of.
        pool: how features are pooled over the photo, one of `POOLS`.
        dropout: probability that a pooled feature is dropped in training.
        shape: rows and columns of the photos; matters to transformers of a fixed grid.
        pretrained: `true` needs ImageNet weights, `auto` takes them where they are cached or can
            be fetched, `false` never tries.
        drop_path: probability that a residual block is left out in training (stochastic depth,
            Huang et al. 2016) at the end of the net; it grows from 0 at the beginning.
        channels: of the photos; ImageNet's weights of three are summed or repeated for others.

    Returns:
        The net and where its weights come from: `imagenet` or `scratch`.

    Raises:
        ConfigError: an unknown name, pool or value, or one that this network does not support.
        ModelError: required weights that are unavailable, or code that is not allowed.
    """
    if is_import_path(name):
        net = build_custom(
            name,
            len(categories),
            channels=channels,
            shape=shape,
            pretrained=pretrained,
            pool=pool,
            dropout=dropout,
            drop_path=drop_path,
        )
        return net, "scratch"
    check_backbone(name)
    _check_settings(pool, dropout, drop_path, pretrained)
    if name == BAND_READER:
        refuse_settings(name, pretrained, pool=pool, dropout=dropout, drop_path=drop_path)
        return BandReader(categories, channels), "scratch"
    make = _arguments(
        name, len(categories), pool=pool, dropout=dropout, drop_path=drop_path,
        channels=channels, shape=shape,
    )  # fmt: skip
    if pretrained != "false":
        try:
            weights = {"file": str(_imagenet_weights(name))}
            net = timm.create_model(name, pretrained=True, pretrained_cfg_overlay=weights, **make)
        except Exception as error:  # hub, network, cache and file errors share no base class
            reason = _reason(error)
            if pretrained == "true":
                raise _no_weights(name, reason) from error
            log.warning(
                "No ImageNet weights for %s (%s): training from scratch. "
                "model.pretrained=false skips the try, =true makes it an error.",
                name,
                reason,
            )
        else:
            return _pooled(net, name, pool), "imagenet"
    try:
        net = timm.create_model(name, pretrained=False, **make)
    except (AssertionError, RuntimeError, TypeError, ValueError) as error:
        asked = f"model.pool={pool}"
        asked += f" and model.drop_path={drop_path}" if drop_path else ""
        asked += f" and model.channels={channels}" if channels != 3 else ""
        raise ConfigError(
            f"model.backbone={name} cannot be built with {asked}: {_reason(error)}"
        ) from error
    return _pooled(net, name, pool), "scratch"


def _check_settings(pool: str, dropout: float, drop_path: float, pretrained: str) -> None:
    if pool not in POOLS:
        raise ConfigError(f"model.pool={pool}: {nearest(pool, POOLS)}")
    for key, rate in (("dropout", dropout), ("drop_path", drop_path)):
        if not 0 <= rate < 1:
            raise ConfigError(f"model.{key}={rate}: expected 0 or more and less than 1")
    if pretrained not in PRETRAINED:
        raise ConfigError(f"model.pretrained={pretrained}: {nearest(pretrained, PRETRAINED)}")


def _arguments(
    name: str,
    categories: int,
    *,
    pool: str,
    dropout: float,
    drop_path: float,
    channels: int,
    shape: tuple[int, int],
) -> dict[str, Any]:
    """Arguments of `timm.create_model`; those of the defaults are left out."""
    make: dict[str, Any] = {"num_classes": categories, "drop_rate": dropout}
    # Transformers pool by their class token by default: only a pool that is asked for is set.
    make |= {} if pool in ("avg", "gem") else {"global_pool": pool}
    # Nets that cannot do it do not know the argument.
    make |= {"drop_path_rate": drop_path} if drop_path else {}
    make |= {"in_chans": channels} if channels != 3 else {}
    published = timm.get_pretrained_cfg(name)
    if published is not None and published.fixed_input_size:
        make["img_size"] = shape
    return make


def require_imagenet_weights(name: str) -> None:
    """Fetches the ImageNet weights of a backbone, where they are not cached.

    Raises:
        ConfigError: see `check_backbone`.
        ModelError: they are unavailable.
    """
    check_backbone(name)
    if is_import_path(name) or name == BAND_READER:
        return  # `build_backbone` says that there are none
    try:
        _imagenet_weights(name)
    except Exception as error:  # hub, network, cache and file errors share no base class
        raise _no_weights(name, _reason(error)) from error


def _no_weights(name: str, reason: str) -> ModelError:
    return ModelError(
        f"model.pretrained=true, but the ImageNet weights of {name} are unavailable ({reason}): go "
        "online once so that they are cached, or train without them by model.pretrained=auto"
    )


def backbone_tensors(settings: Mapping[str, Any], shape: tuple[int, int]) -> dict[str, Tensor]:
    """The names, shapes and types of a net's tensors, without their memory.

    Files name the net that their weights are of. Before gigabytes are made for a large one, this
    says in milliseconds whether the file holds it. A custom network gets memory: its code may
    need it.

    Args:
        settings: `backbone`, `categories`, `pool` and `channels` as of `ResistorNetwork`.
        shape: see `build_backbone`.

    Raises:
        ConfigError: see `build_backbone`.
    """
    own = is_import_path(settings["backbone"])
    with torch.random.fork_rng(devices=[]), nullcontext() if own else torch.device("meta"):
        net, _ = build_backbone(
            settings["backbone"],
            settings["categories"],
            pool=settings.get("pool", "avg"),
            dropout=0.0,
            shape=shape,
            pretrained="false",
            channels=settings.get("channels", 3),
        )
    return net.state_dict()


def _pooled(net: nn.Module, name: str, pool: str) -> nn.Module:
    if pool == "gem":
        use_gem(net, name)
    return net


class SaliencyLayer(NamedTuple):
    """Where a net last has features of places in the photo.

    Attributes:
        module: the layer.
        to_maps: from its output to maps (batch, channels, rows, columns); raises `ModelError`
            where only the output shows that it has none.
        even: whether the head treats places alike; a class token chooses among them.
    """

    module: nn.Module
    to_maps: Callable[[Any], Tensor]
    even: bool


def saliency_layer(net: Any) -> SaliencyLayer:
    """Finds the layer whose features show which parts of a photo decide.

    Args:
        net: from `build_backbone`.

    Raises:
        ModelError: no such layer is known of this net.
    """
    known = getattr(net, "pretrained_cfg", None)
    name = type(net).__name__ if known is None else known["architecture"]
    stages = getattr(net, "feature_info", None)  # timm's list of layers that may be inspected
    if not stages:
        raise _no_maps(name, "its feature_info lists none")
    layers, last = dict(net.named_modules()), stages[-1]["module"]
    # Behind the last block of a transformer only the class token may be used, and the others
    # have no gradient: its first norm is the last layer that all of them count in.
    layer = layers.get(f"{last}.norm1", layers.get(last))
    if layer is None:
        raise _no_maps(name, f"it has no layer {last}")
    to_maps = partial(
        _maps,
        name=name,
        channels=stages[-1]["num_chs"],
        last_axis=getattr(net, "output_fmt", None) == "NHWC",
        grid=getattr(getattr(net, "patch_embed", None), "grid_size", None),
        prefix=getattr(net, "num_prefix_tokens", 0),
    )
    return SaliencyLayer(layer, to_maps, getattr(net, "global_pool", None) != "token")


def _maps(
    features: Any,
    *,
    name: str,
    channels: int,
    last_axis: bool,
    grid: tuple[int, int] | None,
    prefix: int,
) -> Tensor:
    """The output of a layer as (batch, channels, rows, columns).

    Args:
        features: the output: maps, or tokens (batch, prefix + rows × columns, channels).
        name: of the net.
        channels: how many there are.
        last_axis: whether they are the last axis of maps, should two axes be as long.
        grid: rows and columns of the tokens.
        prefix: tokens of no place that may stand before the others.
    """
    shape = tuple(getattr(features, "shape", ()))
    maps: Tensor = features
    if len(shape) == 4 and shape[1] == channels and not last_axis:
        return maps
    if len(shape) == 4 and shape[3] == channels:
        return maps.permute(0, 3, 1, 2)
    if len(shape) == 3 and grid is not None and shape[1] - grid[0] * grid[1] in (0, prefix):
        tokens: Tensor = maps[:, -grid[0] * grid[1] :].transpose(1, 2)
        unfolded: Tensor = tokens.unflatten(2, list(grid))
        return unfolded
    raise _no_maps(name, f"its last layer gives {shape or type(features).__name__}")


def _no_maps(name: str, found: str) -> ModelError:
    return ModelError(
        f"model.backbone={name} makes no maps of features over the photo that could be explained "
        f"({found}): take a convolutional net, a Swin or a plain vision transformer"
    )


def _imagenet_weights(name: str) -> Path:
    """The file of a backbone's ImageNet weights, fetched if it is not cached."""
    published = timm.get_pretrained_cfg(name)
    if published is None or not published.hf_hub_id:
        raise ModelError("timm has none published on the Hugging Face hub")
    hub_id = published.hf_hub_id
    if hub_id.endswith("/"):  # the hub's name of the model is timm's
        hub_id += f"{published.architecture}.{published.tag}"
    find = partial(hf_hub_download, hub_id, published.hf_hub_filename or "model.safetensors")
    try:
        return Path(find(local_files_only=True))
    except LocalEntryNotFoundError:
        _require_hub()
        return Path(find())


def _require_hub() -> None:
    """Notices in seconds that the hub is unreachable; its client tries for a minute."""
    if is_offline_mode():
        raise ModelError("HF_HUB_OFFLINE is set and they are not cached")
    host = urlsplit(ENDPOINT).hostname or ""
    if getproxies():  # then only the proxy reaches the host
        return
    try:
        socket.create_connection((host, 443), PATIENCE).close()
    except OSError as error:
        raise ModelError(f"they are not cached, and {host} cannot be reached") from error


def check_backbone(name: str) -> None:
    """Checks a name in no time, before photos are read.

    Raises:
        ConfigError: timm has no such model, or no such weights of it.
        ModelError: custom code that is not allowed, or cannot be imported.
    """
    if is_import_path(name):
        import_custom(name, KEY)
        return
    if name == BAND_READER:
        return
    if not timm.is_model(name):
        raise ConfigError(f"model.backbone={name}: timm has no such model; {_similar(name)}")
    architecture, _, tag = name.partition(".")
    tags = [known.partition(".")[2] for known in timm.list_pretrained(f"{architecture}.*")]
    if tag and tag not in tags:
        raise ConfigError(
            f"model.backbone={name}: timm has no weights {tag!r} of {architecture}; "
            f"{nearest(tag, tags)}"
        )


def _similar(name: str) -> str:
    known = timm.list_models()
    # Many timm names share a long beginning: the plain ratio of difflib ranks them well enough.
    close = difflib.get_close_matches(name.partition(".")[0], known, n=3, cutoff=0.6)
    return f"did you mean {' or '.join(close)}?" if close else "timm.list_models() names all"


def _reason(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:120] if lines else type(error).__name__
