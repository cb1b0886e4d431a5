"""Runs a command that Hydra configures: composes, checks, and starts its job or jobs."""

import argparse
import functools
import io
import logging
import math
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from resistor_cls.config.best_job import save_best
from resistor_cls.config.calling import show
from resistor_cls.config.checks import check_config
from resistor_cls.config.choices import groups
from resistor_cls.config.command_line import CONF, escaped, read_words, taken_out
from resistor_cls.config.help import annotated, help_of
from resistor_cls.config.hydra_flags import flags_of, read_arguments
from resistor_cls.config.messages import explained
from resistor_cls.config.optuna_study import trial_of_job
from resistor_cls.config.parallel_jobs import ends_with_command, use_share_of_cores
from resistor_cls.config.plain import flatten, resolved
from resistor_cls.config.ranks import is_started, run_started, silence
from resistor_cls.config.sweeps import is_multirun, sweep_of
from resistor_cls.custom_code import FLAG, allow_code
from resistor_cls.errors import first_line, printable, run_command, without_passwords
from resistor_cls.garbage import rare_searches
from resistor_cls.processes import end_with_parent, is_first
from resistor_cls.usable_cores import usable_cores

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from resistor_cls.tracking import Run, Sweep

Job = Callable[["DictConfig"], object]


def run_hydra(job: Job, name: str, doc: str, argv: Sequence[str] | None = None) -> int:
    """Runs a command that is configured by Hydra.

    Args:
        job: takes the composed config.
        name: of the config in `conf/`, and of the job.
        doc: the command's help.
        argv: words of the command line, by default the real ones.

    Returns:
        The exit status; see `resistor_cls.errors.run_command`.
    """
    if is_started():
        return run_command(lambda: run_started(job))
    words = list(sys.argv[1:] if argv is None else argv)
    if {"-h", "--help"} & set(words):
        return run_command(lambda: show(help_of(name, doc, words, _own_folder(words))))
    return run_command(lambda: _run(job, name, _without_allowed(words)))


def _without_allowed(words: list[str]) -> list[str]:
    """The words without `--allow-code PACKAGE`, whose packages are allowed."""
    rest, packages = taken_out(words, FLAG)
    allow_code(*packages)
    return rest


def _own_folder(words: list[str]) -> Path | None:
    """The folder of `--config-dir`, where there is one."""
    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    parser.add_argument("--config-dir", "-cd")
    with suppress(argparse.ArgumentError):
        found = parser.parse_known_args(words)[0].config_dir
        return None if found is None else Path(found).expanduser()
    return None


def _run(job: Job, name: str, words: list[str]) -> None:
    import hydra

    # Hydra would print its traceback and exit with 1; so it raises instead.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    arguments = read_arguments(words)
    arguments.overrides = read_words(arguments.overrides, is_multirun(name, arguments))
    words = [*flags_of(arguments), *arguments.overrides]
    failures: list[Exception] = []

    with sweep_of(name, arguments) as (sweep, place):
        decorate = hydra.main(config_path=str(CONF), config_name=name, version_base="1.3")
        before, sys.argv = sys.argv, [sys.argv[0], *words, *place]
        try:
            with explained(name, arguments.overrides), _meanings(arguments), _failures_named(sweep):
                decorate(_task(job, name, sweep, failures))()
        except Exception as error:  # of a job in a process of a launcher
            if sweep is None or not sweep.log.is_complete:
                raise
            failures.append(error)
        finally:
            sys.argv = before
        if sweep is not None:
            sweep.log.complete()  # by a sweeper that is not ours, too
            again = save_best(sweep, name)
            # Hydra has removed the handlers of the jobs' log by now.
            print(f"\n{sweep.finish()}{again}", file=sys.stderr)
        if failures:
            raise failures[0]


@contextmanager
def _failures_named(sweep: "Sweep | None") -> Iterator[None]:
    """Names a job that fails in a process of a launcher at once, and not when all have ended."""
    if sweep is None:
        yield
        return
    from resistor_cls.tracking.sweep.failures import failures_elsewhere

    def show(name: str, error: str) -> None:
        line = without_passwords(printable(f"{name}: {error}"))
        print(f"failed: {line}", file=sys.stderr)

    with failures_elsewhere(sweep, show):
        yield


