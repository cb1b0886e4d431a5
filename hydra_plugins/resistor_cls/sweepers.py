"""Hydra's sweepers for our commands: all combinations of values, and a search by Optuna.

Hydra takes plugins from the namespace `hydra_plugins` alone, and imports them whenever it starts:
nothing here imports more than Hydra does.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf


class GridSweeper(BasicSweeper):
    """Runs a job for each combination of values that has not ended in this folder."""

    def __init__(self, max_batch_size: int | None, params: dict[str, str] | None = None) -> None:
        super().__init__(max_batch_size, params)

    def sweep(self, arguments: list[str]) -> list[JobReturn]:
        """Runs the jobs.

        Args:
            arguments: `key=value` words, with several values of some.

        Raises:
            Exception: of the first job that failed in a process of a launcher, after all others.
        """
        from resistor_cls.tracking.sweep.job_log import JobLog

        assert self.config is not None and self.hydra_context is not None
        assert self.launcher is not None
        folder = _prepared(self.config)
        words = _overrides(self.hydra_context, [*self._parse_config(), *arguments])
        (jobs,) = self.split_arguments(words, None)
        log = JobLog(folder)
        left, number = log.remaining(jobs), log.next_number
        results: list[JobReturn] = []
        for batch in self.split_overrides_to_chunks(left, self.max_batch_size) if left else ():
            self.validate_batch_is_legal(batch)
            results += self.launcher.launch(batch, initial_job_idx=number)
            number += len(batch)
        _raise_first(results)
        return results


class OptunaSweeper(Sweeper):
    """Runs the trials of a study until it has as many as asked for, those before a restart too."""

    def __init__(self, n_trials: int, n_jobs: int, params: Any = None, **study: Any) -> None:
        self.n_trials, self.n_jobs = n_trials, n_jobs
        self.params: dict[str, Any] = dict(params or {})
        self.study_settings = study
        self.launcher: Launcher | None = None

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Takes what Hydra hands to every sweeper."""
        from hydra.core.plugins import Plugins

        self.hydra_context, self.config = hydra_context, config
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> list[JobReturn]:
        """Runs the trials.

        Args:
            arguments: `key=value` words; those with several values are searched.

        Raises:
            Exception: of the first job that failed in a process of a launcher, after all others.
        """
        from resistor_cls.config.optuna_study import open_study
        from resistor_cls.config.search_space import search_space
        from resistor_cls.tracking.sweep.job_log import JobLog

        assert self.launcher is not None
        folder = _prepared(self.config)
        given = [f"{key}={values}" for key, values in self.params.items()]
        fixed, space = search_space(_overrides(self.hydra_context, [*given, *arguments]))
        study = open_study(self.config, folder)
        study.close_dead_trials()
        results: list[JobReturn] = []
        while (left := self.n_trials - study.trials_counted) > 0:
            number = JobLog(folder).next_number
            trials = [study.ask(space, number + place) for place in range(min(left, self.n_jobs))]
            batch = [[*fixed, *trial.words] for trial in trials]
            self.validate_batch_is_legal(batch)
            done = self.launcher.launch(batch, initial_job_idx=number)
            for trial, result in zip(trials, done, strict=True):
                study.tell(trial, _value(result))
            results += done
        JobLog(folder).importances(study.importances())
        _raise_first(results)
        return results


def _prepared(config: DictConfig) -> Path:
    """The folder of the sweep, with Hydra's file of its config in it."""
    folder = Path(config.hydra.sweep.dir)
    folder.mkdir(parents=True, exist_ok=True)
    OmegaConf.save(config, folder / "multirun.yaml")
    return folder


def _overrides(context: HydraContext, words: Sequence[str]) -> list[Override]:
    parser = OverridesParser.create(config_loader=context.config_loader)
    return parser.parse_overrides(list(words))


def _value(result: JobReturn) -> float | None:
    """What a job returned; None where it failed."""
    value = next(_values([result]), None)
    return None if value is None else float(value)


def _values(results: Sequence[JobReturn]) -> Iterator[Any]:
    from hydra.core.utils import JobStatus

    return (one.return_value for one in results if one.status == JobStatus.COMPLETED)


def _raise_first(results: Sequence[JobReturn]) -> None:
    """Raises what the first job that failed has raised; in this process, jobs raise nothing."""
    for result in results:
        _ = result.return_value
