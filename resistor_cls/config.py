"""From `conf/` and `key=value` words to plain values.

The only code, with the commands, that knows Hydra.
"""

import argparse
import functools
import itertools
import logging
import multiprocessing
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resistor_cls.checks import check_values
from resistor_cls.errors import ConfigError, ResistorClsError, nearest, run_command
from resistor_cls.words import (
    CONF,
    SEARCHED,
    TEXT_KEYS,
    escaped,
    flags_of,
    key_of,
    quoted,
    read_arguments,
    read_words,
)

if TYPE_CHECKING:
    from omegaconf import DictConfig

_OWN = ".safetensors"  # a file of one's own
# Rows and columns instead of a side, a weight for each category instead of a word.
_LISTS = ("image_size", "class_weights")
# Hydra's plugins by the choice that needs them → what installs them. Those of a cluster are not
# among our extras: nothing here tests them.
_PLUGINS = {
    "hydra/launcher": {
        "joblib": "resistor_cls[joblib]",
        "submitit_local": "hydra-submitit-launcher",
        "submitit_slurm": "hydra-submitit-launcher",
        "ray": "hydra-ray-launcher",
        "ray_aws": "hydra-ray-launcher",
    },
    "hydra/sweeper": {"optuna": "resistor_cls[optuna]"},
}
# Not Hydra's own groups, and not what only other files of a group build upon.
_HIDDEN = ("_", ".")


@functools.cache
def groups() -> dict[str, list[str]]:
    """What can be chosen: config group → its options, both sorted."""
    return {
        folder.name: sorted(
            path.stem for path in folder.glob("*.yaml") if not path.stem.startswith(_HIDDEN)
        )
        for folder in sorted(CONF.iterdir())
        if folder.is_dir() and folder.name != "hydra"
    }


def run_hydra(
    job: Callable[["DictConfig"], object], name: str, doc: str, argv: Sequence[str] | None = None
) -> int:
    """Runs a command that is configured by Hydra.

    Args:
        job: takes the composed config.
        name: of the config in `conf/`, and of the job.
        doc: the command's help.
        argv: words of the command line, by default the real ones.

    Returns:
        The exit status; see `resistor_cls.errors.run_command`.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if {"-h", "--help"} & set(words):
        print(_help(doc))
        return 0
    return run_command(lambda: _run(job, name, words))


def compose(name: str = "train", overrides: Sequence[str] = ()) -> "DictConfig":
    """Composes a config without running anything.

    Args:
        name: of the config in `conf/`.
        overrides: `key=value` words.

    Raises:
        ConfigError: an unknown key or option, a value of the wrong type.
    """
    from omegaconf import open_dict

    config = _compose_with_hydra(name, overrides)
    with open_dict(config):
        del config["hydra"]
    return config


def _compose_with_hydra(name: str, overrides: Sequence[str]) -> "DictConfig":
    """The config, and Hydra's own settings below `hydra`."""
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir

    overrides = read_words(overrides)
    with initialize_config_dir(str(CONF), version_base="1.3"), _explained(name, overrides):
        _check_choices(overrides)
        config = hydra_compose(name, list(overrides), return_hydra_config=True)
        _check_types(config, _defaults(name, overrides), overrides)
    return config


