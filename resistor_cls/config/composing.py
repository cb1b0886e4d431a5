"""From `conf/` and `key=value` words to a config, and from its nodes to objects."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from resistor_cls.config.checks import check_values
from resistor_cls.config.choices import groups, options_of
from resistor_cls.config.command_line import CONF, escaped, read_words
from resistor_cls.config.messages import explained, refused_value
from resistor_cls.config.plain import known_values
from resistor_cls.errors import ConfigError, first_line

if TYPE_CHECKING:
    from omegaconf import DictConfig

# Keys of `loss` that are not arguments of a custom loss (`loss._target_`).
_OF_EVERY_LOSS = ("name", "label_smoothing", "class_weights", "focal_gamma")


def compose(name: str = "train", overrides: Sequence[str] = ()) -> "DictConfig":
    """Composes a config without running anything.

    Args:
        name: of the config in `conf/`.
        overrides: `key=value` words.

    Raises:
        ConfigError: an unknown key or option, a value of the wrong type.
    """
    from omegaconf import open_dict

    config = compose_with_hydra(name, overrides)
    with open_dict(config):
        del config["hydra"]
    return config


def compose_with_hydra(name: str, overrides: Sequence[str]) -> "DictConfig":
    """The config, and Hydra's own settings below `hydra`."""
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir

    overrides = read_words(overrides)
    with initialize_config_dir(str(CONF), version_base="1.3"), explained(name, overrides):
        _check_choices(overrides)
        config = hydra_compose(name, list(overrides), return_hydra_config=True)
        check_values(known_values(config))
    return config


def _check_choices(words: Sequence[str]) -> None:
    """Checks that what is chosen from each group is the name of an option.

    Raises:
        ConfigError: values instead of a name, or another place in the config.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser

    for one in OverridesParser.create().parse_overrides(list(words)):
        group = str(one.key_or_group)
        if group not in groups() or one.is_delete() or one.is_sweep_override():
            continue
        value = one.value()
        known = ", ".join(options_of(group, words))
        if one.package is not None and not one.is_add():
            raise ConfigError(f"{one.input_line}: expected {group}=…, one of {known}")
        names = value if isinstance(value, list) else [value]
        nothing = value is None and group in ("experiment", "sweep", "data")
        if not nothing and not all(isinstance(name, str) for name in names):
            raise ConfigError(
                f"{one.input_line}: expected one of {known}; keys below it are set by {group}.…=…"
            )


def instantiate(node: Any, **values: Any) -> Any:
    """Makes the object that a node with a `_target_` describes.

    Raises:
        ConfigError: a target or an argument that does not exist or cannot be used.
    """
    import hydra.utils
    from hydra.errors import InstantiationException
    from omegaconf import OmegaConf

    plain = OmegaConf.to_container(node, resolve=True) if OmegaConf.is_config(node) else node
    try:
        return hydra.utils.instantiate(_literal(plain), _convert_="all", **_literal(values))
    except InstantiationException as error:
        cause = error.__cause__
        if cause is None or isinstance(cause, ImportError | AttributeError):
            raise ConfigError(first_line(error).partition(", set env var")[0]) from error
        if isinstance(cause, TypeError | ValueError):
            inner = re.search(r"full_key: (\S+)", str(error))  # such as augment.flip
            key = inner[1] if inner else _key_of(node)
            raise ConfigError(f"{key}: {refused_value(cause)}") from error
        raise cause from None


def loss_arguments(config: "DictConfig") -> dict[str, Any]:
    """The keys of `loss` as arguments of the model; a custom loss is made."""
    keys = {key: config.loss[key] for key in _OF_EVERY_LOSS if key != "name"}
    if config.loss.get("_target_") is None:
        return {"loss": config.loss.name, **keys}
    node = {key: value for key, value in config.loss.items() if key not in _OF_EVERY_LOSS}
    return {"loss": instantiate(node), **keys}


def _key_of(node: Any) -> str:
    """The key of a node in its config, which only errors of OmegaConf tell."""
    from omegaconf.errors import ConfigKeyError

    try:
        node["?"]
    except ConfigKeyError as error:
        return str(error.full_key).rpartition(".")[0]
    except KeyError:
        pass
    return "config"


def instantiate_all(nodes: Any) -> dict[str, Any]:
    """What each of some nodes makes once it is called; see `instantiate`."""
    return {str(name): instantiate(node, _partial_=True) for name, node in nodes.items()}


def _literal(value: Any) -> Any:
    """Plain values in which every text means itself, for Hydra, which resolves them twice."""
    if isinstance(value, Mapping):
        return {key: _literal(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_literal(one) for one in value]
    return escaped(escaped(value)) if isinstance(value, str) else value
