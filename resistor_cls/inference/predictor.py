"""Reads resistors with a saved model."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from resistor_cls.categories import Categories
from resistor_cls.data.images.preprocessed import PreprocessedImage
from resistor_cls.errors import ConfigError, DataError
from resistor_cls.evaluation.calibration import RISKS, Calibration
from resistor_cls.inference.arguments import check_risk, check_threshold, check_top
from resistor_cls.inference.batches import (
    Evaluated,
    batched,
    evaluate_bodies,
    predict_probabilities,
)
from resistor_cls.inference.category_prediction import category_prediction
from resistor_cls.inference.expectation import with_verdict
from resistor_cls.inference.in_order import mapped_in_order
from resistor_cls.inference.photo_bodies import Bodies, each_with_bodies, may_be_several
from resistor_cls.inference.photo_input import Photo, is_one, pixels_of
from resistor_cls.inference.prediction import Prediction
from resistor_cls.inference.read_options import ReadOptions, check_no_options, equal_ohms
from resistor_cls.inference.reading_calibration import DEFAULT_THRESHOLD, ReadingCalibration
from resistor_cls.inference.value_reader import ValueReader
from resistor_cls.inference.wording import MODEL_THRESHOLD
from resistor_cls.model.exported.files import ONNX_SUFFIX, RENDERED_ONNX
from resistor_cls.model.exported.network import ExportedNetwork
from resistor_cls.model.photo_network import PhotoNetwork
from resistor_cls.model.tta import check_views
from resistor_cls.usable_cores import usable_cores

if TYPE_CHECKING:
    from resistor_cls.model import ResistorNetwork

_AT_ONCE = 16  # photos that are read together, by one core: fewer take longer each


class Predictor:
    """A model that reads resistors.

    A model that no labelled photo has trained reads values: the bands alone decide. Any other
    predicts its categories.

    Args:
        model: a trained classifier, or an exported one; by default the one that comes with the
            package, exported.
        read_options: which values are read, see `set_read_options`.

    Attributes:
        calibration: of the model's confidences, fitted on held-out photos; None where the model
            has none.
        argument_prefix: put before the names of arguments in messages and reasons; a command line
            sets `--`.
    """

    def __init__(
        self,
        model: "PhotoNetwork | ResistorNetwork | None" = None,
        read_options: ReadOptions | None = None,
    ) -> None:
        if model is None:
            model = ExportedNetwork.load(RENDERED_ONNX)
        self._model = model if isinstance(model, PhotoNetwork) else _by_torch(model)
        self._prepare = self._model.image_preprocessing()
        saved = self._model.metadata.get("calibration")
        self.calibration = None if saved is None else Calibration.from_dict(saved)
        self.argument_prefix = ""
        self._threshold_by = MODEL_THRESHOLD
        self._threshold: float | None = None  # that the caller chose
        self._reading_calibration = ReadingCalibration.of(self._model.metadata)
        self.set_read_options(read_options or ReadOptions())

    @classmethod
    def load(cls, file: str | Path) -> "Predictor":
        """Loads a model from a file; `resistor_cls.load` also takes models of MLflow.

        Args:
            file: an exported model (`.onnx`), a checkpoint or a weight file; the text `rendered`
                names the model of the package.

        Raises:
            ModelError: see `ResistorNetwork.load`, and `ExportedNetwork.load`.
        """
        path = RENDERED_ONNX if file == "rendered" else Path(file)
        if path.suffix == ONNX_SUFFIX:  # PyTorch takes seconds to import, and is not needed
            return cls(ExportedNetwork.load(path))
        from resistor_cls.model import ResistorNetwork

        return cls(ResistorNetwork.load(file))

    @property
    def categories(self) -> Categories:
        """The label space of the predictions; the list of `set_read_options` where there is one."""
        return self._options.categories or self._model.categories

    @property
    def reads_any_value(self) -> bool:
        """Whether predictions are values, and not the categories of the model."""
        return self._model.reads_any_value

    @property
    def locates(self) -> bool:
        """Whether the model has a detector and reads the crop of the body."""
        return self._model.locates

    @property
    def metadata(self) -> Mapping[str, Any]:
        """Plain values that are saved with the model, such as the photos of its training."""
        return self._model.metadata

    def probabilities(self, photos: Sequence[np.ndarray]) -> np.ndarray:
        """Predicts probabilities of decoded photos.

        Args:
            photos: (height, width, 3) uint8 RGB each, of any size.

        Returns:
            (photos, categories) float32.

        Raises:
            DataError: an array that is not a photo.
        """
        checked = (pixels_of(photo) for photo in photos)
        return predict_probabilities(self._model, (self._prepare(photo).photo for photo in checked))

    def evaluate(self, photos: Sequence[np.ndarray]) -> Evaluated:
        """Evaluates decoded photos, with the calibration of the model.

        Args:
            photos: (height, width, channels) uint8 each, of any size; three channels are RGB.
        """
        bodies = [self._prepare(photo) for photo in photos]
        return evaluate_bodies(self._model, self.calibration, bodies)

    def set_inference(self, views: int | None = None, threshold: float | None = None) -> None:
        """Changes how predictions are made; None leaves a setting as it is.

        Args:
            views: test-time augmentation: the number of rotated and mirrored views that are
                averaged, 1, 2, 4 or 8.
            threshold: probability below which the text is "don't know".

        Raises:
            ConfigError: a value that is invalid, or that the shape of the model's photos excludes.
        """
        if views is not None and self.reads_any_value:
            raise ConfigError(
                f"{self.argument_prefix}views {views}: this model reads bands, and always averages "
                f"the crop and the same crop turned by 180 degrees; leave out "
                f"{self.argument_prefix}views"
            )
        if views is not None:
            name = f"{self.argument_prefix}views "
            check_views(views, self._prepare.shape, name, "this model sees")
        if threshold is not None:
            self._threshold_by = f"{self.argument_prefix}threshold"
            check_threshold(threshold, self._threshold_by)
            self._threshold = float(threshold)
        self._model.set_inference(views, threshold)

    def set_read_options(self, options: ReadOptions) -> None:
        """Chooses the values that are read, and the value that is expected.

        Args:
            options: series and categories are for models that read any value.

        Raises:
            ConfigError: an option that is invalid, or that does not go with this model.
        """
        prefix = self.argument_prefix
        self._reader: ValueReader | None = None
        if self.reads_any_value:
            options.check(prefix)
            self._reader = ValueReader(self._model, self._reading_calibration, options)
        else:
            check_no_options(options, self._model.categories, prefix)
        self._options = options

    def check_risk(self, risk: float) -> None:
        """Checks that the model can guarantee a risk level.

        Raises:
            ConfigError: it cannot.
        """
        if self.reads_any_value:
            raise ConfigError(
                f"{self.argument_prefix}risk {risk:g}: no risk is guaranteed for the values of "
                "photos by any camera; give "
                f"{self.argument_prefix}threshold, or take a model that was trained on your photos"
            )
        check_risk(risk, self.calibration, f"{self.argument_prefix}risk")

    # A text is an iterable of texts too: where both fit, it is one photo.
    @overload
    def predict(  # type: ignore[overload-overlap]
        self, photos: Photo, top: int = 3, risk: float | None = None
    ) -> Prediction: ...

    @overload
    def predict(
        self, photos: Iterable[Photo], top: int = 3, risk: float | None = None
    ) -> Iterator[Prediction]: ...

    def predict(
        self, photos: Photo | Iterable[Photo], top: int = 3, risk: float | None = None
    ) -> Prediction | Iterator[Prediction]:
        """Reads the resistor in one photo, or in each of many.

        Args:
            photos: one photo, or many: a file, the bytes of one, (height, width, 3) uint8 RGB, or
                an image of Pillow, whose EXIF rotation is applied. An array of four dimensions is
                many.
            top: number of candidates of each prediction, 1 or more.
            risk: risk level, the largest share of wrong predictions among the accepted ones; see
                `check_risk`. The guarantee holds for photos like those that calibrated the model.

        Returns:
            For one photo its prediction. For many an iterator of one prediction a photo, in the
            order of the photos, which are read as it advances; one that cannot be read has an
            `error`.

        Raises:
            DataError: the only photo cannot be read.
            ConfigError: see `check_risk`; or `top` is not a whole number of 1 or more.
        """
        each = self._each_photo(photos, top, risk, every=False)
        if is_one(photos):
            return _readable(next(each))[0]
        return (one for (one,) in each)

    @overload
    def predict_bodies(  # type: ignore[overload-overlap]
        self, photos: Photo, top: int = 3, risk: float | None = None
    ) -> list[Prediction]: ...

    @overload
    def predict_bodies(
        self, photos: Iterable[Photo], top: int = 3, risk: float | None = None
    ) -> Iterator[list[Prediction]]: ...

    def predict_bodies(
        self, photos: Photo | Iterable[Photo], top: int = 3, risk: float | None = None
    ) -> list[Prediction] | Iterator[list[Prediction]]:
        """Reads all resistors in one photo, or in each of many; arguments as of `predict`.

        Returns:
            For one photo a prediction for each body, the highest score of the detector first; a
            single one where no body is found. For many an iterator of such lists.

        Raises:
            DataError: the only photo cannot be read.
            ConfigError: see `predict`; or the model has no detector.
        """
        if not self.locates:
            raise ConfigError(
                "this model reads whole photos and finds no bodies: take one that was trained "
                "with model.locate=true"
            )
        each = self._each_photo(photos, top, risk, every=True)
        return _readable(next(each)) if is_one(photos) else each

    def _each_photo(
        self, photos: Photo | Iterable[Photo], top: int, risk: float | None, every: bool
    ) -> Iterator[list[Prediction]]:
        """The predictions of each photo; invalid arguments are an error before the first photo."""
        check_top(top, f"{self.argument_prefix}top")
        if risk is not None:
            self.check_risk(risk)
        several: Any = [photos] if is_one(photos) else photos
        return chain.from_iterable(self._groups(several, top, risk, every))

    def _groups(
        self, photos: Iterable[Photo], top: int, risk: float | None, every: bool
    ) -> Iterator[list[list[Prediction]]]:
        """The predictions of some photos at a time, which are located and read by all cores."""
        parallel = self._model.parallel and may_be_several(photos)
        groups = batched(each_with_bodies(photos, self._prepare, every, parallel), _AT_ONCE)

        def predict(group: Sequence[tuple[Photo, Bodies | DataError]]) -> list[list[Prediction]]:
            return list(self._of_group(group, top, risk, every))

        if not parallel:
            return map(predict, groups)
        return (found for _, found in mapped_in_order(predict, groups, usable_cores()))

    def _of_group(
        self,
        photos: Sequence[tuple[Photo, Bodies | DataError]],
        top: int,
        risk: float | None,
        every: bool,
    ) -> Iterator[list[Prediction]]:
        bodies = [one for _, of_photo in photos if isinstance(of_photo, list) for one in of_photo]
        predictions = iter(self._of_bodies(bodies, top, risk))
        for photo, of_photo in photos:
            file = Path(photo) if isinstance(photo, str | os.PathLike) else None
            if isinstance(of_photo, DataError):
                yield [Prediction(file, error=str(of_photo))]
                continue
            yield [
                replace(
                    next(predictions), photo=file, body=number if every and one.located else None
                )
                for number, one in enumerate(of_photo, start=1)
            ]

    def _of_bodies(
        self, bodies: Sequence[PreprocessedImage], top: int, risk: float | None
    ) -> list[Prediction]:
        if self._reader is not None:
            saved = self._reading_calibration.threshold
            return self._reader.predict(
                bodies, top, saved if self._threshold is None else self._threshold
            )
        found = evaluate_bodies(self._model, self.calibration, bodies)
        return [self._of_body(body, found, place, top, risk) for place, body in enumerate(bodies)]

    def _of_body(
        self, body: PreprocessedImage, found: Evaluated, place: int, top: int, risk: float | None
    ) -> Prediction:
        familiar = found.familiar
        prediction = category_prediction(
            body,
            found.probabilities[place],
            found.confidences[place],
            self.categories,
            top,
            located=body.located if self.locates else None,
            familiar=None if familiar is None else bool(familiar[place]),
            missed_limit=self._missed_limit(found, place, risk),
            calibrated=self.calibration is not None,
        )
        expected = self._options.expected
        if expected is None:
            return prediction
        same = [equal_ohms(category.ohms, expected) for category in self.categories]
        threshold = self._model.probability_threshold or DEFAULT_THRESHOLD
        certain = bool(prediction.accepted) and (prediction.confidence or 0) >= threshold
        likely = float(found.confidences[place][same].sum())
        return with_verdict(prediction, expected, likely, threshold, certain=certain)

    def _missed_limit(self, found: Evaluated, place: int, risk: float | None) -> str | None:
        """The limit that the confidence does not reach, in words; None where it reaches all."""
        guaranteed = found.calibrated
        if (
            risk is not None
            and guaranteed is not None
            and guaranteed.accepted[place, RISKS.index(risk)] != 1
        ):
            return f"{self.argument_prefix}risk {risk:g}"
        threshold = self._model.probability_threshold
        if threshold and found.probabilities[place].max() < threshold:
            return f"{self._threshold_by} {threshold:g}"
        return None


def _by_torch(network: "ResistorNetwork") -> PhotoNetwork:
    from resistor_cls.model.torch_network import TorchNetwork

    return TorchNetwork.ready(network)


def _readable(predictions: list[Prediction]) -> list[Prediction]:
    """The predictions of an only photo, which has to be readable."""
    if predictions[0].error is not None:
        raise DataError(predictions[0].error)
    return predictions
