"""What a command runs, one job or several, and in which folder."""

import argparse
import hashlib
import itertools
import json
import logging
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resistor_cls.config.checks import check_config
from resistor_cls.config.choices import groups
from resistor_cls.config.command_line import CONF, SEARCHED, escaped, key_of, quoted, text_values
from resistor_cls.config.composing import compose_with_hydra
from resistor_cls.config.messages import explained
from resistor_cls.config.optuna_study import check_search, is_searched, study_words
from resistor_cls.errors import ConfigError, many, without_passwords
from resistor_cls.processes import is_first, is_one_of_several

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from resistor_cls.tracking import Sweep

log = logging.getLogger("resistor_cls")

GRID = "hydra_plugins.resistor_cls.sweepers.GridSweeper"


def is_multirun(name: str, arguments: argparse.Namespace) -> bool:
    """Whether a sweep is asked for, by -m or by an option that sets `hydra.mode`."""
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.types import RunMode

    if arguments.multirun:
        return True
    words = arguments.overrides
    choosing = [word for word in words if key_of(word) in ("sweep", "experiment", "hydra.mode")]
    if not choosing or arguments.shell_completion:
        return False
    choosing += [word for word in words if key_of(word) == SEARCHED]
    with initialize_config_dir(str(CONF), version_base="1.3"), explained(name, words):
        config = hydra_compose(name, choosing, return_hydra_config=True)
    return bool(config.hydra.mode == RunMode.MULTIRUN)


@contextmanager
def sweep_of(
    name: str, arguments: argparse.Namespace
) -> Iterator[tuple["Sweep | None", list[str]]]:
    """The sweep that the words ask for, None for a single run; and more words for Hydra.

    The folder of the run or of the sweep is chosen here: Hydra's would be shared with a run of the
    same second.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.types import RunMode

    if arguments.shell_completion or arguments.hydra_help:
        yield None, []
        return
    words = arguments.overrides
    with explained(name, words):
        parsed = OverridesParser.create().parse_overrides(words)
    config = compose_with_hydra(name, [word for one in parsed if (word := _fixed(one))])
    _check_parent(config, arguments)
    shows_only = arguments.cfg or arguments.info
    if not (arguments.multirun or config.hydra.mode == RunMode.MULTIRUN):
        _check_single(config, [one.key_or_group for one in parsed if one.is_sweep_override()])
        if shows_only:
            yield None, []
            return
        if is_first():
            yield None, [_run_folder(name, config, words)]
            return
        # What the other processes of a training write is of no use.
        with tempfile.TemporaryDirectory(prefix="resistor_cls-") as folder:
            if (continued := _continued(name, config, words)) is not None:
                from resistor_cls.tracking.run.unfinished import lend_states

                lend_states(continued, Path(folder))
            yield None, [f"hydra.run.dir={quoted(escaped(folder))}", "hydra.output_subdir=null"]
        return
    if is_one_of_several():
        raise ConfigError(
            "a sweep in one of several processes: start the sweep once, and its jobs in several "
            "processes, by trainer=ddp or hydra/launcher=submitit_slurm"
        )
    with explained(name, words):
        varying = _varying(config.hydra.sweeper.get("params") or {}, words)
    compared = config.get("compare")
    if compared is not None and compared not in varying:
        raise ConfigError(
            f"compare={compared}: it has one value here; "
            f"swept {'is' if len(varying) == 1 else 'are'} {', '.join(varying) or 'no keys'}"
        )
    if shows_only:
        yield None, []
        return
    if is_searched(config.hydra):
        check_search(config.hydra)
    identity = identity_of(name, config, words)
    place = _interrupted(config, identity, words) or _claimed(config, "sweep")
    with _opened(config, varying, identity) as sweep:
        yield sweep, [place, *_sweeper_words(config, sweep)]


def _sweeper_words(config: "DictConfig", sweep: "Sweep") -> list[str]:
    """Words for the sweeper: of a search its study; instead of Hydra's own sweeper, ours."""
    if is_searched(config.hydra):
        return study_words(config, sweep.log.name)
    # As a word, because a config of a sweep chooses another sweeper.
    basic = _chosen(config, "hydra/sweeper") == "basic"
    return [f"hydra.sweeper._target_={GRID}"] if basic else []


def identity_of(name: str, config: "DictConfig", words: Sequence[str]) -> str:
    """Identifies a sweep: equal for the same words, in any order, and the same experiment.

    Settings of Hydra do not count, such as the launcher or the number of trials.

    Args:
        name: of the command.
        config: with Hydra's own settings.
        words: of the command line.
    """
    sweeper = config.hydra.sweeper
    params = sorted(f"{key}={values}" for key, values in (sweeper.get("params") or {}).items())
    given = sorted((word for word in words if not key_of(word).startswith("hydra")), key=key_of)
    store = [without_passwords(str(value)) for value in _store(config).values()]
    whole = json.dumps([name, store, str(sweeper.get("_target_")), params, given])
    return hashlib.sha256(whole.encode()).hexdigest()


