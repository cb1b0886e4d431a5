"""How MLflow itself serves a model of ours; run by MLflow, from the files of the model."""

from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.pyfunc import PythonModel


class ServedClassifier(PythonModel):
    """A `ResistorClassifier` behind MLflow's generic interface."""

    def load_context(self, context: Any) -> None:
        """Loads the checkpoint among the model's files."""
        from resistor_cls.inference import Predictor

        self._predictor = Predictor.load(Path(context.artifacts["checkpoint"]))

    def predict(self, context: Any, model_input: np.ndarray, params: Any = None) -> pd.DataFrame:
        """Probabilities of photos.

        Args:
            context: unused; the model is loaded.
            model_input: (photos, height, width, channels) uint8; three are RGB.
            params: unused.

        Returns:
            A row per photo, a column per category.
        """
        photos = np.asarray(model_input, dtype=np.uint8)
        probabilities = self._predictor.probabilities(list(photos))
        return pd.DataFrame(probabilities, columns=list(self._predictor.categories.names))


mlflow.models.set_model(ServedClassifier())
