"""Whether each value that was set is of the type of its default."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from resistor_cls.config.choices import is_choice
from resistor_cls.config.command_line import key_of
from resistor_cls.config.plain import flatten
from resistor_cls.config.rules import RULES
from resistor_cls.errors import ConfigError

if TYPE_CHECKING:
    from omegaconf import DictConfig

_OWN = ".safetensors"  # a file of one's own
# Rows and columns instead of a side, a weight for each category instead of a word.
_LISTS = ("image_size", "class_weights")


def check_types(config: "DictConfig", defaults: "DictConfig", overrides: Sequence[str]) -> None:
    """Compares the type of each value that was set with the type of its default.

    Raises:
        ConfigError: a value of another type, or one that was not set and has no default.
    """
    from omegaconf import OmegaConf

    for key, value in flatten(config, resolve=False).items():
        if value == "???" and not key.startswith("hydra."):
            raise ConfigError(f"{key} is missing: add {key}=…")
    for word in overrides:
        key = key_of(word)
        if is_choice(word) or key.startswith(("~", "hydra")):
            continue
        try:
            default = OmegaConf.select(defaults, key)
        except Exception:  # an interpolation or a missing value: nothing to compare with
            continue
        value = OmegaConf.select(config, key, throw_on_missing=False)
        fits = _may_be_null(default) if value is None else _fits(value, default)
        empty = OmegaConf.is_dict(value) and not value and key in RULES
        if not empty and (default is None or fits):
            continue
        if OmegaConf.is_config(default):
            raise ConfigError(f"{key}={value!r}: expected keys below it, such as {key}.…=…")
        if default is None:
            raise ConfigError(f"{key}={value!r}: {RULES[key].expected(value)}")
        raise ConfigError(f"{key}={value!r}: expected {_kind(default)} such as {default!r}")


def _may_be_null(default: Any) -> bool:
    """Whether null is a value of a key that has a default: text, and what is done to photos."""
    name = getattr(default, "_key", lambda: None)()
    return isinstance(default, str) or name in ("augment", "mix")


def _fits(value: Any, default: Any) -> bool:
    if isinstance(default, str):
        # `auto` and its like stand for a number or a switch that may be given too.
        return isinstance(value, str | int | float | bool) or _is_list(value)
    if isinstance(default, bool) and (_makes(value) or str(value).endswith(_OWN)):
        return True  # in the place of what `true` stands for
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(value, bool) and isinstance(default, bool)
    if isinstance(default, float):
        return isinstance(value, int | float)
    if isinstance(default, int):
        return isinstance(value, int) or _is_list(value)
    number = _is_list(default) and isinstance(value, int)
    return number or not isinstance(value, str | int | float)


def _is_list(value: Any) -> bool:
    """Whether a value is a list of a key that takes one in the place of its default."""
    name = getattr(value, "_key", lambda: None)()
    return name in _LISTS and isinstance(value, Sequence)


def _makes(value: Any) -> bool:
    """Whether a value describes the making of an object."""
    return isinstance(value, Mapping) and "_target_" in value


def _kind(default: Any) -> str:
    kinds = {bool: "true or false,", int: "a whole number", float: "a number", str: "text"}
    return kinds.get(type(default), type(default).__name__)
