"""Changes of photos, random and fixed: the only module that knows albumentations."""

import copy
import hashlib
import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import albumentations
import cv2
import numpy as np
import torch
from albumentations.core.serialization import (
    NON_SERIALIZABLE_REGISTRY,
    SERIALIZABLE_REGISTRY,
    register_additional_transforms,
    serialize_enum,
    shorten_class_name,
)

from resistor_cls.data.augment.plain_values import check_bounded, parse, read_text
from resistor_cls.data.images.decode import RGB, ImagePreprocessing, PreprocessedImage
from resistor_cls.errors import ConfigError, nearest

Step: TypeAlias = albumentations.BasicTransform | albumentations.BaseCompose

VERSION = albumentations.__version__
NAME = "__class_fullname__"  # of a transform in a serialised pipeline
# What H2O Hydrogen Torch fills in when it reads its own pipelines.
_PLACEHOLDERS = ("IMAGE_HEIGHT", "IMAGE_WIDTH")
# One after the other, and one or some of several; what is neither is tried as a whole.
_IN_ORDER = (albumentations.Compose, albumentations.Sequential)
_BY_LOT = (albumentations.OneOf, albumentations.SomeOf, albumentations.OneOrOther)
_SEEDS = range(4)  # that fixed steps are tried with: one of two values is drawn alike once in 8


class Augmentation:
    """Applies random steps to photos.

    The randomness of a photo is drawn from PyTorch's generator, which Lightning seeds in every
    worker: a seeded run is repeatable, and no two workers repeat each other.

    Args:
        steps: albumentations transforms, applied in this order.

    Raises:
        ConfigError: a step that is no albumentations transform.
    """

    def __init__(self, steps: Sequence[Step]) -> None:
        for step in steps:
            if not isinstance(step, Step):
                raise ConfigError(
                    f"augment: {step!r} is no albumentations transform; "
                    "expected _target_: albumentations.NAME"
                )
        self._compose = albumentations.Compose(list(steps)) if steps else None
        # Each worker is one process of several: OpenCV's own threads would only fight over cores.
        cv2.setNumThreads(0)

    def __call__(self, photo: np.ndarray) -> np.ndarray:
        """Changes one photo: (height, width, channels) uint8 in and out.

        Raises:
            ConfigError: steps that change the size or the type of the photo.
        """
        if self._compose is None:
            return photo
        return self._changed(photo, int(torch.randint(2**31, ())))

    def check(self, shape: tuple[int, int], channels: int = RGB) -> None:
        """Tries every step on a blank photo, whatever its probability; draws no random numbers.

        Args:
            shape: rows and columns of the photos.
            channels: of the photos.

        Raises:
            ConfigError: steps that change the size or the type of photos, or that cannot be applied
                to such photos.
        """
        if self._compose is None:
            return
        blank = np.full((*shape, channels), 128, np.uint8)
        guilty: list[str] = []
        changed = _tried(self._compose, blank, guilty)
        _require_kept(blank, _upright(changed, blank), f"augment ({', '.join(guilty)})")
        self._changed(blank, 0)  # what stands round the steps is tried too

    def _changed(self, photo: np.ndarray, seed: int) -> np.ndarray:
        assert self._compose is not None
        self._compose.set_random_seed(seed)
        changed = _upright(self._compose(image=photo)["image"], photo)
        _require_kept(photo, changed, "augment")
        return np.ascontiguousarray(changed)


def _upright(changed: np.ndarray, photo: np.ndarray) -> np.ndarray:
    """An upright crop stays upright: half turns are left."""
    if changed.shape[0] != photo.shape[0] and changed.shape[:2] == photo.shape[1::-1]:
        return np.rot90(changed)
    return changed


def _require_kept(photo: np.ndarray, changed: np.ndarray, who: str) -> None:
    if changed.shape != photo.shape or changed.dtype != photo.dtype:
        raise ConfigError(
            f"{who}: the steps turn a photo {photo.shape} {photo.dtype} into {changed.shape} "
            f"{changed.dtype}; resizing and normalising belong to the model (data.image_size, "
            "model.normalization): leave such steps out"
        )


def _tried(step: Step, photo: np.ndarray, guilty: list[str]) -> np.ndarray:
    """What becomes of a photo when a step, and every one within it, is sure to be applied.

    Args:
        step: a transform, or several.
        photo: what it is tried on.
        guilty: gets the names of the transforms that change the size or the type.

    Raises:
        ConfigError: a step that cannot be applied.
    """
    if isinstance(step, _IN_ORDER):
        for inner in step.transforms:
            photo = _tried(inner, photo, guilty)
        return photo
    if isinstance(step, _BY_LOT):
        results = [_tried(inner, photo, guilty) for inner in step.transforms]
        return next((one for one in results if not _alike(one, photo)), photo)
    changed = _forced(step, photo, "augment")
    if not _alike(_upright(changed, photo), photo):
        guilty.append(type(step).__name__)
    return changed


