"""What predicts preprocessed photos, whatever runs it: arrays in, arrays out."""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from resistor_cls.bands import BandScores
from resistor_cls.categories import Categories
from resistor_cls.data.images.preprocessed import ImagePreprocessing
from resistor_cls.errors import ConfigError


def check_probability_threshold(threshold: float) -> None:
    """Checks the probability below which a prediction is "don't know".

    Raises:
        ConfigError: it is not within 0 and 1.
    """
    if not 0 <= threshold <= 1:
        raise ConfigError(f"model.probability_threshold={threshold}: expected 0 to 1")


@runtime_checkable
class PhotoNetwork(Protocol):
    """A trained network, ready for inference.

    `resistor_cls.model.torch_network` runs a network by PyTorch,
    `resistor_cls.model.exported.network` an exported one by ONNX Runtime.

    Attributes:
        categories: the label space; probability `i` belongs to `categories[i]`.
        metadata: plain values that are saved with the network.
        locates: whether a detector finds the body, and the network sees its crop.
        reads_bands: whether `read_photos` can be called.
        reads_any_value: whether the bands alone decide: no photo with a label has trained it.
        probability_threshold: predictions of less probability are "don't know".
        parallel: whether a photo takes one thread, and several threads may take a photo each.
    """

    @property
    def categories(self) -> Categories: ...  # noqa: D102

    @property
    def metadata(self) -> Mapping[str, Any]: ...  # noqa: D102

    @property
    def locates(self) -> bool: ...  # noqa: D102

    @property
    def reads_bands(self) -> bool: ...  # noqa: D102

    @property
    def reads_any_value(self) -> bool: ...  # noqa: D102

    @property
    def probability_threshold(self) -> float: ...  # noqa: D102

    @property
    def parallel(self) -> bool: ...  # noqa: D102

    def image_preprocessing(self) -> ImagePreprocessing:
        """What happens to each decoded photo before it is batched."""

    def set_inference(self, views: int | None, probability_threshold: float | None) -> None:
        """Changes how predictions are made; None leaves a setting as it is.

        Raises:
            ConfigError: a value that cannot be used, or not with the shape of the photos.
        """

    def predict_photos(
        self, photos: NDArray[np.uint8]
    ) -> tuple[NDArray[np.float32], NDArray[np.float16] | None]:
        """Probabilities, and the features that they are computed from, averaged over the views.

        Args:
            photos: (batch, rows, columns, channels), preprocessed.

        Returns:
            (batch, categories); and (batch, features), None of a network that gives none.
        """

    def read_photos(self, photos: NDArray[np.uint8]) -> BandScores:
        """Scores of the bands of crops, and of the same crops turned by 180 degrees.

        Args:
            photos: see `predict_photos`.
        """
