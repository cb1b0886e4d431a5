"""Random changes of training photos: the only module that knows albumentations."""

from collections.abc import Sequence

import albumentations
import cv2
import numpy as np
import torch

from resistor_cls.errors import ConfigError


class Augmentation:
    """Applies random steps to photos.

    The randomness of a photo is drawn from PyTorch's generator, which Lightning seeds in every
    worker: a seeded run is repeatable, and no two workers repeat each other.

    Args:
        steps: albumentations transforms, applied in this order.

    Raises:
        ConfigError: a step that is no albumentations transform.
    """

    def __init__(self, steps: Sequence[albumentations.BasicTransform]) -> None:
        for step in steps:
            if not isinstance(step, albumentations.BasicTransform | albumentations.BaseCompose):
                raise ConfigError(
                    f"augment: {step!r} is no albumentations transform; "
                    "expected _target_: albumentations.NAME"
                )
        self._compose = albumentations.Compose(list(steps)) if steps else None
        # Each worker is one process of several: OpenCV's own threads would only fight over cores.
        cv2.setNumThreads(0)

    def __call__(self, photo: np.ndarray) -> np.ndarray:
        """Changes one photo: (height, width, 3) uint8 RGB in and out.

        Raises:
            ConfigError: steps that change the size or the type of the photo.
        """
        if self._compose is None:
            return photo
        self._compose.set_random_seed(int(torch.randint(2**31, ())))
        changed = self._compose(image=photo)["image"]
        if changed.shape[0] != photo.shape[0] and changed.shape[:2] == photo.shape[1::-1]:
            changed = np.rot90(changed)  # an upright crop stays upright: half turns are left
        if changed.shape != photo.shape or changed.dtype != photo.dtype:
            raise ConfigError(
                f"augment: the steps turn a photo {photo.shape} {photo.dtype} into {changed.shape} "
                f"{changed.dtype}; resizing and normalising belong to the model"
            )
        return np.ascontiguousarray(changed)
