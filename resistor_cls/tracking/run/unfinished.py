"""Trainings that have not finished: what a later command needs to continue each of them.

It is in the folder of the run, `resume/run.json`, beside the states of the training, and goes when
the run has finished.
"""

import json
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from resistor_cls.errors import DataError, TrackingError
from resistor_cls.processes import is_first
from resistor_cls.tracking.run.liveness import (
    HEARTBEAT_TAG,
    is_here,
    is_silent,
    process_lives,
    signs_of_life,
)

STATES = "resume"  # in the folder of a run
_FILE = "run.json"
# Slurm's number of a job, which a job that is put back into the queue keeps.
_JOB = "SLURM_JOB_ID"
# Folders below `paths.output`: of runs, by date and time, and of jobs of a sweep in its folder.
RUNS, JOBS = 2, 3


@dataclass
class Unfinished:
    """What is known of a training that has not finished.

    Attributes:
        folder: of the run.
        values: of its config, as dotted keys and plain values.
        seed: that was given or drawn.
        experiment: of the tracking store; empty without one.
        run_id: in the tracking store; empty without one.
        found: what was searched before the training, such as `lr`.
        photos: fingerprints of the photos and of their split.
        opened: when it began, as ISO 8601.
        signs: by which other processes see whether it lives; see `signs_of_life`.
        job: of Slurm, that it runs in.
        ended: whether its process has said that it stops.
    """

    folder: Path
    values: Mapping[str, Any]
    seed: int
    experiment: str = ""
    run_id: str = ""
    found: dict[str, float] = field(default_factory=dict)
    photos: dict[str, str] = field(default_factory=dict)
    opened: str = ""
    signs: dict[str, str] = field(default_factory=dict)
    job: str = ""
    ended: bool = False

    @property
    def states(self) -> Path:
        """Folder of the states of the training."""
        return self.folder / STATES

    @property
    def name(self) -> str:
        """What `trainer.resume` takes to continue it."""
        return self.run_id or str(self.folder)

    def lives(self) -> bool:
        """Whether its process still runs, as far as can be told from here."""
        if self.ended:
            return False
        if is_here(self.signs):
            return process_lives(self.signs)
        if self.job and self.job == os.environ.get(_JOB):
            return False  # this process has taken its place
        written = max(path.stat().st_mtime for path in [self.states, *self.folder.glob("*.log")])
        newest = datetime.fromtimestamp(written, UTC).isoformat()
        return not is_silent({HEARTBEAT_TAG: newest})

    def begin(self) -> None:
        """Notes that this process trains now; a new training forgets what lay in its folder."""
        if not self.opened and is_first():
            shutil.rmtree(self.states, ignore_errors=True)
        self.opened = self.opened or datetime.now(UTC).isoformat()
        self.signs, self.job, self.ended = signs_of_life(self.folder), _this_job(), False
        self.write()

    def check_photos(self, fingerprint: str, split: str) -> None:
        """Requires the photos, and the split, that the training began with.

        Raises:
            DataError: others.
        """
        photos = {"data.fingerprint": fingerprint, "data.split_fingerprint": split}
        for name, value in photos.items():
            if self.photos.get(name, value) != value:
                raise DataError(
                    f"run {self.name} began with other photos or another split ({name} was "
                    f"{self.photos[name]}, is {value}): restore them, or begin a new run by "
                    "trainer.resume=null"
                )
        self.photos = photos
        self.write()

    def write(self) -> None:
        """Writes all of it, whole or not at all; only the first of several processes does."""
        if not is_first():
            return
        self.states.mkdir(parents=True, exist_ok=True)
        part = self.states / f".{_FILE}.part"
        values = {key: value for key, value in asdict(self).items() if key != "folder"}
        with part.open("w", encoding="utf-8") as file:
            json.dump(values, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.states / _FILE)


def _this_job() -> str:
    return os.environ.get(_JOB, "")


def read_unfinished(folder: Path) -> Unfinished | None:
    """What a run has left in its folder; None where it has finished, or is not a training.

    Raises:
        TrackingError: a file that is damaged.
    """
    file = folder / STATES / _FILE
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
        return Unfinished(folder=folder.absolute(), **values)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise TrackingError(
            f"{file} cannot be read ({error}): remove {file.parent}, and the run cannot be "
            "continued any more"
        ) from error


def unfinished_below(output: Path, depth: int = RUNS) -> list[Unfinished]:
    """The unfinished trainings in a folder of runs, the newest first; damaged ones are left out."""
    found = []
    for level in range(depth + 1):
        for file in output.glob(f"{'*/' * level}{STATES}/{_FILE}"):
            with suppress(TrackingError):
                run = read_unfinished(file.parents[1])
                found += [] if run is None else [run]
    return sorted(found, key=lambda run: run.opened, reverse=True)


def unfinished_of_store(uri: str, experiment: str, run_id: str | None = None) -> list[Unfinished]:
    """The unfinished trainings of a tracking store whose folders are on this machine.

    Args:
        uri: of the store.
        experiment: its name.
        run_id: of one run of any experiment; None for all of `experiment`.

    Returns:
        The newest first.

    Raises:
        ConfigError: an address of a kind that MLflow cannot use.
        TrackingError: a store that cannot be used, no such run, or a damaged file.
    """
    from mlflow.exceptions import MlflowException

    from resistor_cls.tracking.run.liveness import FOLDER_TAG
    from resistor_cls.tracking.store.connection import connect

    client = connect(uri)
    if run_id is not None:
        try:
            runs = [client.get_run(run_id)]
        except MlflowException as error:
            raise TrackingError(f"no run {run_id} in {uri}") from error
    else:
        place = client.get_experiment_by_name(experiment)
        runs = [] if place is None else list(client.search_runs([place.experiment_id]))
    folders = [Path(tags[FOLDER_TAG]) for run in runs if FOLDER_TAG in (tags := run.data.tags)]
    found = [read_unfinished(folder) for folder in folders]
    return [run for run in found if run is not None]


def lend_states(folder: Path, other: Path) -> None:
    """Shows the states of a run in another folder too: that of a process that trains along.

    Args:
        folder: of the run.
        other: of the process; it has none of its own.
    """
    (other / STATES).symlink_to((folder / STATES).absolute(), target_is_directory=True)


def has_finished(folder: Path) -> None:
    """Removes what a run needed to be continued: it has finished."""
    (folder / STATES / _FILE).unlink(missing_ok=True)
    shutil.rmtree(folder / STATES, ignore_errors=True)


def has_stopped(folder: Path) -> Unfinished | None:
    """Notes that a process stops before its run has finished; returns what is left, if anything."""
    try:
        run = read_unfinished(folder)
    except TrackingError:
        return None
    if run is not None:
        run.ended = True
        with suppress(OSError):  # the disk may be full
            run.write()
    return run