def _check_choices(words: Sequence[str]) -> None:
    """Checks that what is chosen from each group is the name of an option.

    Raises:
        ConfigError: values in the place of a name, or another place in the config.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser

    for one in OverridesParser.create().parse_overrides(list(words)):
        group = str(one.key_or_group)
        if group not in groups() or one.is_delete() or one.is_sweep_override():
            continue
        value = one.value()
        known = ", ".join(groups()[group])
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
            raise ConfigError(_first_line(error).partition(", set env var")[0]) from error
        if isinstance(cause, TypeError | ValueError):
            key = getattr(node, "_get_full_key", lambda _: "config")(None)
            raise ConfigError(f"{key}: {_first_line(cause)}") from error
        raise cause from None


def _literal(value: Any) -> Any:
    """Plain values in which every text means itself, for Hydra, which resolves them twice."""
    if isinstance(value, Mapping):
        return {key: _literal(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_literal(one) for one in value]
    return escaped(escaped(value)) if isinstance(value, str) else value


def _run(job: Callable[["DictConfig"], object], name: str, words: list[str]) -> None:
    import hydra
    from hydra.core.hydra_config import HydraConfig

    # Hydra would print a traceback of its own and exit with 1: take its errors as they are.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    arguments = read_arguments(words)
    arguments.overrides = read_words(arguments.overrides, _is_multirun(name, arguments))
    words = [*flags_of(arguments), *arguments.overrides]
    failures: list[Exception] = []

    with _sweep(name, arguments) as (sweep, place):
        words = [*words, *place]
        main_process = os.getpid()

        @functools.wraps(job)
        def task(config: "DictConfig") -> object:
            _use_own_start_method()
            overrides = list(HydraConfig.get().overrides.task)
            try:
                every = [*HydraConfig.get().overrides.hydra, *overrides]
                _check_types(config, _defaults(name, every), overrides)
                check_values(_known_values(config))
                if sweep is not None:
                    # A name that was given is the parent's.
                    config.tracking.name = escaped(sweep.job_name(overrides))
                score = job(config)
                if sweep is not None:
                    sweep.ended(overrides, output_folder(), finished=True)
                return score  # what a sweeper such as optuna makes better
            except Exception as error:
                if sweep is not None:
                    sweep.ended(overrides, output_folder(), finished=False)
                    logging.getLogger(__name__).error("%s: %s", sweep.job_name(overrides), error)
                if os.getpid() != main_process:
                    raise  # the launcher brings it from its worker, when all jobs are through
                # Raised after Hydra is through: a sweep goes on with its other jobs.
                failures.append(error)
                return None

        decorate = hydra.main(config_path=str(CONF), config_name=name, version_base="1.3")
        before, sys.argv = sys.argv, [sys.argv[0], *words]
        try:
            with _explained(name, arguments.overrides):
                decorate(task)()
        except ResistorClsError as error:  # from a launcher's worker
            if sweep is None:
                raise
            failures.append(error)
        except ValueError:  # optuna wants a number of each job
            if not failures:
                raise
        finally:
            sys.argv = before
        if sweep is not None:
            # Hydra has taken the jobs' logging down by now.
            print(f"\n{sweep.finish()}", file=sys.stderr)
        if failures:
            raise failures[0]


def _use_own_start_method() -> None:
    """In a worker of joblib, processes are started by a method that only joblib knows."""
    known = multiprocessing.get_all_start_methods()  # Python's default first
    if multiprocessing.get_start_method(allow_none=True) not in (None, *known):
        multiprocessing.set_start_method(known[0], force=True)


def _is_multirun(name: str, arguments: argparse.Namespace) -> bool:
    """Whether a sweep is asked for, by -m or by a choice that brings its own."""
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.types import RunMode

    if arguments.multirun:
        return True
    words = arguments.overrides
    bringing = [word for word in words if key_of(word) in ("sweep", "experiment", "hydra.mode")]
    if not bringing or arguments.shell_completion:
        return False
    bringing += [word for word in words if key_of(word) == SEARCHED]
    with initialize_config_dir(str(CONF), version_base="1.3"), _explained(name, words):
        config = hydra_compose(name, bringing, return_hydra_config=True)
    return bool(config.hydra.mode == RunMode.MULTIRUN)


@contextmanager
def _sweep(name: str, arguments: argparse.Namespace) -> Iterator[tuple[Any, list[str]]]:
    """The sweep that the words ask for, None for a single run; and the word for its folder.

    Hydra would read the clock once more, and share a folder with a run of the same second.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.types import RunMode
    from omegaconf import OmegaConf

    if arguments.shell_completion or arguments.hydra_help:
        yield None, []
        return
    words = arguments.overrides
    with _explained(name, words):
        parsed = OverridesParser.create().parse_overrides(words)
    swept = [override.key_or_group for override in parsed if override.is_sweep_override()]
    config = _compose_with_hydra(name, [word for one in parsed if (word := _fixed(one))])
    _check_output(config)
    if arguments.package and OmegaConf.select(config, arguments.package) is None:
        raise ConfigError(f"--package {arguments.package}: no such key; such as model")
    if not (arguments.cfg or arguments.info):
        check_values(_known_values(config))
    for node in ("sweeper", "launcher"):
        if not OmegaConf.is_config(config.hydra[node]):
            raise ConfigError(
                f"hydra.{node} has no keys any more: expected hydra/{node}=… for another"
            )
    params = config.hydra.sweeper.get("params") or {}
    compared = config.get("compare")
    if not (arguments.multirun or config.hydra.mode == RunMode.MULTIRUN):
        if swept:
            raise ConfigError(f"{swept[0]} has several values: add -m for a sweep over them")
        if params:
            group = "sweep" if _chosen(config, "sweep") != "None" else "experiment"
            raise ConfigError(f"{group}={_chosen(config, group)} names several runs: add -m")
        if compared is not None:
            raise ConfigError(f"compare={compared} needs a sweep: add -m {compared}=…,…")
        # The other processes of a training are given the folder of the first.
        single = not (arguments.cfg or arguments.info or "LOCAL_RANK" in os.environ)
        yield None, [_claimed(config, "run")] if single else []
        return
    with _explained(name, words):
        varying = _varying(params, words)
    if compared is not None and compared not in varying:
        raise ConfigError(
            f"compare={compared}: it has no several values here; "
            f"swept {'is' if len(varying) == 1 else 'are'} {', '.join(varying) or 'no keys'}"
        )
    if arguments.cfg or arguments.info:
        yield None, []
        return
    from resistor_cls.tracking import open_sweep

    title = config.tracking.name or f"sweep over {', '.join(varying) or 'nothing'}"
    word = _claimed(config, "sweep")
    folder = config.hydra.sweep.dir
    with open_sweep(title, varying, folder, compared=compared, **_store(config)) as sweep:
        yield sweep, [word]


