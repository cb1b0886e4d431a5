"""Signature and input example of a logged model."""

import json

import numpy as np
import pytest

from resistor_cls.tracking.model.example import decoded, encoded
from resistor_cls.tracking.model.logged_model import signature


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_the_signature_says_what_the_model_takes_and_gives(channels: int) -> None:
    given = signature(["a", "b"], channels)
    assert given.inputs.inputs[0].shape[-1] == channels
    outputs = ["category", "confidence", "calibrated", "located", "familiar", "p:a", "p:b"]
    assert given.outputs.input_names() == outputs


def test_an_example_travels_as_text() -> None:
    photo = np.arange(24, dtype=np.uint8).reshape(1, 2, 4, 3)
    assert np.array_equal(decoded(json.loads(json.dumps(encoded(photo)))), photo)