def _alike(one: np.ndarray, other: np.ndarray) -> bool:
    return one.shape == other.shape and one.dtype == other.dtype


def _forced(step: Step, photo: np.ndarray, key: str) -> np.ndarray:
    """What a step makes of a photo, whatever its probability.

    Raises:
        ConfigError: it cannot be applied.
    """
    try:
        changed = np.asarray(step(force_apply=True, image=photo)["image"])
    # Each transform has its own way of refusing: ValueError, TypeError, OpenCV's own.
    except Exception as error:
        name, (rows, columns, channels) = type(step).__name__, photo.shape
        other = "" if channels == RGB else f", but model.channels={channels}"
        raise ConfigError(
            f"{key}: {name}{other}: it cannot be applied to photos of {rows} × {columns} pixels "
            f"and {channels} channels ({_sentence(error)}): leave it out"
        ) from error
    return changed[..., None] if changed.ndim == 2 else changed  # as within a pipeline


def read_pipeline(file: str | Path) -> Step:
    """Reads a pipeline that `albumentations.save` wrote, as a step of an augmentation.

    Nothing in the file is run: YAML is read as plain values, and names stand for transforms of
    albumentations alone.

    Args:
        file: JSON or YAML.

    Raises:
        ConfigError: a file that is absent or holds something else, or a transform that this version
            of albumentations does not have, or not with these arguments.
    """
    key = f"augment.pipeline.file={file}"
    return _built(_parsed(Path(str(file)), key), key)


