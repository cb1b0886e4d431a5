"""The signature says what a served model gives."""

import json

import pytest
from mlflow.exceptions import MlflowException
from mlflow.models.utils import _enforce_type

from resistor_cls.inference.prediction import Box, Candidate, Prediction
from resistor_cls.tracking.model.signature import model_signature

READ = Prediction(
    None, "4.7 kΩ", 4700.0, 0.05, 0.25, ("yellow", "violet", "red", "gold"), "4K7_1-4W", 0.9,
    accepted=True, located=True, familiar=True, box=Box(1.5, 2.5, 3.5, 4.5, 5.0),
    candidates=(Candidate("4.7 kΩ", None, "4K7_1-4W", 0.9, 0.9),),
    markings=(("yellow", "violet", "red", "gold"),), body=1,
)  # fmt: skip


@pytest.mark.parametrize("prediction", [READ, Prediction(None, error="no file")])
def test_the_outputs_are_the_fields_of_a_prediction(prediction: Prediction) -> None:
    outputs = model_signature().outputs
    fields = json.loads(json.dumps(prediction.as_json()))
    assert list(fields) == outputs.input_names()
    for one in outputs.inputs:
        _enforce_type(fields[one.name], one.type, one.required)
        with pytest.raises(MlflowException):
            _enforce_type(3j, one.type, one.required)
