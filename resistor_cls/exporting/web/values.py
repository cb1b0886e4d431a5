"""The values of a page's model: all that its code reads, so that each rule has one place."""

import re
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np

from resistor_cls import decoding
from resistor_cls.bands import BANDS
from resistor_cls.categories import Categories
from resistor_cls.code_priors import DEFAULT_SERIES
from resistor_cls.colour_code import DIGIT_BANDS, ohms_in_words, tolerance_in_words
from resistor_cls.evaluation.calibration import Calibration, temperature
from resistor_cls.inference import quality, value_reader, wording
from resistor_cls.inference.prediction import reading_of
from resistor_cls.inference.reading_calibration import ReadingCalibration
from resistor_cls.model import tta
from resistor_cls.model.activations import activation_name
from resistor_cls.model.checkpoint.schema import Settings
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
    "views": tta,
    "temperature": temperature,
}


def page_values(header: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Plain values for `model.json`.

    Args:
        header: of an exported model with a detector.
        name: of the model, as the page shows it.
    """
    detector = header["detector"]
    reads = "values" if header["reads_any_value"] else "categories"
    return {
        "name": name,
        "version": header["version"],
        "network": {"shape": detector["shape"], "margin": detector["margin"]},
        "detector": {"threshold": detector["threshold"]},
        "reads": reads,
        reads: _of_values(header) if reads == "values" else _of_categories(header),
        "constants": {key: constants_of(module) for key, module in _MODULES.items()},
    }


def calibration_of(header: Mapping[str, Any]) -> Calibration | None:
    """The calibration of a model that predicts its categories; None where it has none."""
    saved = header["card"].get("calibration")
    return None if saved is None else Calibration.from_dict(saved)


def _of_values(header: Mapping[str, Any]) -> dict[str, Any]:
    """What a model needs that reads any value."""
    calibration = ReadingCalibration.of(header["card"])
    return {
        "threshold": calibration.threshold,
        "temperature": calibration.temperature,
        "fitted": calibration.fitted,
        "codes": _codes(DEFAULT_SERIES),
    }


def _of_categories(header: Mapping[str, Any]) -> dict[str, Any]:
    """What a model needs that predicts its categories."""
    settings = Settings.model_validate(header["settings"])
    calibration, threshold = calibration_of(header), settings.probability_threshold
    familiarity = None if calibration is None else calibration.familiarity
    return {
        "list": [
            {
                "value": category.value_in_words,
                "text": category.in_words,
                "ohms": category.ohms,
                "category": category.name,
                "reading": reading_of(category),
            }
            for category in Categories(settings.categories)
        ],
        "activation": activation_name(settings.loss, settings.activation),
        "views": settings.views,
        "threshold": threshold,
        "limit": f"{wording.MODEL_THRESHOLD} {threshold:g}",
        "temperature": None if calibration is None else calibration.temperature,
        "familiarity": None
        if familiarity is None or not header["features"]
        else {"columns": familiarity.references.shape[1], "limit": familiarity.limit},
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
