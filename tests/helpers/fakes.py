"""A model and photos whose predictions are known beforehand."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from resistor_cls.categories import Categories
from resistor_cls.data.images.preprocessed import PreprocessedImage
from resistor_cls.data.known_bodies import Body
from resistor_cls.evaluation import Predictions

SIDE = 32
CATEGORIES = Categories(["1R", "2R"])  # of photos with a dark middle, and with a light one


class BrightnessModel:
    """Predicts the second category where the middle of a photo is light."""

    categories = CATEGORIES
    device = torch.device("cpu")

    def predict(self, photos: Tensor) -> tuple[Tensor, None]:
        """Logits of (batch, channels, rows, columns) photos; no features."""
        middle = SIDE // 2
        light = photos[:, :, middle - 4 : middle + 4, middle - 4 : middle + 4].mean((1, 2, 3))
        return torch.stack([0.5 - light, light - 0.5], dim=1) * 20, None

    def probabilities(self, logits: Tensor) -> Tensor:
        return logits.softmax(1)


@dataclass
class Photos:
    """Preprocessed photos in memory; as much of a data module as the checks use."""

    photos: Sequence[np.ndarray]
    bodies: Sequence[Body | None]
    names: Sequence[str] = ()
    ood_indices: Sequence[int] = ()
    located: np.ndarray | None = None
    channels: int = 3
    cache_folder: Path = Path("/dev/null")  # nothing can be kept there
    preprocess: Any = field(init=False)
    photo_set: Any = field(init=False)

    def __post_init__(self) -> None:
        names = self.names or [f"{number}.jpg" for number in range(len(self.photos))]
        self.photo_set = SimpleNamespace(names=tuple(names))
        self.preprocess = _Preprocess(self.channels)

    def photo(self, index: int) -> np.ndarray:
        return self.photos[index]

    def body(self, index: int) -> Body | None:
        return self.bodies[index]


class _Preprocess:
    def __init__(self, channels: int) -> None:
        self.channels = channels
        self.shape, self.key = (SIDE, SIDE), "every so many pixels"

    def __call__(self, photo: np.ndarray) -> PreprocessedImage:
        step = photo.shape[0] // SIDE
        return PreprocessedImage(np.ascontiguousarray(photo[::step, ::step][:SIDE, :SIDE]), True)


def photo_with_body(
    body: int, table: int, known_by: str | None = "box"
) -> tuple[np.ndarray, Body | None]:
    """A photo of one level on a table of another, and what is known of the body."""
    mask = np.zeros((SIDE, SIDE), bool)
    mask[10:22, 8:24] = True
    photo = np.where(mask[..., None], np.uint8(body), np.uint8(table)).repeat(3, axis=2)
    return photo, None if known_by is None else Body(mask, known_by)


def predictions_of(photos: Photos, targets: Sequence[int], **more: Any) -> Predictions:
    """What `BrightnessModel` predicts."""
    model = BrightnessModel()
    batch = torch.from_numpy(np.stack(photos.photos)).permute(0, 3, 1, 2) / 255
    likely = model.probabilities(model.predict(batch)[0]).numpy()
    count = len(targets)
    return Predictions(
        names=photos.photo_set.names[:count],
        indices=np.arange(count),
        targets=np.array(targets),
        probabilities=likely[:count],
        losses=-np.log(likely[np.arange(count), targets]),
        categories=CATEGORIES,
        **{"bursts": np.arange(count), **more},
    )
