"""How MLflow itself serves a model of ours; run by MLflow, from the files of the model."""

from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.pyfunc import PythonModel


class ServedClassifier(PythonModel):
    """A `ResistorNetwork` behind MLflow's generic interface."""

    def load_context(self, context: Any) -> None:
        """Loads the checkpoint among the model's files."""
        import torch

        from resistor_cls.evaluation.calibration import Calibration
        from resistor_cls.model import ResistorNetwork

        model = ResistorNetwork.load(Path(context.artifacts["checkpoint"]))
        self._prepare = model.image_preprocessing()
        self._model = model.eval().to("cuda" if torch.cuda.is_available() else "cpu")
        record = model.metadata.get("calibration")
        self._calibration = None if record is None else Calibration.from_dict(record)

    def predict(self, context: Any, model_input: np.ndarray, params: Any = None) -> pd.DataFrame:
        """Predictions for photos.

        Args:
            context: unused; the model is loaded.
            model_input: (photos, height, width, channels) uint8; three are RGB.
            params: unused.

        Returns:
            A row per photo: the most probable `category`; the `confidence` in it, which is its
            calibrated probability where `calibrated` is true, else its probability, and nan where
            no body was found; whether the body was `located`, true of a model that does not look
            for it; whether the photo is `familiar`, like those that calibrated the model, true
            where that is not tested; and for each category its probability, as `p:CATEGORY`.
        """
        from resistor_cls.evaluation.calibration import apply_calibration
        from resistor_cls.inference.batches import probabilities_and_features

        prepared = [self._prepare(photo) for photo in np.asarray(model_input, dtype=np.uint8)]
        likely, features = probabilities_and_features(self._model, (one.photo for one in prepared))
        located = np.array([one.located for one in prepared], dtype=bool)
        confidences, familiar = likely.max(axis=1).astype(float), None
        if self._calibration is not None:
            found = apply_calibration(likely, self._calibration, located, features)
            confidences, familiar = found.confidences, found.familiar
        confidences = np.where(located, confidences, np.nan)  # nothing is named, as by `predict`
        names = np.array(self._model.categories.names, dtype=object)
        first = {
            "category": names[likely.argmax(axis=1)],
            "confidence": confidences,
            "calibrated": self._calibration is not None,
            "located": located,
            "familiar": True if familiar is None else familiar,
        }
        columns = {
            f"p:{name}": row.astype(float) for name, row in zip(names, likely.T, strict=True)
        }
        return pd.DataFrame(first | columns)


mlflow.models.set_model(ServedClassifier())
