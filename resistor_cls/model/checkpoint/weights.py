"""Weights to start from or to use as they are: one small file that says how it was made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from resistor_cls.custom_code import is_import_path
from resistor_cls.errors import ConfigError, ModelError
from resistor_cls.model.backbone import backbone_tensors
from resistor_cls.model.checkpoint.half_precision import load_half, save_half
from resistor_cls.model.checkpoint.schema import WeightsHeader, misfit
from resistor_cls.model.checkpoint.tensor_files import check_fit
from resistor_cls.model.photo_preprocessing import photo_shape

# Trained on synthetic photos alone, see experiments/any_resistor/README.md; part of the package.
RENDERED = Path(__file__).with_name("rendered.safetensors")
SUFFIX = ".safetensors"
WEIGHTS_FORMAT = 1  # counts changes that older or newer code cannot read


@dataclass(frozen=True)
class Weights:
    """What a file of weights holds.

    Attributes:
        settings: arguments of the `ResistorNetwork`, its categories among them.
        metadata: how it was made, as plain values.
        tensors: of the backbone with its head.
    """

    settings: Mapping[str, Any]
    metadata: Mapping[str, Any]
    tensors: Mapping[str, Tensor]


def write_weights(
    path: Path, backbone: nn.Module, settings: Mapping[str, Any], metadata: Any
) -> None:
    """Writes a file of weights.

    Args:
        path: the file.
        backbone: whose weights are kept.
        settings: see `Weights`.
        metadata: see `Weights`.
    """
    header = {"format": WEIGHTS_FORMAT, "settings": dict(settings), "card": metadata}
    save_half(path, "weights", backbone.state_dict(), header)


def metadata_of_synthetic_training(
    metadata: Mapping[str, Any], recipe: Mapping[str, Any], scores: Mapping[str, float]
) -> dict[str, Any]:
    """Returns the metadata of weights that learned from synthetic photos alone.

    Args:
        metadata: of the trained network; its calibration is kept, which is on such photos too.
        recipe: keys of the config that decide on the weights.
        scores: of the kept epoch.
    """
    # Here and not above, because predicting needs no generator.
    from resistor_cls.synthetic import GENERATOR_VERSION

    return {
        "trained_on": [],  # pixel hashes of real photos
        "calibration": metadata.get("calibration"),
        "recipe": dict(recipe),
        "drawing_version": GENERATOR_VERSION,
        "scores": dict(scores),
        "torch": str(torch.__version__),  # a class of PyTorch's own
    }


def read_weights(path: Path) -> Weights:
    """Reads a file that `write_weights` wrote.

    Raises:
        ModelError: see `load_half`, or tensors that are not those of the file's own settings.
    """
    remedy = "make them again by experiment=pretrain_bands"
    header, tensors = load_half(path, "weights", WEIGHTS_FORMAT, remedy, WeightsHeader)
    check_backbone_fits(path, header["settings"], tensors)
    return Weights(header["settings"], header["card"], tensors)


def check_backbone_fits(
    path: Path, settings: Mapping[str, Any], tensors: Mapping[str, Tensor]
) -> None:
    """Checks that the tensors of a file are those of the backbone that its settings describe.

    Args:
        path: the file.
        settings: see `Weights`.
        tensors: of the backbone alone.

    Raises:
        ModelError: they are not, the backbone does not exist, or it is code that is not allowed.
    """
    shape = photo_shape(settings.get("image_size", 224), settings.get("locate", False))
    try:
        expected = backbone_tensors(settings, shape)
    except ConfigError as error:
        raise misfit(path, str(error)) from error
    except ModelError as error:
        if not is_import_path(settings["backbone"]):
            raise
        raise ModelError(f"{path} cannot be loaded: {error}") from error
    check_fit(path, expected, tensors)


def check_familiarity(path: Path, backbone: Any, metadata: Mapping[str, Any]) -> None:
    """Compares the references of the test for unfamiliar photos with the features of a backbone.

    Args:
        path: the file that they are from.
        backbone: whose features are compared; a custom one need not say how many there are.
        metadata: of the model.

    Raises:
        ModelError: references of another length.
    """
    familiarity = (metadata.get("calibration") or {}).get("familiarity")
    head = getattr(backbone, "get_classifier", nn.Identity)()
    features = getattr(head, "in_features", None)
    if familiarity is not None and features not in (None, familiarity["size"][1]):
        raise misfit(
            path,
            f"calibration.familiarity.size={familiarity['size']}: expected {features} columns, the "
            "features of its backbone",
        )


def start_from(
    path: Path,
    net: nn.Module,
    head: str | Sequence[str],
    categories: Sequence[str],
    settings: Mapping[str, Any],
) -> None:
    """Fills a net with weights; logits of categories that the file knows too come with it.

    Args:
        path: the file.
        net: of the same backbone, changed in place.
        head: prefixes of the names of the layers that make the logits, one or several; empty if
            there is none.
        categories: of the net's logits, in their order.
        settings: arguments of the net's `ResistorNetwork`.

    Raises:
        ConfigError: weights of another backbone, pool, normalization or number of channels.
        ModelError: see `read_weights`.
    """
    weights = read_weights(path)
    for key, default in (("backbone", None), ("normalization", None), ("channels", 3)):
        made_with = weights.settings.get(key, default)
        if made_with != settings[key]:
            raise ConfigError(
                f"model.{key}={settings[key]}, but {path.name} was trained with "
                f"{made_with}: choose that (model=band_reader for the weights of the package), or "
                "set model.pretrained=auto"
            )
    own = net.state_dict()
    heads = tuple(f"{one}." for one in ([head] if isinstance(head, str) else head) if one)
    # Of the head, each category has a row: there may be more or fewer of them.
    skipped = {name: int(name.startswith(heads)) for name in weights.tensors}
    if any(
        name not in own or own[name].shape[skipped[name] :] != value.shape[skipped[name] :]
        for name, value in weights.tensors.items()
    ):
        made = {"pool": "avg", "image_size": 224} | dict(weights.settings)
        raise ConfigError(
            f"model.pool={settings['pool']} and model.image_size={settings['image_size']} do not "
            f"fit {path.name}, which was trained with {made['pool']} and {made['image_size']}: "
            "choose these"
        )
    check_familiarity(path, net, weights.metadata)
    known = {name: place for place, name in enumerate(weights.settings["categories"])}
    rows = [place for place, name in enumerate(categories) if name in known]
    theirs = [known[categories[place]] for place in rows]
    for name, value in weights.tensors.items():
        if skipped[name]:
            own[name][rows] = value[theirs]
        else:
            own[name] = value
    net.load_state_dict(own)
