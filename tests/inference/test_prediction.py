import math
from pathlib import Path

import pytest

from resistor_cls.data.geometry import OrientedBox
from resistor_cls.inference.prediction import Box, Prediction


def test_a_box_states_degrees_and_gives_the_oriented_box_back() -> None:
    oriented = OrientedBox(10.0, 20.0, math.radians(-30), 70.0, 24.0, 0.9)
    box = Box.of(oriented)
    assert (box.x, box.y, box.length, box.width) == (10, 20, 70, 24)
    assert box.degrees == pytest.approx(150)
    assert box.oriented.angle == pytest.approx(math.radians(150))
    assert math.isnan(box.oriented.score)


def test_json_holds_the_fields_and_lengths_to_a_tenth() -> None:
    box = Box(10.04, 20.06, 70.111, 24.0, 179.96)
    fields = Prediction(Path("a.jpg"), text="don't know", box=box, label="10R").as_json()
    assert fields["photo"] == "a.jpg"
    assert fields["box"] == {"x": 10.0, "y": 20.1, "length": 70.1, "width": 24.0, "degrees": 0.0}
    assert "label" not in fields