@contextmanager
def _meanings(arguments: argparse.Namespace) -> Iterator[None]:
    """Adds the meaning of each key to what `--cfg` prints."""
    if not arguments.cfg:
        yield
        return
    with redirect_stdout(io.StringIO()) as printed:
        yield
    show(annotated(printed.getvalue(), arguments.package))


def _task(job: Job, name: str, sweep: "Sweep | None", failures: list[Exception]) -> Job:
    """What Hydra calls for each job: checks its config, runs it, and tells the sweep.

    Args:
        job: of the command.
        name: of its config.
        sweep: that it is part of.
        failures: where errors of this process are kept: a sweep goes on with its other jobs.
    """
    from hydra.core.hydra_config import HydraConfig

    main_process, cores = os.getpid(), usable_cores()

    @functools.wraps(job)
    def task(config: "DictConfig") -> object:
        use_own_start_method()
        if not is_first():
            silence()
        noted = sweep if is_first() else None
        _redact_files()
        overrides = list(HydraConfig.get().overrides.task)
        elsewhere = os.getpid() != main_process
        if elsewhere and sweep is not None:
            sweep.join()
            use_share_of_cores(HydraConfig.get().launcher, cores)
            if ends_with_command(HydraConfig.get().launcher):
                end_with_parent()
        try:
            with explained(name, overrides):
                check_config(config)
            if noted is not None:
                # A name that was given is the parent's.
                config.tracking.name = escaped(noted.job_name(overrides))
            with rare_searches():  # most libraries are imported by the job
                score = job(config)
            if noted is not None:
                _note_end(noted, overrides, score)
            return score  # what a sweeper such as optuna optimizes
        except Exception as error:
            if noted is not None:
                _note_end(noted, overrides, None, error)
            if elsewhere:
                raise  # the launcher brings it from its worker, when all jobs are through
            if sweep is not None:
                logging.getLogger(__name__).error("%s: %s", sweep.job_name(overrides), error)
            failures.append(error)
            return None

    return task


def _note_end(
    sweep: "Sweep", overrides: Sequence[str], score: object, error: Exception | None = None
) -> None:
    """Notes that the job of this process has ended, for the process that runs the sweep."""
    from resistor_cls.tracking.sweep.jobs import Job

    trial = trial_of_job() if error is None else None
    known = score if isinstance(score, float) and math.isfinite(score) else None
    ended = Job(
        tuple(overrides),
        output_folder(),
        finished=error is None,
        score=known,
        pruned=trial is not None and trial.pruned,
        error="" if error is None else first_line(error),
    )
    sweep.log.ended(ended)


def _redact_files() -> None:
    """Removes passwords from the files of overrides and config that Hydra has just written."""
    from hydra.core.hydra_config import HydraConfig

    folder, hydra = output_folder(), HydraConfig.get()
    written = [] if hydra.output_subdir is None else folder.glob(f"{hydra.output_subdir}/*.yaml")
    for path in (*written, folder.parent / "multirun.yaml"):
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            if (shown := without_passwords(text)) != text:
                path.write_text(shown, encoding="utf-8")


def use_own_start_method() -> None:
    """In a worker of joblib, processes are started by a method that only joblib knows."""
    known = multiprocessing.get_all_start_methods()  # Python's default first
    if multiprocessing.get_start_method(allow_none=True) not in (None, *known):
        multiprocessing.set_start_method(known[0], force=True)


def output_folder() -> Path:
    """The folder that Hydra made for this job."""
    from hydra.core.hydra_config import HydraConfig

    return Path(HydraConfig.get().runtime.output_dir)


def log_config(config: "DictConfig", run: "Run") -> None:
    """Saves the config in a run, and the choices in it as parameters."""
    from resistor_cls.tracking.run.parameters import parameters

    run.save_text("config/resolved.yaml", resolved(config))
    run.log_params(parameters(flatten(config), chosen_options()))


def chosen_options() -> dict[str, str]:
    """Group of the config → the option that this job has chosen; without groups of no option."""
    from hydra.core.hydra_config import HydraConfig

    chosen = HydraConfig.get().runtime.choices
    return {group: str(chosen[group]) for group in groups() if chosen.get(group)}
