"""How MLflow serves a model; MLflow runs this file from the files of the model.

It uses few names of `resistor_cls`, all of them public, so that a process that has imported a later
version can load the model too.
"""

import base64
import os
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.pyfunc import PythonModel

from resistor_cls.errors import DataError
from resistor_cls.inference import Prediction, Predictor

PHOTO = "photo"  # the column of the input
MIN_ENCODED = 64  # bytes; the smallest photos have about 70
MAX_PATH = 4096  # characters, of Linux


class ServedModel(PythonModel):
    """A `Predictor` behind MLflow's generic interface."""

    def load_context(self, context: Any) -> None:
        """Loads the checkpoint among the model's files."""
        self._predictor = Predictor.load(Path(context.artifacts["checkpoint"]))

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: Any = None
    ) -> list[dict[str, Any]]:
        """Predictions for photos.

        Args:
            context: unused; the model is loaded.
            model_input: a table with the column `photo`. MLflow makes it of a dictionary, of a list
                of dictionaries, and of what a request holds. A photo is the bytes of a file, the
                same as base64 text, the name of a file that this machine has, or (height, width,
                channels) of whole numbers from 0 to 255, three channels in the order RGB.
            params: unused.

        Returns:
            The fields of a `Prediction` for each photo, in order; one that cannot be read has an
            `error`.
        """
        photos = [_photo(value) for value in _each(model_input[PHOTO])]
        readable = [one for one in photos if not isinstance(one, DataError)]
        predictions = self._predictor.predict(readable)
        return [
            (
                Prediction(None, error=str(one))
                if isinstance(one, DataError)
                else next(predictions)
            ).as_json()
            for one in photos
        ]


def _each(column: Any) -> list[Any]:
    """The photos of a column; MLflow puts all texts of a list into one cell."""
    found: list[Any] = []
    for value in column:
        many = isinstance(value, list) and value and isinstance(value[0], str | bytes)
        found += value if many else [value]
    return found


def _photo(value: Any) -> Any:
    """A photo as `Predictor.predict` takes it, or the error of one that is none."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return _of_text(value)
    if isinstance(value, list | np.ndarray):
        return _of_numbers(value)
    return DataError(
        f"a photo of the type {type(value).__name__}: expected the bytes of a file, base64 text, "
        "the name of a file, or an array"
    )


def _of_text(text: str) -> Any:
    if os.path.isfile(text):  # noqa: PTH113  # Path raises where a text is longer than any name
        return text
    encoded = text.partition(",")[2] if text.startswith("data:") else text
    try:
        content = base64.b64decode("".join(encoded.split()), validate=True)
    except ValueError:
        content = b""
    if len(content) >= MIN_ENCODED:
        return content
    if len(text) > MAX_PATH:
        return DataError(
            f"a text of {len(text):,} characters: expected base64 of the bytes of a photo, or the "
            "name of a file"
        )
    return text  # the error of a file that does not exist names it


def _of_numbers(values: Any) -> Any:
    try:
        photo = np.asarray(values)
    except ValueError:
        return DataError("an array whose rows differ in length: expected (height, width, 3)")
    if photo.dtype.kind not in "iu" or not photo.size or photo.min() < 0 or photo.max() > 255:
        return DataError(
            f"an array of shape {photo.shape} and type {photo.dtype}: expected (height, width, 3) "
            "of whole numbers from 0 to 255, RGB"
        )
    return photo.astype(np.uint8, copy=False)


mlflow.models.set_model(ServedModel())