def _claimed(config: "DictConfig", mode: str) -> str:
    """Makes the output folder, which nobody else has made; returns the word that names it.

    Two runs of one second, or a second run in a folder of one's own, get a number behind its name:
    each would overwrite the checkpoints of the other.

    Args:
        config: with Hydra's own settings; the folder is set in it.
        mode: `run` or `sweep`.

    Raises:
        ConfigError: a place that cannot be written.
    """
    from omegaconf import open_dict

    asked = Path(config.hydra[mode].dir).absolute()
    for number in itertools.count(1):
        folder = asked if number == 1 else asked.with_name(f"{asked.name}-{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise ConfigError(
                f"{folder}: {error.strerror}; choose another place by paths.output=…"
            ) from error
        break
    with open_dict(config):
        config.hydra[mode].dir = escaped(str(folder))
    return f"hydra.{mode}.dir={quoted(escaped(str(folder)))}"


def _known_values(config: "DictConfig") -> dict[str, Any]:
    """The values that are known before a job begins, as dotted keys and plain values."""
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    values = {}
    for key, value in flatten(config, resolve=False).items():
        if key.startswith("hydra."):
            continue
        # A name such as ${hydra:job.num} is known in the job alone.
        with suppress(OmegaConfBaseException, ValueError):
            known = OmegaConf.select(config, key) if "${" in str(value) else value
            if not OmegaConf.is_config(known):
                values[key] = known
    return values


def _check_output(config: "DictConfig") -> None:
    """Refuses a folder of results whose path Hydra would take for an interpolation later on.

    Raises:
        ConfigError: names the folder.
    """
    folder = Path(config.hydra.run.dir).absolute()
    if "${" in str(folder):
        raise ConfigError(
            f"results would go into {folder}, and Hydra reads ${{…}} in it as an interpolation; "
            "choose another folder by paths.output=…"
        )


def _fixed(override: Any) -> str | None:
    """A word for all jobs; of a swept key that has no default, such as data.root, the first."""
    if not override.is_sweep_override():
        return str(override.input_line)
    # Not a name: the parent of a sweep has its own.
    if (key := key_of(override.input_line)) not in TEXT_KEYS or key.startswith("tracking."):
        return None
    first = next(override.sweep_string_iterator(), None)
    return None if first is None else f"{key}={first}"


