"""The values of a page's model: all that its code reads, so that each rule has one place."""

import re
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np

from resistor_cls import decoding
from resistor_cls.bands import BANDS
from resistor_cls.code_priors import DEFAULT_SERIES
from resistor_cls.colour_code import DIGIT_BANDS, ohms_in_words, tolerance_in_words
from resistor_cls.inference import quality, value_reader, wording
from resistor_cls.inference.reading_calibration import ReadingCalibration
from resistor_cls.model.detector import decoding as peaks
from resistor_cls.model.detector import search

_CONSTANT = re.compile(r"_?[A-Z][A-Z0-9_]*")
# Of which the page's code reads the constants, by the name that it calls them.
_MODULES: Mapping[str, ModuleType] = {
    "search": search,
    "peaks": peaks,
    "quality": quality,
    "values": decoding,
    "reader": value_reader,
    "wording": wording,
}


def page_values(header: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Plain values for `model.json`.

    Args:
        header: of an exported model that reads any value, with a detector.
        name: of the model, as the page shows it.
    """
    calibration, detector = ReadingCalibration.of(header["card"]), header["detector"]
    return {
        "name": name,
        "version": header["version"],
        "threshold": calibration.threshold,
        "calibration": {"temperature": calibration.temperature, "fitted": calibration.fitted},
        "network": {"shape": detector["shape"], "margin": detector["margin"]},
        "detector": {"threshold": detector["threshold"]},
        "codes": _codes(DEFAULT_SERIES),
        "constants": {key: constants_of(module) for key, module in _MODULES.items()},
    }


def _codes(series: str) -> dict[str, Any]:
    """All codes of a series, their priors and their words."""
    space = decoding.code_space(series)
    return {
        "bands": list(BANDS),
        "ohms": space.ohms.tolist(),
        "ohmsInWords": [ohms_in_words(ohms) for ohms in space.ohms.tolist()],
        "tolerancesInWords": [tolerance_in_words(one) for one in decoding.ALL_TOLERANCES],
        "digits": {
            digits: {
                "numbers": numbers.tolist(),
                "weights": space.weights[digits].tolist(),
                "values": space.values[digits].tolist(),
            }
            for digits, numbers in space.numbers.items()
        },
        "lastLogWeights": {
            count: decoding.last_log_weights(count).tolist() for count in DIGIT_BANDS
        },
    }


def constants_of(module: ModuleType) -> dict[str, Any]:
    """The constants of a module by their names, without the underscore of private ones.

    Numbers, texts, and lists and dictionaries of them; others are left out.
    """
    found = {}
    for name, value in vars(module).items():
        if _CONSTANT.fullmatch(name):
            try:
                found[name.removeprefix("_")] = _plain(value)
            except TypeError:  # a pattern, or a class
                continue
    return found


def _plain(value: Any) -> Any:
    """The same as JSON holds it.

    Raises:
        TypeError: something else than numbers, texts, lists and dictionaries.
    """
    if isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, frozenset):
        return sorted(_plain(one) for one in value)
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    raise TypeError(type(value).__name__)
