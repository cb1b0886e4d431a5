"""What happens to a photo between decoding and the backbone; saved with the network.

This module owns it, for the photo cache, training, inference and export alike:

1. `image_preprocessing`: each decoded photo, of any size, is resized whole, or the body that the
   detector finds is cut out of it; then fixed transforms change its colours. The result is 8-bit,
   of one size, and cached. `resistor_cls.model.photo_preprocessing` does it, without PyTorch.
2. `Preprocessing.forward`: a batch is resized where its size differs, made grey where the backbone
   sees one channel, and normalized.

Both resize by the one rule in `resistor_cls.data.images.resize`.
"""

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from resistor_cls.data.crops import MARGIN
from resistor_cls.data.images.decode import RGB
from resistor_cls.data.images.preprocessed import ImagePreprocessing
from resistor_cls.data.images.resize import checked_size
from resistor_cls.data.images.resize_batch import resize
from resistor_cls.errors import ConfigError, ModelError, nearest
from resistor_cls.model.detector.network import SHIPPED, Detector
from resistor_cls.model.photo_preprocessing import photo_preprocessing, photo_shape

# Mean and standard deviation per channel of the ImageNet training photos, of values in [0, 1], as
# every published set of ImageNet weights uses them.
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
# Axes of a batch that the statistics of each photo are taken over.
_PHOTO, _CHANNEL = (1, 2, 3), (2, 3)
NORMALIZATIONS = {
    "simple": "fixed scaling to [-1, 1]",
    "imagenet": "the mean and the standard deviation of ImageNet's channels",
    # As `albumentations.Normalize` has them: "image", "image_per_channel" and "min_max".
    "image": "the mean and the standard deviation of all values of each photo",
    "channel": "the mean and the standard deviation of each channel of each photo",
    "min_max": "the minimum of each photo becomes 0, its maximum 1",
}
# The minimum that a photo is divided by: albumentations adds as much, so that uniform photos give
# no nan.
_MIN_RANGE = 1e-4
LUMA = (0.299, 0.587, 0.114)  # of red, green and blue (ITU-R BT.601)


def image_preprocessing(
    locate: bool | str | Detector,
    image_size: int | Sequence[int],
    channels: int = RGB,
    steps: str | Path | Mapping[str, Any] | None = None,
) -> ImagePreprocessing:
    """What happens to each decoded photo before it is batched.

    Args:
        locate: as of `ResistorNetwork`.
        image_size: longer side of the result in pixels, or its rows and columns.
        channels: as of `Preprocessing`.
        steps: as of `Preprocessing`.

    Raises:
        ConfigError: an argument that cannot be used.
        ModelError: the shipped detector is asked for and cannot be read.
    """
    _check_channels(channels, locate)
    return photo_preprocessing(
        _detector(locate), image_size, MARGIN, channels, _fixed_transforms(steps)
    )


