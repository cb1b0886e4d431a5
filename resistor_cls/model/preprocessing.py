"""What happens to a photo before the backbone sees it; saved with the model."""

import copy
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from resistor_cls.data.augment.fixed import WithFixedTransforms, serialised
from resistor_cls.data.crops import MARGIN, crop_shape, crop_view, look
from resistor_cls.data.geometry import OrientedBox
from resistor_cls.data.images.decode import RGB
from resistor_cls.data.images.preprocessed import (
    ImagePreprocessing,
    PreprocessedImage,
    check_channels,
)
from resistor_cls.data.images.resize import (
    Resize,
    checked_size,
    resize,
    resize_image,
)
from resistor_cls.data.images.threads import one_torch_thread
from resistor_cls.errors import ConfigError, ModelError, nearest
from resistor_cls.model.detector.network import DETECTOR_FORMAT, SHIPPED, Detector
from resistor_cls.model.detector.search import SEARCH_VERSION

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
    "min_max": "the least value of each photo becomes 0, its greatest 1",
}
# What a photo is divided by at least: albumentations adds as much, so that flat ones give no nan.
_LEAST = 1e-4
LUMA = (0.299, 0.587, 0.114)  # of red, green and blue (ITU-R BT.601)


class DetectorCrop:
    """The body that a locator finds, cut out at the photo's full resolution, its axis level.

    Where nothing is found, the whole photo is resized instead.

    Args:
        size: longer side of the result in pixels, see `resistor_cls.data.crops.crop_shape`; or
            its rows and columns.
        locator: finds the body; a copy of it is used.
        margin: free length at either end of the body, in body lengths.

    Raises:
        ConfigError: a size that is none.
    """

    locates, channels = True, RGB

    def __init__(
        self, size: int | Sequence[int], locator: Detector, margin: float = MARGIN
    ) -> None:
        self.size, self._margin = checked_size(size, "data.image_size"), margin
        self.shape = _shape(self.size, crop_shape)
        # On the processor, wherever the classifier runs: graphics cards add in another order, and
        # a crop that moves by a pixel is another photo.
        self._detector = copy.deepcopy(locator).cpu().eval()
        rows, columns = self.shape
        self.key = f"crop {rows}x{columns} {margin} {_fingerprint(self._detector)}"

    def __call__(self, photo: np.ndarray) -> PreprocessedImage:
        """Cuts out one body; see `ImagePreprocessing`."""
        check_channels(photo, self.channels)
        with _repeatable():
            location = self._detector.locate(photo)
            if location is None:
                return PreprocessedImage(resize_image(photo, self.shape), located=False)
        return self._cut_out(photo, location)

    def every(self, photo: np.ndarray) -> list[PreprocessedImage]:
        """Cuts out each body, the likeliest first; see `ImagePreprocessing`."""
        check_channels(photo, self.channels)
        with _repeatable():
            locations = self._detector.every(photo)
        return [self._cut_out(photo, location) for location in locations]

    def _cut_out(self, photo: np.ndarray, location: OrientedBox) -> PreprocessedImage:
        view = crop_view(location, self.shape, self._margin)
        rows, columns = self.shape
        scale = columns / view.span
        level = OrientedBox(
            columns / 2, rows / 2, 0.0, location.length * scale, location.width * scale,
            location.score,
        )  # fmt: skip
        place = view.place(self.shape, photo.shape[:2])
        return PreprocessedImage(look(photo, view, self.shape), True, place, level, location)


@contextmanager
def _repeatable() -> Iterator[None]:
    """One thread and full precision: the same photo then gives the same crop, whoever asks."""
    with one_torch_thread(), torch.autocast("cpu", enabled=False):
        yield


def image_preprocessing(
    locate: bool | str | Detector,
    image_size: int | Sequence[int],
    channels: int = RGB,
    steps: str | Path | Mapping[str, Any] | None = None,
) -> ImagePreprocessing:
    """What is done to each photo before a model that is yet to be made may see it.

    Args:
        locate: as of `ResistorClassifier`.
        image_size: longer side of the result in pixels, or its rows and columns.
        channels: as of `Preprocessing`.
        steps: as of `Preprocessing`.

    Raises:
        ConfigError: an argument that cannot be used.
        ModelError: the shipped locator is asked for and cannot be read.
    """
    _check_channels(channels, locate)
    return _image_preprocessing(_detector(locate), image_size, MARGIN, channels, serialised(steps))


def _image_preprocessing(
    locator: Detector | None,
    size: int | Sequence[int],
    margin: float,
    channels: int,
    steps: Mapping[str, Any] | None,
) -> ImagePreprocessing:
    prepare = (
        Resize(size, RGB if channels == 1 else channels)
        if locator is None
        else DetectorCrop(size, locator, margin)
    )
    return prepare if steps is None else WithFixedTransforms(prepare, steps)


def photo_shape(image_size: int | list[int], locate: object) -> tuple[int, int]:
    """Rows and columns of what the backbone sees.

    Args:
        image_size: of `Preprocessing`.
        locate: whether crops round the body take the place of whole photos.
    """
    return _shape(image_size, crop_shape if locate else _square)


def _shape(size: int | list[int], of_number: Callable[[int], tuple[int, int]]) -> tuple[int, int]:
    """Rows and columns: those that are given, or those that a number stands for."""
    return of_number(size) if isinstance(size, int) else (size[0], size[1])


