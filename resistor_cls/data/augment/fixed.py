"""Fixed transforms: deterministic changes of colours that are part of a model's preprocessing."""

import copy
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import albumentations
import numpy as np

from resistor_cls.data.augment.augmentation import IN_ORDER, Transform, apply_always, require_kept
from resistor_cls.data.augment.plain_values import check_bounded
from resistor_cls.data.augment.serialized import VERSION, build, parsed, to_plain
from resistor_cls.data.images.preprocessed import ImagePreprocessing, PreprocessedImage
from resistor_cls.errors import ConfigError

_SEEDS = range(4)  # a random choice of two values is the same for all four once in 8 times


def serialised(steps: str | Path | Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Fixed transforms as plain values, which a checkpoint keeps.

    Args:
        steps: a file, see `read_pipeline`; or what this function returned; or None.

    Raises:
        ConfigError: see `read_pipeline`; or transforms that draw random numbers or move what a
            photo shows.
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
        values = parsed(Path(str(steps)), key)
    pipeline = build(values, key)
    list(_fixed(pipeline, key))
    return to_plain(pipeline)


class WithFixedTransforms:
    """Preprocessing, followed by fixed transforms that change the colours of its result.

    Args:
        preprocess: the preprocessing.
        steps: from `serialised`.

    Raises:
        ConfigError: transforms that draw random numbers, that move what a photo shows, that change
            its size or its type, or that cannot be applied to it.
    """

    def __init__(self, preprocess: ImagePreprocessing, steps: Mapping[str, Any]) -> None:
        self._preprocess = preprocess
        self.size, self.shape = preprocess.size, preprocess.shape
        self.channels = preprocess.channels
        self.locates = preprocess.locates
        pipeline = build(steps, "model.steps")
        noise = np.random.default_rng(0).integers(
            0, 256, (*self.shape, self.channels), dtype=np.uint8
        )
        for transform in _fixed(pipeline, "model.steps"):
            _require_fixed(transform, noise)
        self._pipeline = albumentations.Compose([pipeline])
        # Another version of the library may make other pixels by the same transforms.
        content = json.dumps([VERSION, steps["transform"]], sort_keys=True)
        self.key = f"{preprocess.key} then {hashlib.sha256(content.encode()).hexdigest()[:16]}"

    def __call__(self, photo: np.ndarray) -> PreprocessedImage:
        """Preprocesses one photo; see `ImagePreprocessing`."""
        return self._changed(self._preprocess(photo))

    def every(self, photo: np.ndarray) -> list[PreprocessedImage]:
        """Preprocesses each body of a photo; see `ImagePreprocessing`."""
        return [self._changed(image) for image in self._preprocess.every(photo)]

    def _changed(self, image: PreprocessedImage) -> PreprocessedImage:
        pipeline = copy.deepcopy(self._pipeline)  # transforms have state: one per thread
        pipeline.set_random_seed(0)
        return replace(image, photo=pipeline(image=image.photo)["image"])


def _as_plain(value: Any) -> Any:
    """Dicts and lists instead of what only behaves like them, as parts of a config do."""
    if isinstance(value, Mapping):
        return {key: _as_plain(one) for key, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_as_plain(one) for one in value]
    return value


def _fixed(transform: Transform, key: str) -> Iterator[albumentations.BasicTransform]:
    """The transforms of a pipeline without randomness.

    Raises:
        ConfigError: one that is not always applied, or that moves what a photo shows.
    """
    name = type(transform).__name__
    if transform.p != 1:
        raise ConfigError(
            f"{key}: {name} has p={transform.p:g}, but every photo must get the same: set it to "
            "1, or give random transforms to augment=custom"
        )
    if isinstance(transform, albumentations.BaseCompose):
        if not isinstance(transform, IN_ORDER):
            raise ConfigError(
                f"{key}: {name} chooses at random, but every photo must get the same: give random "
                "transforms to augment=custom"
            )
        for inner in transform.transforms:
            yield from _fixed(inner, key)
    elif not isinstance(transform, albumentations.ImageOnlyTransform):
        raise ConfigError(
            f"{key}: {name} moves what a photo shows, and boxes and found bodies would no longer "
            "fit; sizes belong to data.image_size, turns and mirror images to model.views: leave "
            "it out"
        )
    else:
        yield transform


def _require_fixed(transform: albumentations.BasicTransform, noise: np.ndarray) -> None:
    """Tries one transform with several seeds.

    Raises:
        ConfigError: it draws random numbers, or changes the size or the type.
    """
    results = []
    for seed in _SEEDS:
        transform.set_random_seed(seed)
        results.append(apply_always(transform, noise.copy(), "model.steps"))
    name = type(transform).__name__
    require_kept(noise, results[0], f"model.steps ({name})")
    if any(not np.array_equal(result, results[0]) for result in results):
        raise ConfigError(
            f"model.steps: {name} draws random numbers, but every photo must get the same: give "
            "ranges of one value such as [0.2, 0.2], or give it to augment=custom"
        )
