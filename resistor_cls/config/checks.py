"""What is wrong with a config that can be seen at once, before seconds of imports and any photo.

The packages check the same values again, for those who use them as a library.
"""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from resistor_cls.config.command_line import MAY_BE_EMPTY, TEXT_KEYS
from resistor_cls.config.rules import RULES, number
from resistor_cls.custom_code import check_allowed, is_import_path
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
# Keys that name a file if their value ends so.
_WEIGHTS = {"model.locate": "a file of a locator", "model.pretrained": "a file of weights"}
# Keys whose value may be keys of its own.
_MAPPINGS = frozenset({"data.stream", "model.layer_lr", "model.locate"})
# Keys that may name code of a user's own.
_CODE = ("data.source", "model.backbone")
_FACTOR = number(0)
# Beyond it, neither NumPy nor a database takes a whole number.
_LARGEST = 2**63 - 1


def check_values(values: dict[str, Any]) -> None:
    """Looks at the values of a composed config.

    Args:
        values: of the whole config, as dotted keys and plain values.

    Raises:
        ConfigError: a value that its key does not take, a file that does not exist.
        ModelError: code of a user's own that is not allowed.
    """
    # A model takes over values of other groups: they are named by the key that they were given to.
    for key in sorted(values, key=lambda key: key.startswith("model.")):
        _check_value(key, values[key])
    for key, rule in RULES.items():
        if key in values and not rule.accepts(value := values[key]):
            raise ConfigError(f"{key}={value}: {rule.expected(value)}")
    for key in _CODE:
        if is_import_path(str(values.get(key))):
            check_allowed(values[key], key)
    for key, expected in _READ.items():
        if values.get(key) is not None:
            _check_there(f"{key}=", str(values[key]), expected)
    for key, expected in _WEIGHTS.items():
        if isinstance(file := values.get(key), str) and file.endswith(".safetensors"):
            _check_there(f"{key}=", file, expected)
    if values.get("costs") is not None:
        _check_there("costs ", f"{values['costs']}", "a CSV table of what each error costs")
    source = values.get("data.source")
    if source == "folder" or (source == "table" and values["data.root"] is not None):
        _check_there("data.root=", str(values["data.root"]), _PHOTOS)


def _check_value(key: str, value: Any) -> None:
    """Checks what needs no rule of the key."""
    check_number(key, value)
    if value == "" and key in TEXT_KEYS - MAY_BE_EMPTY:
        raise ConfigError(f"{key} is empty: expected {key}=…, or leave it out")
    if key.startswith("model.layer_lr.") and not _FACTOR.accepts(value):
        raise ConfigError(f"{key}={value}: expected a factor of optimizer.lr, 0 or more")
    for parent in _parents(key):
        if parent in RULES and parent not in _MAPPINGS:
            raise ConfigError(f"{key}={value}: {parent} has no keys; {RULES[parent].expected({})}")


def _parents(key: str) -> Iterator[str]:
    while "." in key:
        key = key.rpartition(".")[0]
        yield key


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
