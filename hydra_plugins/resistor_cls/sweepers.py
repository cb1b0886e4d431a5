"""Hydra's sweepers for our commands: all combinations of values, and a search by Optuna.

Hydra takes plugins from the namespace `hydra_plugins` alone, and imports them whenever it starts:
nothing here imports more than Hydra does.
"""

import itertools
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf


class _JobSweeper(Sweeper):
    """What both sweepers have: a launcher, and jobs whose failures end no other job."""

    def __init__(self, params: Any) -> None:
        self.params: dict[str, Any] = dict(params or {})

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Takes what Hydra hands to every sweeper."""
        self.config, self.hydra_context = config, hydra_context
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> list[JobReturn]:
        """Runs the jobs.

        Args:
            arguments: `key=value` words, with several values of some.

        Raises:
            Exception: of the first job that failed in a process of a launcher, after all others.
        """
        from resistor_cls.tracking.sweep.job_log import JobLog

        assert self.config is not None  # Hydra calls `setup` first
        assert self.hydra_context is not None
        folder = Path(self.config.hydra.sweep.dir)
        folder.mkdir(parents=True, exist_ok=True)
        OmegaConf.save(self.config, folder / "multirun.yaml")  # as Hydra's own sweeper does
        words = [*(f"{key}={values}" for key, values in self.params.items()), *arguments]
        parser = OverridesParser.create(config_loader=self.hydra_context.config_loader)
        results = self._run(parser.parse_overrides(words), JobLog(folder))
        JobLog(folder).complete()
        for result in results:
            _ = result.return_value  # raises where the job has; in this process, jobs raise nothing
        return results

    @abstractmethod
    def _run(self, overrides: Sequence[Override], log: Any) -> list[JobReturn]: ...

    def _launched(self, jobs: Sequence[Sequence[str]], number: int) -> list[JobReturn]:
        """What some jobs return; their numbers begin with a given one."""
        assert self.launcher is not None
        self.validate_batch_is_legal(jobs)
        return list(self.launcher.launch(jobs, initial_job_idx=number))


class GridSweeper(_JobSweeper):
    """Runs a job for each combination of values that has not ended in this folder.

    Args:
        max_batch_size: how many jobs a launcher gets at a time; None for all.
        params: key → values.
    """

    def __init__(self, max_batch_size: int | None, params: Any = None) -> None:
        super().__init__(params)
        self.max_batch_size = max_batch_size

    def _run(self, overrides: Sequence[Override], log: Any) -> list[JobReturn]:
        left, number = log.remaining(_combinations(overrides)), log.next_number
        size = self.max_batch_size or len(left) or 1
        results: list[JobReturn] = []
        for begin in range(0, len(left), size):
            results += self._launched(left[begin : begin + size], number + begin)
        return results


class OptunaSweeper(_JobSweeper):
    """Runs the trials of a study until it has as many as asked for, those before a restart too.

    Args:
        n_trials: how many.
        n_jobs: how many a launcher gets at a time.
        params: key → values that are searched.
        **study: read by `resistor_cls.config.optuna_study`.
    """

    def __init__(self, n_trials: int, n_jobs: int, params: Any = None, **study: Any) -> None:
        super().__init__(params)
        self.n_trials, self.n_jobs = n_trials, n_jobs

    def _run(self, overrides: Sequence[Override], log: Any) -> list[JobReturn]:
        from resistor_cls.config.optuna_study import open_study
        from resistor_cls.config.search_space import search_space

        assert self.config is not None
        fixed, space = search_space(overrides)
        study = open_study(self.config, log.folder)
        study.close_dead_trials()
        results: list[JobReturn] = []
        while (left := self.n_trials - study.trials_counted) > 0:
            number = log.next_number
            trials = [study.ask(space, number + place) for place in range(min(left, self.n_jobs))]
            done = self._launched([[*fixed, *trial.words] for trial in trials], number)
            for trial, result in zip(trials, done, strict=True):
                failed = result.status != JobStatus.COMPLETED
                study.tell(trial, None if failed else result.return_value)
            results += done
        log.importances(study.importances())
        return results


def _combinations(overrides: Sequence[Override]) -> list[list[str]]:
    """The words of each job; of several words of one key the last counts."""
    from resistor_cls.errors import ConfigError

    last = {one.get_key_element(): one for one in overrides}
    values = []
    for key, one in last.items():
        if one.is_interval_sweep():
            raise ConfigError(
                f"{one.input_line}: only a search takes an interval: add hydra/sweeper=optuna, or "
                "name the values"
            )
        swept = one.is_sweep_override()
        found = one.sweep_string_iterator() if swept else [one.get_value_element_as_str()]
        values.append([f"{key}={value}" for value in found])
    return [list(words) for words in itertools.product(*values)]
