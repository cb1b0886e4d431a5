"""How MLflow serves a model; MLflow runs this file from the files of the model."""

from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.pyfunc import PythonModel


class ServedClassifier(PythonModel):
    """A `Predictor` behind MLflow's generic interface."""

    def load_context(self, context: Any) -> None:
        """Loads the checkpoint among the model's files."""
        from resistor_cls.inference import Predictor

        self._predictor = Predictor.load(Path(context.artifacts["checkpoint"]))

    def predict(self, context: Any, model_input: np.ndarray, params: Any = None) -> pd.DataFrame:
        """Predictions for photos.

        Args:
            context: unused; the model is loaded.
            model_input: (photos, height, width, channels) uint8; three channels are RGB.
            params: unused.

        Returns:
            A row per photo: the most probable `category`; the `confidence` in it, which is its
            calibrated probability where `calibrated` is true, else its probability, and nan where
            no body was found; whether the body was `located`, true of a model that does not look
            for it; whether the photo is `familiar`, like those that calibrated the model, true
            where that is not tested; and for each category its probability, as `p:CATEGORY`.
        """
        predictor = self._predictor
        found = predictor.evaluate(list(np.asarray(model_input, dtype=np.uint8)))
        names = np.array(predictor.categories.names, dtype=object)
        confidences = found.confidences.max(axis=1).astype(float)
        first = {
            "category": names[found.probabilities.argmax(axis=1)],
            # Without a body nothing is predicted, as in `Predictor.predict`.
            "confidence": np.where(found.located, confidences, np.nan),
            "calibrated": predictor.calibration is not None,
            "located": found.located,
            "familiar": True if found.familiar is None else found.familiar,
        }
        columns = {
            f"p:{name}": row.astype(float)
            for name, row in zip(names, found.probabilities.T, strict=True)
        }
        return pd.DataFrame(first | columns)


mlflow.models.set_model(ServedClassifier())
