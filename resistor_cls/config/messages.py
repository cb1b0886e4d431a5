"""Hydra's and OmegaConf's errors in one sentence that names the key and the remedy."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from resistor_cls.config.choices import choices_of, groups, options_of
from resistor_cls.config.command_line import CONF
from resistor_cls.config.help import defaults_in
from resistor_cls.config.plain import flatten
from resistor_cls.errors import ConfigError, first_line, nearest

if TYPE_CHECKING:
    from hydra.errors import MissingConfigException

# Hydra's plugins by the choice that needs them → what installs them.
_PLUGINS = {
    "hydra/launcher": {
        "joblib": "resistor_cls[joblib]",
        "submitit_local": "resistor_cls[submitit]",
        "submitit_slurm": "resistor_cls[submitit]",
        "ray": "resistor_cls[ray]",
        "ray_aws": "resistor_cls[ray]",
    },
    "hydra/sweeper": {"optuna": "resistor_cls[optuna]"},
}

_OF_PYDANTIC = re.compile(
    r"validation errors? for \w+\n(?P<name>\S+)\n +(?P<said>.*) "
    r"\[type=\w+, input_value=(?P<value>.*), input_type="
)


@contextmanager
def explained(name: str, words: Sequence[str]) -> Iterator[None]:
    """Raises Hydra's and OmegaConf's errors as one sentence that names the key and the remedy.

    Args:
        name: of the config in `conf/`.
        words: that it is composed of.

    Raises:
        ConfigError: instead of what Hydra and OmegaConf raise.
    """
    from hydra.errors import (
        ConfigCompositionException,
        HydraException,
        MissingConfigException,
        OverrideParseException,
    )
    from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

    try:
        yield
    except MissingConfigException as error:
        raise ConfigError(_missing_option(error, words)) from error
    except OverrideParseException as error:
        raise ConfigError(
            f"{error.override!r} cannot be read ({first_line(error)}): expected key=value, "
            "with quotes round special characters"
        ) from error
    except ConfigCompositionException as error:
        raise ConfigError(_not_composed(error, name, words)) from error
    except MissingMandatoryValue as error:
        key = error.full_key or ""
        raise ConfigError(f"{key} is missing: add {key}=…") from error
    except (HydraException, OmegaConfBaseException, ValueError) as error:
        raise ConfigError(_with_cause(error)) from error
    except BrokenPipeError:  # the reader of what --cfg prints has gone away
        raise
    except OSError as error:
        raise ConfigError(
            f"{error.filename}: {error.strerror}; choose another place by paths.output=…"
        ) from error


def _missing_option(error: "MissingConfigException", words: Sequence[str]) -> str:
    group, _, option = str(error.missing_cfg_file or "").rpartition("/")
    if known := options_of(group, words):
        return f"{group}={option}: no such option; {nearest(option, known)}"
    return _without_plugin(group, option) if group in _PLUGINS else first_line(error)


def _not_composed(error: BaseException, name: str, words: Sequence[str]) -> str:
    named = re.search(r"Could not (?:override|append|delete)[^']*'([^']+)'", str(error))
    if named is None:
        return _with_cause(error)
    if "already at" in str(error):
        return f"+{named[1]}: this key exists: write it without the +"
    return _unknown_key(named[1].partition("@")[0], name, words)


def _without_plugin(group: str, option: str) -> str:
    plugins = _PLUGINS[group]
    if option in plugins:
        return f"{group}={option} is not installed: pip install '{plugins[option]}'"
    return f"{group}={option}: no such option; {nearest(option, ['basic', *plugins])}"


def _unknown_key(key: str, name: str, words: Sequence[str]) -> str:
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra

    if key in groups():
        used = ", ".join(defaults_in(CONF / f"{name}.yaml"))
        return f"{key}: {name} does not use this group; it chooses from {used}"
    choices = [word for word in choices_of(words) if not word.startswith("~")]
    if GlobalHydra.instance().is_initialized():
        config = hydra_compose(name, choices)
    else:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            config = hydra_compose(name, choices)
    known = [*flatten(config, resolve=False), *groups()]
    group = key.partition(".")[0]
    near = [other for other in known if other.startswith(f"{group}.")] if "." in key else known
    return f"{key}: no such key; {nearest(key, near or known)}"


def _with_cause(error: BaseException) -> str:
    """An error's first line, with its key and its cause."""
    line = first_line(error)
    key = getattr(error, "full_key", None)
    if key and key not in line:
        line = f"{key}: {line}"
    if error.__cause__ is not None and (why := first_line(error.__cause__)) not in line:
        line = f"{line} ({why})"
    return line


def refused_value(error: BaseException) -> str:
    """What an error says of an argument; albumentations' names it in the lines below the first."""
    found = _OF_PYDANTIC.search(str(error))
    if found is None:
        return first_line(error)
    return f"{found['name']}={found['value']}: {found['said'].removeprefix('Value error, ')}"