def serialised(steps: str | Path | Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Fixed steps as plain values, which a checkpoint keeps.

    Args:
        steps: a file, see `read_pipeline`; or what this function gave; or None.

    Raises:
        ConfigError: see `read_pipeline`; or steps that draw random numbers or move what a photo
            shows.
    """
    if steps is None:
        return None
    values: Any
    if isinstance(steps, Mapping):
        key = "model.steps"
        check_bounded(steps, key)
        values = _as_plain(steps)
    else:
        key = f"model.steps={steps}"
        values = _parsed(Path(str(steps)), key)
    pipeline = _built(values, key)
    list(_fixed(pipeline, key))
    return _plain(pipeline)


def _as_plain(value: Any) -> Any:
    """Dicts and lists in the place of what only behaves like them, as parts of a config do."""
    if isinstance(value, Mapping):
        return {key: _as_plain(one) for key, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_as_plain(one) for one in value]
    return value


def _plain(pipeline: Step) -> dict[str, Any]:
    """A pipeline as JSON has it: lists in the place of tuples, numbers in that of named ones."""
    values: dict[str, Any] = json.loads(
        json.dumps(serialize_enum(albumentations.to_dict(pipeline)))
    )
    return values


class WithFixedTransforms:
    """A preparation, and fixed steps that change the colours of what comes out of it.

    Args:
        prepare: the preparation.
        steps: from `serialised`.

    Raises:
        ConfigError: steps that draw random numbers, that move what a photo shows, that change its
            size or its type, or that cannot be applied to it.
    """

    def __init__(self, prepare: ImagePreprocessing, steps: Mapping[str, Any]) -> None:
        self._prepare = prepare
        self.size, self.shape, self.channels = prepare.size, prepare.shape, prepare.channels
        self.locates = prepare.locates
        pipeline = _built(steps, "model.steps")
        noise = np.random.default_rng(0).integers(
            0, 256, (*self.shape, self.channels), dtype=np.uint8
        )
        for step in _fixed(pipeline, "model.steps"):
            _require_fixed(step, noise)
        self._pipeline = albumentations.Compose([pipeline])
        # Another version of the library may make other pixels of the same steps.
        content = json.dumps([VERSION, steps["transform"]], sort_keys=True)
        self.key = f"{prepare.key} then {hashlib.sha256(content.encode()).hexdigest()[:16]}"

    def __call__(self, photo: np.ndarray) -> PreprocessedImage:
        """Prepares one photo; see `ImagePreprocessing`."""
        return self._changed(self._prepare(photo))

    def every(self, photo: np.ndarray) -> list[PreprocessedImage]:
        """Prepares each body of a photo; see `ImagePreprocessing`."""
        return [self._changed(prepared) for prepared in self._prepare.every(photo)]

    def _changed(self, prepared: PreprocessedImage) -> PreprocessedImage:
        pipeline = copy.deepcopy(self._pipeline)  # transforms note what they do: one a thread
        pipeline.set_random_seed(0)
        return replace(prepared, photo=pipeline(image=prepared.photo)["image"])


def _fixed(step: Step, key: str) -> Iterator[albumentations.BasicTransform]:
    """The transforms of a pipeline in which nothing is left to chance.

    Raises:
        ConfigError: one that is not always applied, or that moves what a photo shows.
    """
    name = type(step).__name__
    if step.p != 1:
        raise ConfigError(
            f"{key}: {name} has p={step.p:g}, but every photo must get the same: set it to 1, or "
            "give random steps to augment=custom"
        )
    if isinstance(step, albumentations.BaseCompose):
        if not isinstance(step, _IN_ORDER):
            raise ConfigError(
                f"{key}: {name} chooses at random, but every photo must get the same: give random "
                "steps to augment=custom"
            )
        for inner in step.transforms:
            yield from _fixed(inner, key)
    elif not isinstance(step, albumentations.ImageOnlyTransform):
        raise ConfigError(
            f"{key}: {name} moves what a photo shows, and boxes and found bodies would no longer "
            "fit; sizes belong to data.image_size, turns and mirror images to model.views: leave "
            "it out"
        )
    else:
        yield step


def _require_fixed(step: albumentations.BasicTransform, noise: np.ndarray) -> None:
    """Tries one step with several seeds.

    Raises:
        ConfigError: it draws random numbers, or changes the size or the type.
    """
    results = []
    for seed in _SEEDS:
        step.set_random_seed(seed)
        results.append(_forced(step, noise.copy(), "model.steps"))
    name = type(step).__name__
    _require_kept(noise, results[0], f"model.steps ({name})")
    if any(not np.array_equal(result, results[0]) for result in results):
        raise ConfigError(
            f"model.steps: {name} draws random numbers, but every photo must get the same: give "
            "ranges of one value such as [0.2, 0.2], or give it to augment=custom"
        )


def _parsed(path: Path, key: str) -> Any:
    """The plain values of a JSON or YAML file.

    Raises:
        ConfigError: a file that is absent, is neither or holds more than any pipeline.
    """
    text = read_text(path, key)
    found = next((word for word in _PLACEHOLDERS if word in text), None)
    if found is not None:
        raise ConfigError(
            f"{key}: {found} is a placeholder of H2O Hydrogen Torch; resizing belongs to the model "
            "(data.image_size): remove the steps that resize"
        )
    return parse(text, key)


def _built(values: Any, key: str) -> Step:
    """Makes the transforms that plain values describe.

    Raises:
        ConfigError: see `read_pipeline`.
    """
    if not isinstance(values, Mapping) or "transform" not in values:
        raise ConfigError(
            f"{key}: no serialised pipeline: expected what albumentations.save writes, with the "
            "keys __version__ and transform"
        )
    written_by = values.get("__version__", "of no version")
    return _made(_node(values["transform"], key, written_by), key, written_by)


def _node(node: Any, key: str, written_by: Any) -> dict[str, Any]:
    """A transform as this version of albumentations takes it; whatever is wrong is named."""
    if not isinstance(node, Mapping) or not isinstance(node.get(NAME), str):
        raise ConfigError(f"{key}: {str(node)[:60]!r} is no transform: it has no {NAME}")
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
    if "p" not in made and not issubclass(known[name], _IN_ORDER):
        raise ConfigError(f"{key}: {name} has no p: add the probability that it is applied with")
    if issubclass(known[name], albumentations.BaseCompose):
        inner = made.get("transforms")
        if not isinstance(inner, list):
            raise ConfigError(f"{key}: {name} has no list of transforms")
        made["transforms"] = [_node(one, key, written_by) for one in inner]
    else:  # alone, so that an error names it
        _made(made, key, written_by)
    return made


def _made(node: Mapping[str, Any], key: str, written_by: Any) -> Step:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of arguments, too: they are refused below
            made = albumentations.from_dict({"transform": node})
        if unknown := getattr(made, "invalid_args", None):
            # Some transforms write arguments of another one that they are made of, and ignore them.
            own = _plain(made)["transform"]
            unknown = [one for one in unknown if one not in own or own[one] != node[one]]
            if unknown:
                raise ValueError(f"it has no arguments {', '.join(unknown)}")
    except Exception as error:  # the transforms' own checks, or none at all
        raise ConfigError(
            f"{key}: {shorten_class_name(node[NAME])} cannot be made: {_sentence(error)} (written "
            f"by albumentations {written_by}, read by {VERSION}, whose arguments may differ)"
        ) from error
    return made


def _known() -> dict[str, type]:
    """Transforms of albumentations itself, by name; other packages may have added theirs."""
    register_additional_transforms()  # of albumentations.pytorch, so that they are refused by name
    return {
        name: one
        for name, one in SERIALIZABLE_REGISTRY.items()
        if one.__module__.startswith("albumentations.") and issubclass(one, Step)
    }


def _sentence(error: Exception) -> str:
    """What an error says, without pydantic's heading and links."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if lines and lines[0].endswith("InitSchema"):
        lines = [": ".join(lines[1:3])]
    return lines[0].rstrip(".") if lines else type(error).__name__
