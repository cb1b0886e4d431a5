"""Which unfinished training a command continues, and which keys may have changed since."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resistor_cls.config.plain import known_values
from resistor_cls.errors import ConfigError, plain_without_passwords, some_names
from resistor_cls.processes import is_first, is_one_of_several
from resistor_cls.tracking.run.unfinished import (
    JOBS,
    Unfinished,
    read_unfinished,
    unfinished_below,
    unfinished_of_store,
)

if TYPE_CHECKING:
    from omegaconf import DictConfig

AUTO = "auto"
LONGER = "trainer.max_epochs"  # may be more than before
# Keys, and beginnings of keys, that may change: they decide neither weights nor validation scores.
# docs/runs.md lists them.
MAY_CHANGE = (
    "trainer.resume", "trainer.checkpoint_steps", "trainer.checkpoint_minutes",
    # Where things are. The photos are compared by their content.
    "paths.", "data.root", "data.cache", "data.workers",
    "tracking.uri", "tracking.experiment", "tracking.artifacts", "tracking.name",
    "tracking.system_metrics", "tracking.log_model",
    # What is reported at the end.
    "stress", "unknown", "gallery", "saliency", "costs", "figures", "compare",
)  # fmt: skip


def resumed_folder(config: "DictConfig", named: bool = False) -> Path | None:
    """The folder of the run that `trainer.resume` asks for; None where a new run begins.

    All processes that a launcher has started find the same.

    Args:
        config: of a training, with Hydra's own settings.
        named: whether the folder of the run, `hydra.run.dir`, was chosen by the user.

    Raises:
        ConfigError: no such run, one that still runs, changed keys, or `auto` in one of several
            processes without a folder.
        TrackingError: a tracking store that cannot be used.
    """
    asked = config.trainer.resume
    if asked is None:
        return None
    values = _values(config)
    if asked == AUTO and _is_one_of_several(config) and not named:
        raise ConfigError(
            "trainer.resume=auto in one of several processes: name the folder of the run, by "
            "hydra.run.dir=…, so that all of them continue the same"
        )
    if asked != AUTO:
        run = _named(asked, config)
        if _lives(run):
            raise ConfigError(
                f"trainer.resume={asked}: its process still runs, or was heard of within the hour "
                f"on another machine ({run.folder}): wait until it has ended"
            )
        check_unchanged(run, values)
        return run.folder
    idle = [run for run in _newest_first(config) if not _lives(run)]
    for run in idle:
        if not changed_keys(run, values):
            return run.folder
    if idle:
        check_unchanged(idle[0], values)
    return None


def training_in(folder: Path, config: "DictConfig") -> Unfinished:
    """What the training in a folder began with, where `trainer.resume` continues it; else the new.

    A seed that was drawn is set in the config.

    Raises:
        ConfigError: changed keys.
    """
    values = _values(config)
    left = None if config.trainer.resume is None else read_unfinished(folder)
    if left is None:
        kept = config.tracking.experiment if config.tracking.kind != "none" else ""
        return Unfinished(folder.absolute(), values, config.seed, experiment=kept)
    check_unchanged(left, values)
    config.seed = left.seed
    return Unfinished(**{**vars(left), "values": values | {"seed": left.values["seed"]}})


def changed_keys(run: Unfinished, values: Mapping[str, Any]) -> list[str]:
    """The keys that differ from those of a run, and must not."""
    then = run.values
    return [
        key
        for key in sorted({*then, *values})
        if then.get(key) != values.get(key)
        and not key.startswith(MAY_CHANGE)
        and not (key == LONGER and values[key] > then.get(key, 0))
    ]


def check_unchanged(run: Unfinished, values: Mapping[str, Any]) -> None:
    """Requires that a run can be continued with a config.

    Raises:
        ConfigError: names the keys that differ, with both values.
    """
    if not (changed := changed_keys(run, values)):
        return
    shown = [f"{key}={values.get(key)} (was {run.values.get(key)})" for key in changed]
    raise ConfigError(
        f"trainer.resume: run {run.name} began with other keys: {some_names(shown)}; give it the "
        "same, or begin a new run by trainer.resume=null"
    )


def _values(config: "DictConfig") -> dict[str, Any]:
    return dict(plain_without_passwords(known_values(config)))


def _named(asked: str, config: "DictConfig") -> Unfinished:
    """The unfinished run of a name.

    Raises:
        ConfigError: there is none.
        TrackingError: no such run in the store, or a store that cannot be used.
    """
    if (folder := Path(asked).expanduser()).is_dir():
        found = [run for run in [read_unfinished(folder)] if run is not None]
    else:
        found = [run for run in unfinished_below(_output(config), JOBS) if run.run_id == asked]
        if not found and config.tracking.kind != "none":
            found = unfinished_of_store(config.tracking.uri, "", asked)
    if not found:
        raise ConfigError(
            f"trainer.resume={asked}: this run has finished, or its folder is not on this machine: "
            "expected auto, or the id or the folder of a run that was interrupted"
        )
    return found[0]


def _newest_first(config: "DictConfig") -> list[Unfinished]:
    """The unfinished trainings of the same folder, else of the same output folder or experiment."""
    same = read_unfinished(Path(config.hydra.run.dir))
    if same is not None:
        return [same]
    if _is_one_of_several(config):
        return []  # the others might find another
    tracked = config.tracking.kind != "none"
    experiment = config.tracking.experiment if tracked else ""
    found = [run for run in unfinished_below(_output(config)) if run.experiment == experiment]
    if found or not tracked:
        return found
    return unfinished_of_store(config.tracking.uri, experiment)


def _is_one_of_several(config: "DictConfig") -> bool:
    """Whether other commands work on the same training, on this machine or on others."""
    return is_one_of_several() or config.trainer.get("num_nodes", 1) > 1


def _lives(run: Unfinished) -> bool:
    """Whether a process still runs that this one would disturb."""
    return is_first() and run.lives()  # the others join the first, which lives already


def _output(config: "DictConfig") -> Path:
    return Path(config.paths.output).expanduser()
