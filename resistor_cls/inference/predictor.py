"""Reads resistors with a saved model."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from resistor_cls.categories import Categories
from resistor_cls.data.photos import SUFFIXES, read_prepared
from resistor_cls.data.walking import LeftOut, kind_of, left_out_line, walk
from resistor_cls.errors import ConfigError, DataError
from resistor_cls.evaluation.calibration import RISKS, Answers, Calibration, answers
from resistor_cls.model import ResistorClassifier, judge
from resistor_cls.model.judge import batched


@dataclass(frozen=True)
class Prediction:
    """The answer for one photo.

    Attributes:
        photo: the file.
        candidates: (category name, probability), the most probable first; empty if the photo
            could not be read.
        error: why it could not be read; empty otherwise.
        located: False where the model looked for the body, found none and judged the whole photo.
        confidence: calibrated probability of the first candidate; None of a model without.
        accepted: whether the answer is sure enough for the risk that was asked for, and for the
            model's probability threshold; None where there is neither. A photo in which no body
            was found never is, for any risk.
    """

    photo: Path
    candidates: tuple[tuple[str, float], ...]
    error: str = ""
    located: bool = True
    confidence: float | None = None
    accepted: bool | None = None


class Predictor:
    """A model that answers.

    Args:
        model: a trained classifier.

    Attributes:
        calibration: what held-out photos have taught about the model's sureness; None where the
            model brings none.
    """

    def __init__(self, model: ResistorClassifier) -> None:
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self._prepare = model.preparation()
        self._model = model.eval().to(self._device)
        record = model.record.get("calibration")
        self.calibration = None if record is None else Calibration.from_record(record)

    @classmethod
    def load(cls, checkpoint: Path) -> "Predictor":
        """Loads a checkpoint.

        Raises:
            ModelError: see `ResistorClassifier.load`.
        """
        return cls(ResistorClassifier.load(checkpoint))

    @property
    def categories(self) -> Categories:
        """The label space of the answers."""
        return self._model.categories

    @property
    def locates(self) -> bool:
        """Whether the model looks for the body and judges what it cuts out."""
        return self._prepare.locates

    def probabilities(self, photos: Sequence[np.ndarray]) -> np.ndarray:
        """Judges decoded photos.

        Args:
            photos: (height, width, 3) uint8 RGB each, of any size.

        Returns:
            (photos, categories) float32.
        """
        return judge(self._model, (self._prepare(photo).photo for photo in photos))

    def answer_by(
        self, views: int | None = None, probability_threshold: float | None = None
    ) -> None:
        """Changes how answers are made; see `ResistorClassifier.answer_by`."""
        self._model.answer_by(views=views, probability_threshold=probability_threshold)

    @property
    def record(self) -> Mapping[str, Any]:
        """Plain values that were saved with the model, such as what it was trained on."""
        return self._model.record

    def check_risk(self, risk: float) -> None:
        """Checks that the model can promise a risk.

        Raises:
            ConfigError: it cannot.
        """
        if risk not in RISKS:
            known = ", ".join(f"{one:g}" for one in RISKS)
            raise ConfigError(f"risk {risk:g}: models promise one of {known}")
        if self.calibration is None:
            raise ConfigError(
                f"risk {risk:g}: the model is not calibrated; take a run of resistor_cls.train, "
                "which calibrates on its validation photos"
            )
        if self.calibration.thresholds[RISKS.index(risk)] is None:
            raise ConfigError(
                f"risk {risk:g}: the model was calibrated on {self.calibration.photos} photos, too "
                "few or too often read wrongly to promise it; its report.html tells more"
            )

    def predict(
        self, files: Iterable[Path], top: int = 3, risk: float | None = None
    ) -> Iterator[Prediction]:
        """Judges files, in their order.

        Args:
            files: photos.
            top: candidates in each answer.
            risk: largest share of wrong answers among those that are `accepted`; see `check_risk`.

        Yields:
            An answer a file; one that cannot be read gets an `error` instead of candidates.
        """
        for group in batched(files):
            prepared, errors = [], {}
            for file in group:
                try:
                    prepared.append(read_prepared(file, self._prepare))
                except DataError as error:
                    errors[file] = str(error)
            likely = judge(self._model, (one.photo for one in prepared))
            located = np.array([one.located for one in prepared], dtype=bool)
            sure = None
            if self.calibration is not None:
                sure = answers(likely, self.calibration, located)
            places = iter(range(len(prepared)))
            for file in group:
                if file in errors:
                    yield Prediction(file, (), errors[file])
                    continue
                place = next(places)
                candidates = self._candidates(likely[place], top)
                told = Prediction(file, candidates, located=bool(located[place]))
                told = told if sure is None else _with_confidence(told, sure, place, risk)
                yield self._held_against_threshold(told)

    def _held_against_threshold(self, told: Prediction) -> Prediction:
        threshold = self._model.probability_threshold
        if not threshold:
            return told
        likely_enough = told.candidates[0][1] >= threshold
        return replace(told, accepted=likely_enough and told.accepted is not False)

    def _candidates(self, row: np.ndarray, top: int) -> tuple[tuple[str, float], ...]:
        names = self.categories.names
        return tuple((names[i], float(row[i])) for i in np.argsort(-row, kind="stable")[:top])


def _with_confidence(told: Prediction, sure: Answers, place: int, risk: float | None) -> Prediction:
    confidence = float(sure.confidences[place])
    if risk is None:
        return replace(told, confidence=confidence)
    accepted = sure.accepted[place, RISKS.index(risk)] == 1
    return replace(told, confidence=confidence, accepted=bool(accepted))


def find_photos(places: Iterable[Path]) -> list[Path]:
    """Photos named directly, and all photos below folders, sorted within each.

    Raises:
        DataError: a place that does not exist, or a folder without photos.
    """
    return look_for_photos(places)[0]


def look_for_photos(places: Iterable[Path]) -> tuple[list[Path], list[LeftOut]]:
    """Photos named directly, and all photos below folders; with what is left out there, and why.

    Args:
        places: files and folders. A file is meant, whatever its suffix.

    Returns:
        The photos, sorted within each folder, and what is left out, named by its path.

    Raises:
        DataError: a place that does not exist, or a folder without photos.
    """
    photos: list[Path] = []
    left_out: list[LeftOut] = []
    for place in places:
        kind = kind_of(place)
        if kind == "file":
            photos.append(place)
            continue
        if kind != "folder":
            raise DataError(f"{place} {kind}: name photos, or folders of photos")
        found = walk(place)
        if not found.photos:
            line = left_out_line(found.left_out, 0)
            raise DataError(
                f"{place} holds no photos ({', '.join(sorted(SUFFIXES))})"
                f"{f'; {line}' if line else ''}"
            )
        photos += sorted(place / name for name in found.photos)
        left_out += [replace(one, name=str(place / one.name)) for one in found.left_out]
    return photos, left_out
