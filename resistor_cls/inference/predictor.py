"""Reads resistors with a saved model."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch

from resistor_cls.categories import Categories
from resistor_cls.data.photos import SUFFIXES, read_photo
from resistor_cls.errors import DataError
from resistor_cls.model import ResistorClassifier

_Item = TypeVar("_Item")

BATCH = 32  # photos at a time: the size that training validates with


@dataclass(frozen=True)
class Prediction:
    """The answer for one photo.

    Attributes:
        photo: the file.
        candidates: (category name, probability), the most probable first; empty if the photo
            could not be read.
        error: why it could not be read; empty otherwise.
        located: False where the model looked for the body, found none and judged the whole photo.
    """

    photo: Path
    candidates: tuple[tuple[str, float], ...]
    error: str = ""
    located: bool = True


class Predictor:
    """A model that answers.

    Args:
        model: a trained classifier.
    """

    def __init__(self, model: ResistorClassifier) -> None:
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self._prepare = model.preparation()
        self._model = model.eval().to(self._device)

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
        return self._judge([self._prepare(photo)[0] for photo in photos])

    def _judge(self, photos: Sequence[np.ndarray]) -> np.ndarray:
        """As `probabilities`, of prepared photos: (rows, columns, 3) uint8 each."""
        answers = []
        for group in _batched(photos, BATCH):
            batch = torch.from_numpy(np.stack(group))
            # The same steps as in validation, so that the answers are the same to the digit.
            floats = batch.permute(0, 3, 1, 2).to(self._device).float().div(255)
            with torch.inference_mode():
                answers.append(self._model.probabilities(self._model(floats)).cpu().numpy())
        return np.concatenate(answers) if answers else np.empty((0, len(self.categories)), "f4")

    def predict(self, files: Iterable[Path], top: int = 3) -> Iterator[Prediction]:
        """Judges files, in their order.

        Args:
            files: photos.
            top: candidates in each answer.

        Yields:
            An answer a file; one that cannot be read gets an `error` instead of candidates.
        """
        for group in _batched(files, BATCH):
            prepared, errors = [], {}
            for file in group:
                try:
                    prepared.append(self._prepare(read_photo(file)))
                except DataError as error:
                    errors[file] = str(error)
            rows = iter(self._judge([photo for photo, _ in prepared]))
            found = iter(located for _, located in prepared)
            for file in group:
                if file in errors:
                    yield Prediction(file, (), errors[file])
                else:
                    candidates = self._candidates(next(rows), top)
                    yield Prediction(file, candidates, located=next(found))

    def _candidates(self, row: np.ndarray, top: int) -> tuple[tuple[str, float], ...]:
        names = self.categories.names
        return tuple((names[i], float(row[i])) for i in np.argsort(-row, kind="stable")[:top])


def find_photos(places: Iterable[Path]) -> list[Path]:
    """Photos named directly, and all photos below folders, sorted within each.

    Raises:
        DataError: a place that does not exist, or a folder without photos.
    """
    found: list[Path] = []
    for place in places:
        if place.is_dir():
            inside = sorted(
                path
                for path in place.rglob("*")
                if path.suffix.lower() in SUFFIXES
                and not path.name.startswith(".")  # as in a data set: macOS adds ._1.jpg to 1.jpg
                and path.is_file()
            )
            if not inside:
                raise DataError(f"{place} holds no photos ({', '.join(sorted(SUFFIXES))})")
            found += inside
        elif place.exists():
            found.append(place)
        else:
            raise DataError(f"{place} does not exist: name photos, or folders of photos")
    return found


def _batched(items: Iterable[_Item], size: int) -> Iterator[tuple[_Item, ...]]:
    remaining = iter(items)  # itertools.batched needs Python 3.12
    while group := tuple(islice(remaining, size)):
        yield group
