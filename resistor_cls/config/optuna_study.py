"""The Optuna study of a sweep: its trials are the jobs.

Optuna's database is the only memory: the process that runs the sweep asks for trials and tells
their outcome, the processes of the jobs report the scores of their epochs, and a sweep that was
interrupted finds both.
"""

import importlib.util
import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resistor_cls.config.checks import check_values
from resistor_cls.config.command_line import escaped, quoted
from resistor_cls.config.composing import instantiate
from resistor_cls.config.keys import KEYS
from resistor_cls.errors import ConfigError, first_line

if TYPE_CHECKING:
    import optuna
    from omegaconf import DictConfig

    from resistor_cls.config.search_space import Space

TARGET = "hydra_plugins.resistor_cls.sweepers.OptunaSweeper"
# User attributes of a trial.
_FOLDER, _JOB, _PRUNED, _DIED = "sweep.folder", "sweep.job", "sweep.pruned", "sweep.died"


def is_searched(hydra: Any) -> bool:
    """Whether Optuna runs a sweep.

    Args:
        hydra: Hydra's own settings.
    """
    return bool(hydra.sweeper.get("_target_") == TARGET)


def study_words(config: "DictConfig", name: str) -> list[str]:
    """Words that name the study of a sweep and its database, for the sweeper and every job.

    Args:
        config: with Hydra's own settings.
        name: of the study, where the config names none.
    """
    settings = config.hydra.sweeper
    storage = settings.storage or f"sqlite:///{_database(config.tracking.get('uri'))}"
    given = {"storage": storage, "study_name": settings.study_name or name}
    return [f"hydra.sweeper.{key}={quoted(escaped(str(value)))}" for key, value in given.items()]


def _database(uri: str | None) -> Path:
    """A file beside the SQLite store of the runs; without one, in the working folder."""
    from resistor_cls.tracking.store.connection import database_file

    store = database_file(uri) if uri else None
    return (Path("optuna.db") if store is None else store.with_name("optuna.db")).absolute()


@dataclass(frozen=True)
class AskedTrial:
    """A trial that a job shall run.

    Attributes:
        trial: of Optuna.
        words: its values as `key=value` words.
    """

    trial: "optuna.trial.Trial"
    words: list[str]


@dataclass(frozen=True)
class SweepStudy:
    """The study of a sweep.

    Attributes:
        study: of Optuna.
        folder: of the sweep; a study may have trials of other sweeps too.
    """

    study: "optuna.Study"
    folder: str

    @property
    def trials_counted(self) -> int:
        """How many trials have an outcome; one whose process died has none."""
        from optuna.trial import TrialState

        states = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
        ended = self.study.get_trials(deepcopy=False, states=states)
        return sum(_DIED not in trial.user_attrs for trial in ended)

    def close_dead_trials(self) -> None:
        """Fails the trials of this sweep that were interrupted; their values are tried again."""
        from optuna.trial import TrialState

        for trial in self.study.get_trials(states=(TrialState.RUNNING,)):
            if trial.user_attrs.get(_FOLDER) == self.folder:
                trial_id = trial._trial_id
                self.study._storage.set_trial_user_attr(trial_id, _DIED, True)
                self.study.tell(trial.number, state=TrialState.FAIL)
                self.study.enqueue_trial(trial.params)

    def ask(self, space: "Space", job: int) -> AskedTrial:
        """A new trial.

        Args:
            space: key → distribution.
            job: the number of the job that will run it.
        """
        trial = self.study.ask(dict(space))
        trial.set_user_attr(_FOLDER, self.folder)
        trial.set_user_attr(_JOB, job)
        return AskedTrial(trial, [f"{key}={value}" for key, value in trial.params.items()])

    def importances(self) -> Mapping[str, float]:
        """The importance of each key, see `optuna.importance`; empty where nothing tells it."""
        find = _optuna().importance.get_param_importances
        try:
            with warnings.catch_warnings():
                # With too few trials Optuna warns, and calls all keys equal.
                warnings.simplefilter("error", UserWarning)
                found: Mapping[str, float] = find(self.study)
        except (RuntimeError, ValueError, UserWarning):  # too few trials, or all equal
            return {}
        return found

    def tell(self, asked: AskedTrial, score: Any) -> None:
        """Keeps the outcome of a trial.

        Args:
            asked: the trial.
            score: what its job returned; None where it failed or has no score.
        """
        from optuna.trial import TrialState

        number = asked.trial.number
        if self.study.trials[number].user_attrs.get(_PRUNED):
            self.study.tell(number, state=TrialState.PRUNED)
        elif not isinstance(score, int | float) or math.isnan(score):
            self.study.tell(number, state=TrialState.FAIL)
        else:
            self.study.tell(number, float(score))