def _interrupted(config: "DictConfig", identity: str, words: Sequence[str]) -> str | None:
    """The word for the folder of the same sweep, where one was interrupted; None without one.

    It is searched among the sweeps of `paths.output`; where the words name a folder of the sweep,
    only there.
    """
    from resistor_cls.tracking.sweep.job_log import NAME, JobLog

    asked = Path(config.hydra.sweep.dir).absolute()
    if any(key_of(word) == "hydra.sweep.dir" for word in words):
        places = [asked]
    else:
        output = Path(config.paths.output).absolute()
        places = sorted((file.parent for file in output.glob(f"*/*/{NAME}")), reverse=True)
    folder = next((place for place in places if JobLog(place).claim(identity)), None)
    if folder is None:
        return None
    log.warning(
        "Continues the sweep of %s: %s had ended. hydra.sweep.dir=… of another folder starts "
        "afresh.",
        folder,
        many(len(JobLog(folder).jobs), "job"),
    )
    return _in_folder(config, "sweep", folder)


def _check_parent(config: "DictConfig", arguments: argparse.Namespace) -> None:
    """Checks what all jobs have in common.

    Raises:
        ResistorClsError: a value, a file, a folder or a flag that cannot be used.
    """
    from omegaconf import OmegaConf

    _check_output(config)
    if arguments.package and OmegaConf.select(config, arguments.package) is None:
        raise ConfigError(f"--package {arguments.package}: no such key; such as model")
    if not (arguments.cfg or arguments.info):
        check_config(config)
    for node in ("sweeper", "launcher"):
        if not OmegaConf.is_config(config.hydra[node]):
            raise ConfigError(
                f"hydra.{node} has no keys any more: expected hydra/{node}=… for another"
            )


def _check_single(config: "DictConfig", swept: Sequence[str]) -> None:
    """Checks that a single run is asked for.

    Raises:
        ConfigError: several values, or a comparison.
    """
    if swept:
        raise ConfigError(f"{swept[0]} has several values: add -m for a sweep over them")
    if config.hydra.sweeper.get("params"):
        group = "sweep" if _chosen(config, "sweep") != "None" else "experiment"
        raise ConfigError(f"{group}={_chosen(config, group)} names several runs: add -m")
    if (compared := config.get("compare")) is not None:
        raise ConfigError(f"compare={compared} needs a sweep: add -m {compared}=…,…")


def _opened(
    config: "DictConfig", varying: Sequence[str], identity: str
) -> AbstractContextManager["Sweep"]:
    """Opens the parent run of a sweep."""
    from omegaconf import OmegaConf

    from resistor_cls.tracking import open_sweep
    from resistor_cls.tracking.run.names import sweep_name

    experiment = config.hydra.runtime.choices.get("experiment")
    return open_sweep(
        config.tracking.name or sweep_name(", ".join(varying), experiment),
        varying,
        config.hydra.sweep.dir,
        identity=identity,
        compared=config.get("compare"),
        monitor=OmegaConf.select(config, "trainer.monitor"),
        **_store(config),
    )


def _run_folder(name: str, config: "DictConfig", words: Sequence[str]) -> str:
    """The word for the folder of a single run: of one that it continues, or a new one."""
    if (folder := _continued(name, config, words)) is not None:
        return f"hydra.run.dir={quoted(escaped(str(folder)))}"
    return _claimed(config, "run")


def _continued(name: str, config: "DictConfig", words: Sequence[str]) -> Path | None:
    """The folder of the training that a command continues; None where it begins a new one."""
    if name != "train":
        return None
    from resistor_cls.config.resuming import resumed_folder

    return resumed_folder(config, any(key_of(word) == "hydra.run.dir" for word in words))


def _claimed(config: "DictConfig", mode: str) -> str:
    """Finds an output folder that nobody else writes into; returns the word that names it.

    Two runs of one second, or a second run in a folder that was named, get a number behind its
    name: each would overwrite the checkpoints of the other.

    Args:
        config: with Hydra's own settings; the folder is set in it.
        mode: `run` or `sweep`.

    Raises:
        ConfigError: a place that cannot be written.
    """
    asked = Path(config.hydra[mode].dir).absolute()
    # What Hydra itself writes there, and finds empty.
    first_file = f"{config.hydra.job.name}.log" if mode == "run" else "multirun.yaml"
    for number in itertools.count(1):
        folder = asked if number == 1 else asked.with_name(f"{asked.name}-{number}")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not any(folder.iterdir()):
                (folder / first_file).touch(exist_ok=False)  # of several processes one succeeds
                break
        except FileExistsError:
            continue
        except OSError as error:
            raise ConfigError(
                f"{folder}: {error.strerror}; choose another place by paths.output=…"
            ) from error
    return _in_folder(config, mode, folder)


def _in_folder(config: "DictConfig", mode: str, folder: Path) -> str:
    """Sets the folder of a run or a sweep; returns the word that does."""
    from omegaconf import open_dict

    with open_dict(config):
        config.hydra[mode].dir = escaped(str(folder))
    return f"hydra.{mode}.dir={quoted(escaped(str(folder)))}"


def _check_output(config: "DictConfig") -> None:
    """Refuses a folder of results whose path Hydra would take for an interpolation later on."""
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
    key = key_of(override.input_line)
    if text_values(key) is None or key.startswith("tracking."):
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
        # Such as sweep=folds data.folds=0: Hydra would run nothing and report success.
        if override.is_range_sweep() and not any(True for _ in override.sweep_iterator()):
            raise ConfigError(f"{override.input_line}: a range of no values; expected one or more")
    return [key for key, override in last.items() if override.is_sweep_override()]


def _store(config: "DictConfig") -> dict[str, Any]:
    keys = ("kind", "uri", "experiment", "artifacts")
    return {key: config.tracking[key] for key in keys if key in config.tracking}


def _chosen(config: "DictConfig", group: str) -> str:
    return str(config.hydra.runtime.choices.get(group))
