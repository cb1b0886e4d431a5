"""Runs a network by PyTorch: arrays in, arrays out."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from resistor_cls.bands import BandScores
from resistor_cls.categories import Categories
from resistor_cls.data.images.preprocessed import ImagePreprocessing
from resistor_cls.model.network import ResistorNetwork


class TorchNetwork:
    """A `PhotoNetwork` of PyTorch.

    Args:
        network: in eval mode, on any device.
    """

    parallel = False  # PyTorch's threads share the work on each photo

    def __init__(self, network: ResistorNetwork) -> None:
        self._network = network

    @classmethod
    def ready(cls, network: ResistorNetwork) -> "TorchNetwork":
        """Puts a network into eval mode, and on a GPU where there is one."""
        return cls(network.eval().to("cuda" if torch.cuda.is_available() else "cpu"))

    @property
    def categories(self) -> Categories:
        """See `PhotoNetwork`."""
        return self._network.categories

    @property
    def metadata(self) -> Mapping[str, Any]:
        """See `PhotoNetwork`."""
        return self._network.metadata

    @property
    def locates(self) -> bool:
        """See `PhotoNetwork`."""
        return self._network.preprocessing.detector is not None

    @property
    def reads_bands(self) -> bool:
        """See `PhotoNetwork`."""
        return self._network.reads_bands

    @property
    def reads_any_value(self) -> bool:
        """See `PhotoNetwork`."""
        return self._network.reads_any_value

    @property
    def probability_threshold(self) -> float:
        """See `PhotoNetwork`."""
        return self._network.probability_threshold

    def image_preprocessing(self) -> ImagePreprocessing:
        """See `PhotoNetwork`."""
        return self._network.image_preprocessing()

    def set_inference(self, views: int | None, probability_threshold: float | None) -> None:
        """See `PhotoNetwork`."""
        self._network.set_inference(views=views, probability_threshold=probability_threshold)

    @torch.inference_mode()
    def predict_photos(
        self, photos: NDArray[np.uint8]
    ) -> tuple[NDArray[np.float32], NDArray[np.float16] | None]:
        """See `PhotoNetwork`."""
        logits, features = self._network.predict(as_batch(photos, self._network.device))
        likely: NDArray[np.float32] = self._network.probabilities(logits).cpu().numpy()
        return likely, None if features is None else features.cpu().numpy()

    @torch.inference_mode()
    def read_photos(self, photos: NDArray[np.uint8]) -> BandScores:
        """See `PhotoNetwork`."""
        return self._network.read_bands(as_batch(photos, self._network.device))


def as_batch(photos: Iterable[np.ndarray], device: torch.device) -> Tensor:
    """Photos as (photos, channels, rows, columns) float32 in [0, 1] on a device."""
    whole = photos if isinstance(photos, np.ndarray) else np.stack(list(photos))
    # 8 bits travel to a device four times as fast.
    return torch.from_numpy(whole).permute(0, 3, 1, 2).to(device).float().div(255)
