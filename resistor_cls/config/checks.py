"""What is wrong with a config that can be seen at once, before seconds of imports and any photo.

The packages check the same values again, for those who use them as a library.
"""

import math
from pathlib import Path
from typing import Any

from resistor_cls.errors import ConfigError

_PHOTOS = "a folder with one folder of photos per category"
_NAMES = "a file with one name per line"
_TABLE = "a .csv, .parquet or .pq table"
# Keys that name what is read → what is expected there.
_READ = {
    "augment.pipeline.file": "a pipeline that albumentations has saved, JSON or YAML",
    "data.categories": _NAMES,
    "data.table": f"{_TABLE} with a row per photo",
    "data.test": f"{_PHOTOS}, or {_TABLE}",
    "data.validation": f"{_PHOTOS}, or {_TABLE}",
    "model.steps": "a file of deterministic albumentations steps",
    "pseudo.photos": "a folder of photos",
}
# Whole numbers that would be looked at only after the photos are read → the least.
_LEAST = {"unknown": 0, "gallery": 1, "trainer.max_epochs": 1}  # -1 would never end
_NOT_NEGATIVE = ("optimizer.lr", "optimizer.weight_decay")
# Beyond it, neither NumPy nor a database takes a whole number.
_LARGEST = 2**63 - 1


def check_values(values: dict[str, Any]) -> None:
    """Looks at the values of a composed config.

    Args:
        values: of the whole config, as dotted keys and plain values.

    Raises:
        ConfigError: a file that is not there, a number that is none or too large.
    """
    for key, value in values.items():
        check_number(key, value)
        if key.startswith("model.layer_lr.") and not isinstance(value, int | float):
            raise ConfigError(f"{key}={value}: expected a factor of optimizer.lr")
    for key, least in _LEAST.items():
        if isinstance(value := values.get(key), int) and value < least:
            raise ConfigError(f"{key}={value}: expected {least} or more")
    for key in _NOT_NEGATIVE:
        if isinstance(value := values.get(key), int | float) and value < 0:
            raise ConfigError(f"{key}={value}: expected 0 or more")
    if isinstance(scale := values.get("model.layer_lr"), int | float):
        raise ConfigError(f"model.layer_lr={scale}: expected names of layers, such as {{fc: 10}}")
    for key, expected in _READ.items():
        if values.get(key) is not None:
            _check_there(f"{key}=", str(values[key]), expected)
    if values.get("costs") is not None:
        _check_there("costs ", f"{values['costs']}", "a CSV table of what each error costs")
    source = values.get("data.source")
    if source == "folder" or (source == "table" and values["data.root"] is not None):
        _check_there("data.root=", str(values["data.root"]), _PHOTOS)


def check_number(key: str, value: Any) -> None:
    """Checks that a number, or each of a list, can be computed with.

    Raises:
        ConfigError: it is infinite, not a number, or too large.
    """
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, float) and not math.isfinite(one):
            raise ConfigError(f"{key}={value}: expected a finite number")
        if isinstance(one, int) and abs(one) > _LARGEST:
            raise ConfigError(f"{key}={value}: expected a number below 2^63")


def _check_there(named: str, value: str, expected: str) -> None:
    try:
        path = Path(value).expanduser().absolute()
        there = path.exists()
    except (OSError, RuntimeError, ValueError) as error:  # too long, no such home, a null byte
        raise ConfigError(
            f"{named}{value} cannot be read ({error}): expected {expected}"
        ) from error
    if not there:
        shown = f"{value}: {path}" if named.endswith(" ") else path
        raise ConfigError(f"{named}{shown} does not exist: expected {expected}")
