"""What happens to a photo before the backbone sees it; saved with the model."""

import copy
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from resistor_cls.data.bodies import Location
from resistor_cls.data.photos import (
    Preparation,
    Prepared,
    Shrink,
    one_torch_thread,
    resize,
    shrink,
)
from resistor_cls.errors import ConfigError, ModelError, nearest
from resistor_cls.model.crops import MARGIN, crop_shape, crop_view, look
from resistor_cls.model.locator import LOCATOR_FORMAT, SHIPPED, Locator

# Mean and standard deviation per channel, of values in [0, 1].
NORMALIZATIONS = {
    "simple": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),  # fixed scaling to [-1, 1]
    # Of the ImageNet training photos, as every published set of ImageNet weights uses them.
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
}


class UprightCrop:
    """The body that a locator finds, cut out at the photo's full resolution, its axis level.

    Where nothing is found, the whole photo is resized instead.

    Args:
        size: longer side of the result in pixels.
        locator: finds the body; a copy of it is used.
        margin: free length at either end of the body, in body lengths.
    """

    locates = True

    def __init__(self, size: int, locator: Locator, margin: float = MARGIN) -> None:
        self.size, self.shape, self._margin = size, crop_shape(size), margin
        # On the processor, wherever the classifier runs: graphics cards add in another order, and
        # a crop that moves by a pixel is another photo.
        self._locator = copy.deepcopy(locator).cpu().eval()
        rows, columns = self.shape
        self.key = f"crop {rows}x{columns} {margin} {_fingerprint(self._locator)}"

    def __call__(self, photo: np.ndarray) -> Prepared:
        """Cuts out one body; see `resistor_cls.data.photos.Preparation`."""
        # One thread and full precision: the same photo then gives the same crop, whoever asks.
        with one_torch_thread(), torch.autocast("cpu", enabled=False):
            location = self._locator.locate(photo)
            if location is None:
                return Prepared(shrink(photo, self.shape), located=False)
        view = crop_view(location, self.shape, self._margin)
        rows, columns = self.shape
        scale = columns / view.span
        level = Location(
            columns / 2, rows / 2, 0.0, location.length * scale, location.width * scale,
            location.score,
        )  # fmt: skip
        place = view.place(self.shape, photo.shape[:2])
        return Prepared(look(photo, view, self.shape), True, place, level)


def preparation(locate: bool | str | Locator, image_size: int) -> Preparation:
    """What is done to each photo before a model that is yet to be made may see it.

    Args:
        locate: as of `ResistorClassifier`.
        image_size: longer side of the result in pixels.

    Raises:
        ModelError: the shipped locator is asked for and cannot be read.
    """
    return _preparation(_locator(locate), image_size, MARGIN)


def _preparation(locator: Locator | None, size: int, margin: float) -> Preparation:
    return Shrink(size) if locator is None else UprightCrop(size, locator, margin)


def _locator(locate: bool | str | Locator) -> Locator | None:
    """A locator of one's own; None where none is asked for."""
    if isinstance(locate, Locator):
        return copy.deepcopy(locate).eval()
    if not locate:
        return None
    if locate is True and not SHIPPED.is_file():
        raise ModelError(
            f"model.locate=true needs {SHIPPED}, which is not there: install the package anew, or "
            "train a locator as experiments/locator/README.md says"
        )
    # Making a net draws random numbers: with a locator and without one, the same seed gives a
    # backbone the same first weights.
    with torch.random.fork_rng(devices=[]):
        return Locator.load(SHIPPED if locate is True else Path(locate))


def _fingerprint(locator: Locator) -> str:
    """Identifies a locator by its weights and its threshold: 16 hexadecimal digits."""
    digest = hashlib.sha256(f"{LOCATOR_FORMAT} {locator.threshold}".encode())
    for name, value in locator.state_dict().items():
        digest.update(name.encode())
        digest.update(value.numpy().tobytes())
    return digest.hexdigest()[:16]


class Preprocessing(nn.Module):
    """Cuts out the body where it is asked to, resizes and normalises.

    A body is cut out of a photo of any size before there is a batch: see `preparation`.

    Args:
        image_size: longer side in pixels of what the backbone sees: of the square of a whole photo,
            or of a crop, see `resistor_cls.model.crops.crop_shape`.
        normalization: a name in `NORMALIZATIONS`.
        locate: false for whole photos, true for crops round the body that the shipped locator
            finds; or a locator of one's own, or the file of one.

    Attributes:
        locator: a copy that never learns, or None.
        margin: free length at either end of the body, in body lengths.
        shape: rows and columns of what the backbone sees.

    Raises:
        ConfigError: a size below 1 or an unknown normalization.
        ModelError: the shipped locator is asked for and cannot be read.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, image_size: int, normalization: str, locate: bool | str | Locator = False
    ) -> None:
        super().__init__()
        if image_size < 1:
            raise ConfigError(f"model.image_size={image_size}: expected 1 or more")
        if normalization not in NORMALIZATIONS:
            raise ConfigError(
                f"model.normalization={normalization}: {nearest(normalization, NORMALIZATIONS)}"
            )
        self.image_size = image_size
        self.margin = MARGIN
        self.shape = crop_shape(image_size) if locate else (image_size, image_size)
        # Part of the model, so that its weights are saved with it.
        self.locator = _locator(locate)
        if self.locator is not None:
            self.locator.requires_grad_(False)
        mean, std = NORMALIZATIONS[normalization]
        # Buffers follow the model to its device; constants need no place in checkpoints.
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1), persistent=False)

    def train(self, mode: bool = True) -> "Preprocessing":
        """Sets the mode of everything but the locator, whose statistics must not move."""
        super().train(mode)
        if self.locator is not None:
            self.locator.eval()
        return self

    def preparation(self, size: int | None = None) -> Preparation:
        """What is done to each decoded photo before it may be batched.

        Args:
            size: longer side of the result in pixels; by default that of what the backbone sees.
        """
        return _preparation(self.locator, size or self.image_size, self.margin)

    def locator_values(self) -> dict[str, Any]:
        """What belongs to the locator and is no weight, as plain values."""
        assert self.locator is not None
        return {
            "threshold": self.locator.threshold,
            "margin": self.margin,
            "shape": list(self.shape),
            "record": self.locator.record,
        }

    def restore_locator(self, values: Mapping[str, Any]) -> None:
        """Takes back what `locator_values` gave.

        Raises:
            KeyError: a value that is absent.
            ValueError: crops of another shape than this version makes.
        """
        assert self.locator is not None
        self.locator.threshold, self.locator.record = values["threshold"], values["record"]
        self.margin = values["margin"]
        if tuple(values["shape"]) != self.shape:
            raise ValueError(f"its crops have the shape {values['shape']}, not {self.shape}")

    def forward(self, photos: Tensor) -> Tensor:
        """Prepares photos for the backbone.

        Args:
            photos: (batch, 3, height, width) float32 in [0, 1], of any size; each went through
                `preparation`.

        Returns:
            (batch, 3, *shape) float32, normalised.
        """
        return (resize(photos, self.shape) - self.mean) / self.std
