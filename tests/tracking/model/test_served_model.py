"""A served model gives what `Predictor` gives, as columns."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from resistor_cls.inference import Predictor
from resistor_cls.model import build_trainer
from tests.helpers.opened import opened, tiny


@pytest.mark.filterwarnings("ignore:.*type hint")
def test_a_row_of_a_served_model_is_a_prediction(photos: Path, tmp_path: Path) -> None:
    data = opened(photos, tmp_path)
    trainer = build_trainer(tmp_path / "t", accelerator="cpu", precision="32-true")
    trainer.validate(tiny(data), data, verbose=False)
    file = tmp_path / "model.ckpt"
    trainer.save_checkpoint(file)
    batch = np.random.default_rng(0).integers(0, 256, (3, 40, 40, 3), np.uint8)

    from resistor_cls.tracking.model.served_model import ServedClassifier  # MLflow warns of it

    served = ServedClassifier()
    served.load_context(SimpleNamespace(artifacts={"checkpoint": str(file)}))
    table = served.predict(None, batch)
    names = data.categories.names
    first = ["category", "confidence", "calibrated", "located", "familiar"]
    assert list(table) == [*first, *(f"p:{name}" for name in names)]
    predictions = list(Predictor.load(file).predict(list(batch), top=len(names)))
    for row, prediction in zip(table.to_dict("records"), predictions, strict=True):
        best = prediction.candidates[0]
        assert (row["category"], row["confidence"]) == (best.category, prediction.confidence)
        assert (row["calibrated"], row["located"], row["familiar"]) == (False, True, True)
        for one in prediction.candidates:
            assert row[f"p:{one.category}"] == one.probability