def _check_channels(channels: int, locate: object) -> None:
    """Refuses channels that no photo has, or that the locator cannot look at."""
    if type(channels) is not int or channels < 1:
        raise ConfigError(f"model.channels={channels}: expected a whole number, 1 or more")
    if locate and channels not in (1, RGB):
        raise ConfigError(
            f"model.locate=true, but model.channels={channels}: bodies are found in RGB photos "
            "alone; set model.locate=false, or model.channels=3"
        )


def _detector(locate: bool | str | Detector) -> Detector | None:
    """A locator of one's own; None where none is asked for."""
    if isinstance(locate, Detector):
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
        return Detector.load(SHIPPED if locate is True else Path(locate))


def _fingerprint(locator: Detector) -> str:
    """Identifies what a locator finds: by its looks, its weights and its threshold.

    Returns:
        16 hexadecimal digits.
    """
    digest = hashlib.sha256(f"{DETECTOR_FORMAT}.{SEARCH_VERSION} {locator.threshold}".encode())
    for name, value in locator.state_dict().items():
        digest.update(name.encode())
        digest.update(value.numpy().tobytes())
    return digest.hexdigest()[:16]


class Preprocessing(nn.Module):
    """Cuts out the body where it is asked to, resizes, makes grey and normalises.

    A body is cut out of a photo of any size before there is a batch, and fixed steps change it
    there: see `image_preprocessing`.

    Args:
        image_size: longer side in pixels of what the backbone sees: of the square of a whole photo,
            or of a crop, see `resistor_cls.data.crops.crop_shape`; or its rows and columns.
        normalization: a name in `NORMALIZATIONS`.
        locate: false for whole photos, true for crops round the body that the shipped locator
            finds; or a locator of one's own, or the file of one.
        channels: that the backbone sees: 3 are RGB, 1 is grey that is made of RGB here, and any
            other number is that of the arrays (`.npy`) which take the place of photos.
        steps: a file that `albumentations.save` wrote, or its plain values: fixed changes of the
            colours of every photo, once it is resized or cut out.

    Attributes:
        image_size: as plain values.
        locator: a copy that never learns, or None.
        margin: free length at either end of the body, in body lengths.
        shape: rows and columns of what the backbone sees.
        channels: of what the backbone sees.
        steps: as plain values, or None.

    Raises:
        ConfigError: a size or a number of channels below 1, an unknown normalization or one that
            knows nothing of such channels, a locator for photos without RGB, steps that cannot be
            used.
        ModelError: the shipped locator is asked for and cannot be read.
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
        self.channels, self.steps = channels, serialised(steps)
        self.margin = MARGIN
        self.shape = photo_shape(self.image_size, locate)
        # Part of the model, so that its weights are saved with it.
        self.locator = _detector(locate)
        if self.locator is not None:
            self.locator.requires_grad_(False)
        self._normalization = normalization
        mean, std = _statistics(normalization, channels)
        # Buffers follow the model to its device; constants need no place in checkpoints.
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, -1, 1, 1), persistent=False)
        self.register_buffer("luma", torch.tensor(LUMA).view(1, RGB, 1, 1), persistent=False)

    def train(self, mode: bool = True) -> "Preprocessing":
        """Sets the mode of everything but the locator, whose statistics must not move."""
        super().train(mode)
        if self.locator is not None:
            self.locator.eval()
        return self

    def image_preprocessing(self, size: int | Sequence[int] | None = None) -> ImagePreprocessing:
        """What is done to each decoded photo before it may be batched.

        Args:
            size: longer side of the result in pixels, or its rows and columns; by default those of
                what the backbone sees.
        """
        size = self.image_size if size is None else size
        return _image_preprocessing(self.locator, size, self.margin, self.channels, self.steps)

    def detector_values(self) -> dict[str, Any]:
        """What belongs to the locator and is no weight, as plain values."""
        assert self.locator is not None
        return {
            "threshold": self.locator.threshold,
            "margin": self.margin,
            "shape": list(self.shape),
            "record": self.locator.metadata,
        }

    def restore_detector(self, values: Mapping[str, Any]) -> None:
        """Takes back what `detector_values` gave.

        Raises:
            KeyError: a value that is absent.
            ValueError: crops of another shape than this version makes.
        """
        assert self.locator is not None
        self.locator.threshold, self.locator.metadata = values["threshold"], values["record"]
        self.margin = values["margin"]
        if tuple(values["shape"]) != self.shape:
            raise ValueError(f"its crops have the shape {values['shape']}, not {self.shape}")

    def forward(self, photos: Tensor) -> Tensor:
        """Prepares photos for the backbone.

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
            least, greatest = photos.amin(_PHOTO, True), photos.amax(_PHOTO, True)
            return (photos - least) / (greatest - least).clamp(min=_LEAST)
        if self._normalization in ("image", "channel"):
            axes = _PHOTO if self._normalization == "image" else _CHANNEL
            centred = photos - photos.mean(axes, keepdim=True)
            return centred / centred.square().mean(axes, keepdim=True).sqrt().clamp(min=_LEAST)
        return (photos - self.mean) / self.std


def _square(size: int) -> tuple[int, int]:
    return size, size


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