def _fixed_transforms(steps: str | Path | Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Fixed transforms as plain values."""
    if steps is None:  # most networks have none, and albumentations takes a second to import
        return None
    from resistor_cls.data.augment.fixed import serialised

    return serialised(steps)


def _check_channels(channels: int, locate: object) -> None:
    """Refuses channels that no photo has, or that the detector cannot take."""
    if type(channels) is not int or channels < 1:
        raise ConfigError(f"model.channels={channels}: expected a whole number, 1 or more")
    if locate and channels not in (1, RGB):
        raise ConfigError(
            f"model.locate=true, but model.channels={channels}: bodies are found in RGB photos "
            "alone; set model.locate=false, or model.channels=3"
        )


def _detector(locate: bool | str | Detector) -> Detector | None:
    """A detector that belongs to the caller alone; None where none is asked for."""
    if isinstance(locate, Detector):
        return copy.deepcopy(locate).eval()
    if not locate:
        return None
    if locate is True and not SHIPPED.is_file():
        raise ModelError(
            f"model.locate=true needs {SHIPPED}, which does not exist: reinstall the package, or "
            "train a detector as experiments/locator/README.md says"
        )
    # Making a network draws random numbers: with a detector and without one, the same seed gives a
    # backbone the same first weights.
    with torch.random.fork_rng(devices=[]):
        return Detector.load(SHIPPED if locate is True else Path(locate))


class Preprocessing(nn.Module):
    """Preprocesses batches, and says how single photos are preprocessed before.

    Args:
        image_size: longer side in pixels of what the backbone sees: of the square of a whole photo,
            or of a crop, see `resistor_cls.data.crops.crop_shape`; or its rows and columns.
        normalization: a name in `NORMALIZATIONS`.
        locate: false for whole photos, true for crops round the body that the shipped detector
            finds; or a custom detector, or the file of one.
        channels: that the backbone sees: 3 are RGB, 1 is grey that is made of RGB here, and any
            other number is that of arrays (`.npy`) instead of photos.
        steps: fixed transforms of the colours of every photo: a file that `albumentations.save`
            wrote, or its plain values.

    Attributes:
        image_size: as plain values.
        margin: free length at either end of the body, in body lengths.
        shape: rows and columns of what the backbone sees.
        channels: of what the backbone sees.
        steps: as plain values, or None.

    Raises:
        ConfigError: a size or a number of channels below 1, an unknown normalization or one for
            other channels, a detector for photos without RGB, fixed transforms that cannot be used.
        ModelError: the shipped detector is asked for and cannot be read.
    """

    mean: Tensor
    std: Tensor
    luma: Tensor

    def __init__(
        self,
        image_size: int | Sequence[int],
        normalization: str,
        locate: bool | str | Detector = False,
        channels: int = RGB,
        steps: str | Path | Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.image_size = checked_size(image_size, "model.image_size")
        if normalization not in NORMALIZATIONS:
            raise ConfigError(
                f"model.normalization={normalization}: {nearest(normalization, NORMALIZATIONS)}"
            )
        _check_channels(channels, locate)
        self.channels, self.steps = channels, _fixed_transforms(steps)
        self.margin = MARGIN
        self.shape = photo_shape(self.image_size, locate)
        # Part of the network, so that its weights are saved with it, under the name that files of
        # the first version gave it.
        detector = _detector(locate)
        self.add_module("locator", detector)
        if detector is not None:
            detector.requires_grad_(False)
        self._normalization = normalization
        mean, std = _statistics(normalization, channels)
        # Buffers follow the model to its device; constants need no place in checkpoints.
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, -1, 1, 1), persistent=False)
        self.register_buffer("luma", torch.tensor(LUMA).view(1, RGB, 1, 1), persistent=False)

    @property
    def detector(self) -> Detector | None:
        """A copy of the detector that is never trained; None where whole photos are evaluated."""
        return cast(Detector | None, self._modules["locator"])

    def train(self, mode: bool = True) -> "Preprocessing":
        """Sets the mode of everything but the detector, whose statistics must not move."""
        super().train(mode)
        if self.detector is not None:
            self.detector.eval()
        return self

    def image_preprocessing(self, size: int | Sequence[int] | None = None) -> ImagePreprocessing:
        """What happens to each decoded photo before it is batched.

        Args:
            size: longer side of the result in pixels, or its rows and columns; by default those of
                what the backbone sees.
        """
        size = self.image_size if size is None else size
        return photo_preprocessing(self.detector, size, self.margin, self.channels, self.steps)

    def detector_values(self) -> dict[str, Any] | None:
        """What belongs to the detector beside its weights, as plain values; None without one."""
        if self.detector is None:
            return None
        return {
            "threshold": self.detector.threshold,
            "margin": self.margin,
            "shape": list(self.shape),
            "record": self.detector.metadata,
        }

    def restore_detector(self, values: Mapping[str, Any]) -> None:
        """Takes back what `detector_values` gave.

        Raises:
            KeyError: a value that is absent.
            ValueError: crops of another shape than this version makes.
        """
        assert self.detector is not None
        self.detector.threshold, self.detector.metadata = values["threshold"], values["record"]
        self.margin = values["margin"]
        if tuple(values["shape"]) != self.shape:
            raise ValueError(f"its crops have the shape {values['shape']}, not {self.shape}")

    def forward(self, photos: Tensor) -> Tensor:
        """Preprocesses a batch.

        Args:
            photos: (batch, 3, height, width) float32 in [0, 1], of any size, or of as many channels
                as the backbone sees where these are neither 1 nor 3; each went through
                `image_preprocessing`.

        Returns:
            (batch, channels, *shape) float32, normalised.
        """
        photos = resize(photos, self.shape)
        if self.channels == 1:
            photos = (photos * self.luma).sum(1, keepdim=True)
        if self._normalization == "min_max":
            low, high = photos.amin(_PHOTO, True), photos.amax(_PHOTO, True)
            return (photos - low) / (high - low).clamp(min=_MIN_RANGE)
        if self._normalization in ("image", "channel"):
            axes = _PHOTO if self._normalization == "image" else _CHANNEL
            centred = photos - photos.mean(axes, keepdim=True)
            return centred / centred.square().mean(axes, keepdim=True).sqrt().clamp(min=_MIN_RANGE)
        return (photos - self.mean) / self.std


def _statistics(normalization: str, channels: int) -> tuple[list[float], list[float]]:
    """Mean and standard deviation that each channel is scaled by, of values in [0, 1].

    Raises:
        ConfigError: ImageNet's are asked for and there are none of such channels.
    """
    if normalization != "imagenet":
        return [0.5] * channels, [0.5] * channels
    if channels == RGB:
        return list(IMAGENET[0]), list(IMAGENET[1])
    if channels == 1:
        # The mean of luma is the luma of the means. Its deviation is that of the deviations if
        # channels go together, as they nearly do in photos, and else a little less.
        mean, std = (sum(w * v for w, v in zip(LUMA, values, strict=True)) for values in IMAGENET)
        return [mean], [std]
    raise ConfigError(
        f"model.normalization=imagenet, but model.channels={channels}: ImageNet's photos are RGB; "
        "set model.normalization=simple or channel"
    )
