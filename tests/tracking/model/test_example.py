"""The input example travels as text."""

import base64
import json

import numpy as np
import pytest

from resistor_cls.data.images.decode import decode_photo
from resistor_cls.inference.samples import input_example
from resistor_cls.tracking.model.example import as_request, decoded, encoded


def test_an_example_travels_as_text() -> None:
    photo = np.arange(24, dtype=np.uint8).reshape(1, 2, 4, 3)
    assert np.array_equal(decoded(json.loads(json.dumps(encoded(photo)))), photo)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_request_holds_every_value_of_the_example(channels: int) -> None:
    (photo,) = input_example(channels)
    text = as_request(photo)
    assert np.array_equal(decode_photo(base64.b64decode(text)), photo)
    assert len(text) < 100_000
