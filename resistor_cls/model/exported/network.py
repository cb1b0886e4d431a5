"""Runs an exported model by ONNX Runtime: arrays in, arrays out."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resistor_cls.bands import BandScores
from resistor_cls.categories import Categories
from resistor_cls.data.images.decode import RGB
from resistor_cls.data.images.preprocessed import ImagePreprocessing
from resistor_cls.errors import ResistorClsError
from resistor_cls.model.activations import ARRAY_ACTIVATIONS, activation_name
from resistor_cls.model.checkpoint.schema import Settings, misfit
from resistor_cls.model.detector.detector import BodyDetector, fingerprint_of
from resistor_cls.model.exported.files import ExportedModel, read_exported
from resistor_cls.model.exported.sessions import Session
from resistor_cls.model.photo_network import check_probability_threshold
from resistor_cls.model.photo_preprocessing import photo_preprocessing, photo_shape
from resistor_cls.model.tta import array_views, check_views

# Outputs of the graphs: log-probabilities of a band reader, and what every network gives.
BAND_OUTPUTS = ("slots", "direction", "watts")
LOGITS, FEATURES = "logits", "features"
DETECTOR_OUTPUTS = ("logits", "geometry")
_TRIAL_SIDE = 64  # pixels of the view that a detector is tried on, a multiple of 32


class ExportedDetector(BodyDetector):
    """The detector of an exported model.

    Args:
        path: the file that it is from, for messages.
        graph: its content.
        threshold: smallest score of a body that counts as found.

    Raises:
        ModelError: a graph that is not a detector's.
    """

    def __init__(self, path: Path, graph: bytes, threshold: float) -> None:
        self._session = Session(path, graph, (_TRIAL_SIDE, _TRIAL_SIDE, RGB), DETECTOR_OUTPUTS)
        self._graph, self.threshold = graph, threshold

    def score_view(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `BodyDetector`."""
        logits, geometry = self._session(pixels[None])
        return logits[0], geometry[0]

    def fingerprint(self) -> str:
        """See `BodyDetector`."""
        return fingerprint_of(self.threshold, [self._graph])


class ExportedNetwork:
    """A `PhotoNetwork` of ONNX Runtime, always on the CPU and in single precision.

    Args:
        path: the file that it is from, for messages.
        model: its content.

    Raises:
        ModelError: graphs that cannot be run, or do not fit the settings.
    """

    parallel = True

    def __init__(self, path: Path, model: ExportedModel) -> None:
        header = model.header
        self._settings = Settings.model_validate(header["settings"])
        self.metadata: Mapping[str, Any] = header["card"]
        self.reads_bands: bool = header["reads_bands"]
        self.reads_any_value: bool = header["reads_any_value"]
        self._margin = 0.0
        self.detector: ExportedDetector | None = None
        if model.detector is not None:
            values = header["detector"]
            self.detector = ExportedDetector(path, model.detector, values["threshold"])
            self._margin = values["margin"]
        self.shape = photo_shape(self._settings.image_size, self.locates)
        if self.locates != self._settings.locate:
            raise misfit(
                path, f"locate={self._settings.locate} and its detector do not go together"
            )
        if self.locates and tuple(header["detector"]["shape"]) != self.shape:
            raise misfit(path, f"its crops have the shape {header['detector']['shape']}")
        self._channels: int = self._settings.channels
        self._features: bool = header["features"]
        outputs = [*(BAND_OUTPUTS if self.reads_bands else ()), LOGITS]
        if self._features:
            outputs.append(FEATURES)
        photo = (*self.shape, RGB if self._channels == 1 else self._channels)
        self._session = Session(path, model.network, photo, outputs)
        self._set_up(path)
        self._check(path, photo)

    @classmethod
    def load(cls, path: Path) -> "ExportedNetwork":
        """Loads an exported model; nothing in the file is executed but the operators of ONNX.

        Raises:
            ModelError: see `read_exported`, and `ExportedNetwork`.
        """
        return cls(path, read_exported(path))

    def _set_up(self, path: Path) -> None:
        settings = self._settings
        try:
            self.categories = Categories(settings.categories)
            activation = activation_name(settings.loss, settings.activation)
            self._activate = ARRAY_ACTIVATIONS[activation]
            self.set_inference(settings.views, settings.probability_threshold)
            self.image_preprocessing()
        except ResistorClsError as error:
            raise misfit(path, str(error)) from error

    def _check(self, path: Path, photo: tuple[int, int, int]) -> None:
        """Compares the outputs for a blank photo with what the header says of them."""
        blank = np.zeros((2, *photo), np.uint8)
        likely, features = self.predict_photos(blank)
        if likely.shape != (2, len(self.categories)):
            raise misfit(
                path, f"it gives {likely.shape[1:]} logits for {len(self.categories)} categories"
            )
        familiarity = (self.metadata.get("calibration") or {}).get("familiarity")
        if features is not None and familiarity is not None:
            columns = familiarity["size"][1]
            if features.shape[1] != columns:
                raise misfit(
                    path,
                    f"calibration.familiarity.size={familiarity['size']}: expected "
                    f"{features.shape[1]} columns, its features",
                )
        if self.reads_bands:
            try:
                self.read_photos(blank)
            except ValueError as error:
                raise misfit(path, str(error)) from error

    @property
    def locates(self) -> bool:
        """See `PhotoNetwork`."""
        return self.detector is not None

    def image_preprocessing(self) -> ImagePreprocessing:
        """See `PhotoNetwork`."""
        settings = self._settings
        return photo_preprocessing(
            self.detector, settings.image_size, self._margin, self._channels, settings.steps
        )

    def set_inference(self, views: int | None, probability_threshold: float | None) -> None:
        """See `PhotoNetwork`."""
        if views is not None:
            check_views(views, self.shape, "model.views=", "the model sees")
            self._views = views
        if probability_threshold is not None:
            check_probability_threshold(probability_threshold)
            self.probability_threshold = probability_threshold

    def predict_photos(
        self, photos: NDArray[np.uint8]
    ) -> tuple[NDArray[np.float32], NDArray[np.float16] | None]:
        """See `PhotoNetwork`."""
        logits, features = self.logits_and_features(photos)
        return self._activate(logits), features

    def logits_and_features(
        self, photos: NDArray[np.uint8]
    ) -> tuple[NDArray[np.float32], NDArray[np.float16] | None]:
        """The same as `predict_photos`, with logits instead of probabilities."""
        place = len(BAND_OUTPUTS) if self.reads_bands else 0
        found = [self._session(view)[place:] for view in array_views(photos, self._views)]
        logits, *features = (np.mean(parts, axis=0) for parts in zip(*found, strict=True))
        return logits, features[0].astype(np.float16) if features else None

    def read_photos(self, photos: NDArray[np.uint8]) -> BandScores:
        """See `PhotoNetwork`."""
        views = np.concatenate(list(array_views(photos, 2)))  # as they are, and half turns
        upright, turned = BandScores(*self._session(views)[: len(BAND_OUTPUTS)]).halves()
        return replace(upright, turned=turned)
