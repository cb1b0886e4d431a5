"""Random changes of training photos by transforms of albumentations."""

from collections.abc import Sequence
from typing import TypeAlias

import albumentations
import cv2
import numpy as np
import torch

from resistor_cls.data.images.decode import RGB
from resistor_cls.errors import ConfigError

Transform: TypeAlias = albumentations.BasicTransform | albumentations.BaseCompose

# One after the other, and one or some of several; any other group is tried as a whole.
IN_ORDER = (albumentations.Compose, albumentations.Sequential)
_ONE_OR_SOME = (albumentations.OneOf, albumentations.SomeOf, albumentations.OneOrOther)


class Augmentation:
    """Applies random transforms to photos.

    The random numbers of a photo come from PyTorch's generator, which Lightning seeds in every
    worker: a seeded run is repeatable, and no two workers repeat each other.

    Args:
        transforms: of albumentations, applied in this order.

    Raises:
        ConfigError: something that is not an albumentations transform.
    """

    def __init__(self, transforms: Sequence[Transform]) -> None:
        for transform in transforms:
            if not isinstance(transform, Transform):
                raise ConfigError(
                    f"augment: {transform!r} is not an albumentations transform; "
                    "expected _target_: albumentations.NAME"
                )
        self._compose = albumentations.Compose(list(transforms)) if transforms else None
        # Each worker is one process of several: OpenCV's own threads would only fight over cores.
        cv2.setNumThreads(0)

    def __call__(self, photo: np.ndarray) -> np.ndarray:
        """Changes one photo: (height, width, channels) uint8 in and out.

        Raises:
            ConfigError: transforms that change the size or the type of the photo.
        """
        if self._compose is None:
            return photo
        return self._changed(photo, int(torch.randint(2**31, ())))

    def check(self, shape: tuple[int, int], channels: int = RGB) -> None:
        """Tries every transform on a blank photo, whatever its probability.

        The random numbers of a training do not depend on it.

        Args:
            shape: rows and columns of the photos.
            channels: of the photos.

        Raises:
            ConfigError: transforms that change the size or the type of photos, or that cannot be
                applied to such photos.
        """
        if self._compose is None:
            return
        blank = np.full((*shape, channels), 128, np.uint8)
        changing: list[str] = []
        changed = _try(self._compose, blank, changing)
        require_kept(blank, _upright(changed, blank), f"augment ({', '.join(changing)})")
        self._changed(blank, 0)  # what surrounds the transforms is tried too

    def _changed(self, photo: np.ndarray, seed: int) -> np.ndarray:
        assert self._compose is not None
        self._compose.set_random_seed(seed)
        changed = _upright(self._compose(image=photo)["image"], photo)
        require_kept(photo, changed, "augment")
        return np.ascontiguousarray(changed)


def _upright(changed: np.ndarray, photo: np.ndarray) -> np.ndarray:
    """Rotates an upright crop back, if a transform made its rows columns."""
    if changed.shape[0] != photo.shape[0] and changed.shape[:2] == photo.shape[1::-1]:
        return np.rot90(changed)
    return changed


def require_kept(photo: np.ndarray, changed: np.ndarray, who: str) -> None:
    """Requires that size and type of a photo are unchanged.

    Raises:
        ConfigError: they are not; it begins with `who`.
    """
    if changed.shape != photo.shape or changed.dtype != photo.dtype:
        raise ConfigError(
            f"{who}: the transforms turn a photo {photo.shape} {photo.dtype} into {changed.shape} "
            f"{changed.dtype}; resizing and normalising belong to the model (data.image_size, "
            "model.normalization): leave such transforms out"
        )


def _try(transform: Transform, photo: np.ndarray, changing: list[str]) -> np.ndarray:
    """Applies a transform, and every one within it, whatever their probabilities.

    Args:
        transform: one, or several.
        photo: (height, width, channels) uint8.
        changing: gets the names of the transforms that change the size or the type.

    Raises:
        ConfigError: a transform that cannot be applied.
    """
    if isinstance(transform, IN_ORDER):
        for inner in transform.transforms:
            photo = _try(inner, photo, changing)
        return photo
    if isinstance(transform, _ONE_OR_SOME):
        results = [_try(inner, photo, changing) for inner in transform.transforms]
        return next((one for one in results if not _alike(one, photo)), photo)
    changed = apply_always(transform, photo, "augment")
    if not _alike(_upright(changed, photo), photo):
        changing.append(type(transform).__name__)
    return changed


def _alike(one: np.ndarray, other: np.ndarray) -> bool:
    return one.shape == other.shape and one.dtype == other.dtype


def apply_always(transform: Transform, photo: np.ndarray, key: str) -> np.ndarray:
    """Applies a transform, whatever its probability.

    Raises:
        ConfigError: it cannot be applied.
    """
    try:
        changed = np.asarray(transform(force_apply=True, image=photo)["image"])
    # Each transform has its own errors: ValueError, TypeError, OpenCV's.
    except Exception as error:
        name, (rows, columns, channels) = type(transform).__name__, photo.shape
        other = "" if channels == RGB else f", but model.channels={channels}"
        raise ConfigError(
            f"{key}: {name}{other}: it cannot be applied to photos of {rows} × {columns} pixels "
            f"and {channels} channels ({sentence(error)}): leave it out"
        ) from error
    return changed[..., None] if changed.ndim == 2 else changed  # as within a pipeline


def sentence(error: Exception) -> str:
    """What an error says, without pydantic's heading and links."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if lines and lines[0].endswith("InitSchema"):
        lines = [": ".join(lines[1:3])]
    return lines[0].rstrip(".") if lines else type(error).__name__
