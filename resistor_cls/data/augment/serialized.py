"""Pipelines that albumentations has written to JSON or YAML: read without running any code."""

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import albumentations
from albumentations.core.serialization import (
    NON_SERIALIZABLE_REGISTRY,
    SERIALIZABLE_REGISTRY,
    register_additional_transforms,
    serialize_enum,
    shorten_class_name,
)

from resistor_cls.data.augment.augmentation import IN_ORDER, Transform, sentence
from resistor_cls.data.augment.plain_values import parse, read_text
from resistor_cls.errors import ConfigError, nearest

VERSION = albumentations.__version__
NAME = "__class_fullname__"  # of a transform in a serialized pipeline
# What H2O Hydrogen Torch fills in when it reads its own pipelines.
_PLACEHOLDERS = ("IMAGE_HEIGHT", "IMAGE_WIDTH")


def read_pipeline(file: str | Path) -> Transform:
    """Reads a pipeline that `albumentations.save` wrote, as one transform.

    Nothing in the file is run: YAML is read as plain values, and names stand for transforms of
    albumentations alone. `albumentations.from_dict` makes these; before it, the values are bounded
    and names are compared with the allow-list of transforms, so that each error names its cause.

    Args:
        file: JSON or YAML.

    Raises:
        ConfigError: a file that is absent or holds something else, or a transform that this version
            of albumentations does not have, or not with these arguments.
    """
    key = f"augment.pipeline.file={file}"
    return build(parsed(Path(str(file)), key), key)


def parsed(path: Path, key: str) -> Any:
    """The plain values of a JSON or YAML file.

    Raises:
        ConfigError: a file that is absent, is neither or holds more than any pipeline.
    """
    text = read_text(path, key)
    found = next((word for word in _PLACEHOLDERS if word in text), None)
    if found is not None:
        raise ConfigError(
            f"{key}: {found} is a placeholder of H2O Hydrogen Torch; resizing belongs to the model "
            "(data.image_size): remove the transforms that resize"
        )
    return parse(text, key)


def build(values: Any, key: str) -> Transform:
    """Makes the transforms that plain values describe.

    Raises:
        ConfigError: see `read_pipeline`.
    """
    if not isinstance(values, Mapping) or "transform" not in values:
        raise ConfigError(
            f"{key}: not a serialized pipeline: expected what albumentations.save writes, with the "
            "keys __version__ and transform"
        )
    written_by = values.get("__version__", "of no version")
    return _made(_node(values["transform"], key, written_by), key, written_by)


def _node(node: Any, key: str, written_by: Any) -> dict[str, Any]:
    """A transform as this version of albumentations takes it, checked against the allow-list.

    Raises:
        ConfigError: names the transform and what is wrong with it.
    """
    if not isinstance(node, Mapping) or not isinstance(node.get(NAME), str):
        raise ConfigError(f"{key}: {str(node)[:60]!r} is not a transform: it has no {NAME}")
    name = shorten_class_name(node[NAME])
    if name in NON_SERIALIZABLE_REGISTRY:
        raise ConfigError(f"{key}: {name} stands for code, which no file may bring: leave it out")
    known = _known()
    if name not in known:
        raise ConfigError(
            f"{key}: albumentations {VERSION} has no transform {name}; {nearest(name, known)}"
        )
    # Up to version 1.4 `always_apply` stood above p.
    always = bool(node.get("always_apply"))
    made = {**node, "p": 1.0} if always else dict(node)
    made.pop("always_apply", None)
    if "p" not in made and not issubclass(known[name], IN_ORDER):
        raise ConfigError(f"{key}: {name} has no p: add the probability that it is applied with")
    if issubclass(known[name], albumentations.BaseCompose):
        inner = made.get("transforms")
        if not isinstance(inner, list):
            raise ConfigError(f"{key}: {name} has no list of transforms")
        made["transforms"] = [_node(one, key, written_by) for one in inner]
    else:  # alone, so that an error names it
        _made(made, key, written_by)
    return made


def _made(node: Mapping[str, Any], key: str, written_by: Any) -> Transform:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of arguments, too: they are refused below
            made = albumentations.from_dict({"transform": node})
        if unknown := getattr(made, "invalid_args", None):
            # Some transforms write arguments of another one that they are made of, and ignore them.
            own = to_plain(made)["transform"]
            unknown = [one for one in unknown if one not in own or own[one] != node[one]]
            if unknown:
                raise ValueError(f"it has no arguments {', '.join(unknown)}")
    except Exception as error:  # the transforms' own checks, or none at all
        raise ConfigError(
            f"{key}: {shorten_class_name(node[NAME])} cannot be made: {sentence(error)} (written "
            f"by albumentations {written_by}, read by {VERSION}, whose arguments may differ)"
        ) from error
    return made


def _known() -> dict[str, type]:
    """The allow-list: transforms of albumentations by name, without those of other packages."""
    register_additional_transforms()  # of albumentations.pytorch, so that they are refused by name
    return {
        name: one
        for name, one in SERIALIZABLE_REGISTRY.items()
        if one.__module__.startswith("albumentations.") and issubclass(one, Transform)
    }


def to_plain(pipeline: Transform) -> dict[str, Any]:
    """A pipeline as JSON has it: lists instead of tuples, numbers instead of enums."""
    values: dict[str, Any] = json.loads(
        json.dumps(serialize_enum(albumentations.to_dict(pipeline)))
    )
    return values