@dataclass(frozen=True)
class JobTrial:
    """The trial that this process runs as a job."""

    trial: "optuna.trial.Trial"

    def report(self, step: int, score: float) -> bool:
        """Reports the score of a validation; returns whether the trial is to be pruned.

        Args:
            step: number of the validation, from 1.
            score: by the metric that ranks the jobs.
        """
        self.trial.report(score, step)
        if not self.trial.should_prune():
            return False
        self.trial.set_user_attr(_PRUNED, step)
        return True

    @property
    def pruned(self) -> bool:
        """Whether it was pruned."""
        return _PRUNED in self.trial.user_attrs


def open_study(config: "DictConfig", folder: Path) -> SweepStudy:
    """Opens the study of a sweep, or makes it.

    Args:
        config: with Hydra's own settings.
        folder: of the sweep.

    Raises:
        ConfigError: a storage, sampler or pruner that cannot be used.
    """
    from omegaconf import OmegaConf

    from resistor_cls.tracking.sweep.jobs import direction_of

    optuna = _optuna()
    settings = config.hydra.sweeper
    storage, name = settings.storage, settings.study_name
    monitor = str(OmegaConf.select(config, "trainer.monitor"))
    direction = settings.direction or direction_of(monitor)
    try:
        study = optuna.create_study(
            storage=storage,
            study_name=name,
            direction=direction,
            pruner=_pruner(settings),
            load_if_exists=True,
        )
    except Exception as error:  # every database driver has its own errors
        line = first_line(error)
        raise ConfigError(f"hydra.sweeper.storage={storage}: {line}") from error
    if study.direction.name.lower() != direction:
        raise ConfigError(
            f"hydra.sweeper.study_name={name}: this study has the direction "
            f"{study.direction.name.lower()}, and not {direction}; name another study"
        )
    study.sampler = _sampler(settings, len(study.get_trials(deepcopy=False)))
    return SweepStudy(study, str(folder.absolute()))


def trial_of_job() -> JobTrial | None:
    """The trial that this process runs as a job of a sweep; None where Optuna runs none."""
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    hydra = HydraConfig.get()
    if hydra.mode != RunMode.MULTIRUN or not is_searched(hydra):
        return None
    optuna = _optuna()
    settings, folder = hydra.sweeper, str(Path(hydra.sweep.dir).absolute())
    study = optuna.load_study(
        study_name=settings.study_name, storage=settings.storage, pruner=_pruner(settings)
    )
    for trial in study.get_trials(states=(optuna.trial.TrialState.RUNNING,)):
        if (trial.user_attrs.get(_FOLDER), trial.user_attrs.get(_JOB)) == (folder, hydra.job.num):
            return JobTrial(optuna.trial.Trial(study, trial._trial_id))
    return None


def check_search(hydra: Any) -> None:
    """Checks what can be known of a search before it begins.

    Args:
        hydra: Hydra's own settings.

    Raises:
        ConfigError: a value that cannot be used, or Optuna is not installed.
    """
    values = {f"hydra.sweeper.{key}": value for key, value in hydra.sweeper.items()}
    check_values({key: value for key, value in values.items() if key in KEYS})
    if importlib.util.find_spec("optuna") is None:
        raise ConfigError(
            "hydra/sweeper=optuna is not installed: pip install 'resistor_cls[optuna]'"
        )


def _optuna() -> Any:
    """Optuna, without its lines on the terminal."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    return optuna


def _pruner(settings: Any) -> Any:
    """The pruner; without one, no trial is pruned."""
    optuna = _optuna()
    if settings.pruner is None:
        return optuna.pruners.NopPruner()
    return instantiate(settings.pruner)


def _sampler(settings: Any, trials: int) -> Any:
    """The sampler; one with a seed does not repeat its numbers after a restart."""
    from omegaconf import OmegaConf

    node: Any = OmegaConf.to_container(settings.sampler, resolve=True)
    if node.get("seed") is not None:
        node["seed"] += trials
    return instantiate(node)
