import json
import re
from types import ModuleType

import numpy as np

from resistor_cls.decoding import code_space
from resistor_cls.exporting.web.values import constants_of, page_values
from resistor_cls.inference import quality
from resistor_cls.inference.reading_calibration import ReadingCalibration
from resistor_cls.model.exported.files import RENDERED_ONNX, read_exported


def test_constants_are_plain_and_without_underscore() -> None:
    module = ModuleType("example")
    vars(module).update(
        LIMIT=2.5,
        _OWN=(1, 2),
        COLOURS=frozenset({"red", "blue"}),
        WEIGHTS=np.array([0.5, 1.5]),
        PLACES={3: 2},
        _PATTERN=re.compile("x"),
        small=1,
        Name=2,
    )
    assert constants_of(module) == {
        "LIMIT": 2.5,
        "OWN": [1, 2],
        "COLOURS": ["blue", "red"],
        "WEIGHTS": [0.5, 1.5],
        "PLACES": {"3": 2},
    }


def test_the_values_of_a_page_are_those_of_python() -> None:
    header = read_exported(RENDERED_ONNX).header
    values = json.loads(json.dumps(page_values(header, "rendered"), allow_nan=False))
    calibration = ReadingCalibration.of(header["card"])
    assert values["reads"] == "values"
    assert values["values"]["threshold"] == calibration.threshold
    assert values["values"]["temperature"] == calibration.temperature
    assert values["detector"]["threshold"] == header["detector"]["threshold"]
    assert values["constants"]["quality"]["NO_COLOUR"] == quality.NO_COLOUR
    space = code_space("E96")
    codes = values["values"]["codes"]
    assert codes["ohms"] == space.ohms.tolist()
    assert codes["digits"]["2"]["weights"] == space.weights[2].tolist()
    assert codes["ohmsInWords"][codes["ohms"].index(4700.0)] == "4.7 kΩ"