def _varying(params: Mapping[str, Any], words: Sequence[str]) -> list[str]:
    """The keys that have several values; a word wins over `hydra.sweeper.params`, as in Hydra."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.core.override_parser.types import ValueType

    lines = [*(f"{key}={values}" for key, values in params.items()), *words]
    last = {
        override.key_or_group: override
        for override in OverridesParser.create().parse_overrides(lines)
    }
    for override in last.values():
        if (
            override.value_type == ValueType.GLOB_CHOICE_SWEEP
            and override.key_or_group not in groups()
        ):
            raise ConfigError(f"{override.input_line}: expected values; only options have names")
        # Of `sweep=folds` with a wrong number of folds, say; Hydra would run nothing, and be happy.
        if override.is_range_sweep() and not any(True for _ in override.sweep_iterator()):
            raise ConfigError(f"{override.input_line}: a range of no values; expected one or more")
    return [key for key, override in last.items() if override.is_sweep_override()]


def _store(config: "DictConfig") -> dict[str, Any]:
    keys = ("kind", "uri", "experiment", "artifacts")
    return {key: config.tracking[key] for key in keys if key in config.tracking}


def _chosen(config: "DictConfig", group: str) -> str:
    return str(config.hydra.runtime.choices.get(group))


def _defaults(name: str, overrides: Sequence[str]) -> "DictConfig":
    """The config of the same choices, with no value set: what values are held against."""
    from hydra import compose as hydra_compose

    return hydra_compose(name, _choices(overrides))


def _choices(words: Sequence[str]) -> list[str]:
    """The words that choose from groups, and where else there are options of them."""
    return [word for word in words if _is_choice(word) or key_of(word) == SEARCHED]


def _is_choice(word: str) -> bool:
    """Whether a word chooses from a group, such as `model=resnet18`."""
    return key_of(word).lstrip("~").partition("@")[0] in groups()


def _check_types(config: "DictConfig", defaults: "DictConfig", overrides: Sequence[str]) -> None:
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
        if _is_choice(word) or key.startswith(("~", "hydra")):
            continue
        try:
            default = OmegaConf.select(defaults, key)
        except Exception:  # an interpolation or a missing value: nothing to compare with
            continue
        value = OmegaConf.select(config, key, throw_on_missing=False)
        fits = _may_be_null(default) if value is None else _fits(value, default)
        if default is None or fits:
            continue
        if OmegaConf.is_config(default):
            raise ConfigError(f"{key}={value!r}: expected keys below it, such as {key}.…=…")
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


@contextmanager
def _explained(name: str, words: Sequence[str]) -> Iterator[None]:
    """Turns Hydra's and OmegaConf's errors into one sentence that names the key and the remedy."""
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
        group, _, option = str(error.missing_cfg_file or "").rpartition("/")
        if group in groups():
            known = groups()[group]
            raise ConfigError(
                f"{group}={option}: no such option; {nearest(option, known)}"
            ) from error
        if group in _PLUGINS:
            raise ConfigError(_without_plugin(group, option)) from error
        raise ConfigError(_first_line(error)) from error
    except OverrideParseException as error:
        raise ConfigError(
            f"{error.override!r} cannot be read ({_first_line(error)}): expected key=value, "
            "with quotes round special characters"
        ) from error
    except ConfigCompositionException as error:
        named = re.search(r"Could not (?:override|append|delete)[^']*'([^']+)'", str(error))
        if named is None:
            raise ConfigError(_with_cause(error)) from error
        raise ConfigError(_unknown_key(named[1].partition("@")[0], name, words)) from error
    except MissingMandatoryValue as error:
        key = error.full_key or ""
        raise ConfigError(f"{key} is missing: add {key}=…") from error
    except (HydraException, OmegaConfBaseException, ValueError) as error:
        raise ConfigError(_with_cause(error)) from error
    except OSError as error:
        raise ConfigError(
            f"{error.filename}: {error.strerror}; choose another place by paths.output=…"
        ) from error


def _without_plugin(group: str, option: str) -> str:
    plugins = _PLUGINS[group]
    if option in plugins:
        return f"{group}={option} is not installed: pip install '{plugins[option]}'"
    return f"{group}={option}: no such option; {nearest(option, ['basic', *plugins])}"


def _unknown_key(key: str, name: str, words: Sequence[str]) -> str:
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra

    choices = _choices(words)
    if GlobalHydra.instance().is_initialized():
        config = hydra_compose(name, choices)
    else:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            config = hydra_compose(name, choices)
    known = [*flatten(config, resolve=False), *groups()]
    group = key.partition(".")[0]
    near = [other for other in known if other.startswith(f"{group}.")] if "." in key else known
    return f"{key}: no such key; {nearest(key, near or known)}"


def flatten(config: "DictConfig", resolve: bool = True) -> dict[str, Any]:
    """A nested config as dotted keys and plain values, without `_target_` and its like.

    Args:
        config: the config.
        resolve: put values in the place of interpolations.
    """
    from omegaconf import OmegaConf

    def flat(node: Any, prefix: str) -> Iterator[tuple[str, Any]]:
        if not isinstance(node, dict):
            yield prefix, node
            return
        for key, value in node.items():
            if not str(key).startswith("_"):
                yield from flat(value, f"{prefix}.{key}" if prefix else str(key))

    return dict(flat(OmegaConf.to_container(config, resolve=resolve), ""))


def resolved(config: "DictConfig") -> str:
    """A config as YAML, with values in the place of interpolations."""
    from omegaconf import OmegaConf

    return OmegaConf.to_yaml(config, resolve=True)


def output_folder() -> Path:
    """The folder that Hydra made for this job."""
    from hydra.core.hydra_config import HydraConfig

    return Path(HydraConfig.get().runtime.output_dir)


def _with_cause(error: BaseException) -> str:
    """An error's first line, with the key that it is about and what it comes from."""
    line = _first_line(error)
    key = getattr(error, "full_key", None)
    if key and key not in line:
        line = f"{key}: {line}"
    if error.__cause__ is not None and (why := _first_line(error.__cause__)) not in line:
        line = f"{line} ({why})"
    return line


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if lines:
        return lines[0]
    return _first_line(error.__cause__) if error.__cause__ else type(error).__name__


def _help(doc: str) -> str:
    listing = "\n".join(f"  {group:<11} {', '.join(names)}" for group, names in groups().items())
    return (
        f"{doc.strip()}\n\nChoices (group=option; files in {CONF}):\n{listing}\n\n"
        "--cfg job prints the composed config with every key; --hydra-help tells of Hydra's flags."
    )
