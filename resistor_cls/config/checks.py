"""What is wrong with a config that can be found at once, before seconds of imports and any photo.

The packages check the same values again, for those who use them as a library.
"""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resistor_cls.config.keys import FOLDER, KEYS, description_of
from resistor_cls.config.plain import known_values
from resistor_cls.custom_code import check_allowed, is_import_path
from resistor_cls.errors import ConfigError, printable

if TYPE_CHECKING:
    from omegaconf import DictConfig

# Keys that may name custom code.
_CODE = ("data.source", "model.backbone")
# Beyond it, neither NumPy nor a database takes a whole number.
_MAX_WHOLE = 2**63 - 1


def check_config(config: "DictConfig") -> None:
    """Checks all values of a composed config, and the files and the code that they name.

    Raises:
        ConfigError: a value that its key does not take, a file that does not exist.
        ModelError: custom code that is not allowed.
        omegaconf.errors.OmegaConfBaseException: an interpolation that cannot be resolved.
    """
    values = known_values(config)
    check_values(values)
    for key in _CODE:
        # Printable: the message shows it.
        if is_import_path(path := printable(str(values.get(key)))):
            check_allowed(path, key)
    check_files(values)


def check_values(values: Mapping[str, Any]) -> None:
    """Checks the type, range and choices of each value.

    Args:
        values: of the whole config, as dotted keys and plain values.

    Raises:
        ConfigError: names the key, the value and what is expected.
    """
    # A model takes over values of other groups: they are named by the key that they were given to.
    for key in sorted(values, key=lambda key: key.startswith("model.")):
        _check_value(key, values[key])


def _check_value(key: str, value: Any) -> None:
    if value == "???":  # how OmegaConf shows a missing value
        raise ConfigError(f"{key} is missing: add {key}=…")
    shown = f"{key}={shown_value(value)}"
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, float) and not math.isfinite(one):
            raise ConfigError(f"{shown}: expected a finite number")
        if isinstance(one, int) and abs(one) > _MAX_WHOLE:
            raise ConfigError(f"{shown}: expected a number below 2^63")
    for parent in _parents(key):
        if parent in KEYS and not (values := KEYS[parent].values).has_keys:
            raise ConfigError(f"{shown}: {parent} has no keys; {values.refusal({})}")
    if (name := description_of(key)) is not None:
        if not (values := KEYS[name].values).accepts(value):
            raise ConfigError(f"{shown}: {values.refusal(value)}")
    elif below := next((one for one in KEYS if one.startswith(f"{key}.")), None):
        raise ConfigError(f"{shown}: expected keys below it, such as {below}=…")


def shown_value(value: Any) -> str:
    """A value as it stands in a message, in one line."""
    return printable(str(value)) if value != "" else "''"


def _parents(key: str) -> Iterator[str]:
    """The keys above a key, the nearest first."""
    while key := key.rpartition(".")[0]:
        yield key


def check_files(values: Mapping[str, Any]) -> None:
    """Checks that the files and folders are there that values name.

    Args:
        values: see `check_values`.

    Raises:
        ConfigError: names the key, the path and what is expected there.
    """
    for key, (allowed, _) in KEYS.items():
        value = values.get(key)
        if allowed.file and isinstance(value, str) and value.endswith(allowed.suffix):
            _check_there(key, value, allowed.file)
    source, root = values.get("data.source"), values.get("data.root")
    if source == "folder" or (source == "table" and root is not None):
        _check_there("data.root", str(root), FOLDER)


def _check_there(key: str, value: str, expected: str) -> None:
    try:
        path = Path(value).expanduser().absolute()
        there = path.exists()
    except (OSError, RuntimeError, ValueError) as error:  # too long, no such home, a null byte
        raise ConfigError(
            f"{key}={shown_value(value)} cannot be read ({error}): expected {expected}"
        ) from error
    if not there:
        raise ConfigError(f"{key}={shown_value(path)} does not exist: expected {expected}")
