"""The file of a sweep: which processes have run it, and which of its jobs have ended.

A launcher may run jobs in other processes, and a process may be killed: whoever appends a line
appends it whole, and the next process that runs the same sweep reads what is there. The file is
removed when the sweep has come to its end.
"""

import fcntl
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from resistor_cls.tracking.run.liveness import (
    FOLDER_TAG,
    HEARTBEAT_TAG,
    is_here,
    process_lives,
    signs_of_life,
)
from resistor_cls.tracking.sweep.jobs import Job

NAME = ".jobs.jsonl"  # in the folder of a sweep


@dataclass(frozen=True)
class JobLog:
    """The file of a sweep.

    Attributes:
        folder: of the sweep.
    """

    folder: Path

    @property
    def file(self) -> Path:
        """The file, which exists while the sweep runs, and after an interruption."""
        return self.folder / NAME

    def begin(self, sweep: str, run_id: str) -> None:
        """Notes that this process runs the sweep.

        Args:
            sweep: identifies the sweep; see `claim`.
            run_id: of the parent run; empty where nothing is tracked.
        """
        self._append({"sweep": sweep, "run": run_id, **signs_of_life(self.folder)})

    def claim(self, sweep: str) -> bool:
        """Whether this process may continue the sweep; of several that ask, one may.

        Args:
            sweep: identifies the sweep: equal for the same command.
        """
        with suppress(FileNotFoundError), self.file.open(encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            last = self._last_begin
            # Of a process on another machine nobody here knows whether it lives.
            if last.get("sweep") != sweep or not is_here(last) or process_lives(last):
                return False
            self.begin(sweep, last["run"])
            return True
        return False

    def ended(self, job: Job) -> None:
        """Notes a job that has ended, in any process."""
        words = {"overrides": list(job.overrides), "output": str(job.output)}
        self._append({**asdict(job), **words, "process": os.getpid()})

    def charted(self, numbers: Sequence[int]) -> None:
        """Notes for which jobs, by number, the parent has metrics."""
        self._append({"charted": list(numbers)})

    def importances(self, values: Mapping[str, float]) -> None:
        """Notes how much each key matters, from a study that knows."""
        self._append({"importances": dict(values)})

    def complete(self) -> None:
        """Notes that the sweep has come to its end: no job is left."""
        self._append({"complete": True})

    def remove_complete(self) -> None:
        """Removes the file of a sweep that is over; that of an interrupted one stays."""
        if self.is_complete:
            self.file.unlink(missing_ok=True)

    @property
    def is_complete(self) -> bool:
        """Whether the sweep has come to its end."""
        return any("complete" in line for line in self.lines())

    @property
    def run_id(self) -> str:
        """The parent run; empty where nothing is tracked or the sweep has not begun."""
        return str(self._last_begin.get("run", ""))

    @property
    def name(self) -> str:
        """A name that no other sweep has: the parent run, or the time of the beginning."""
        first = next((line for line in self.lines() if FOLDER_TAG in line), {})
        return f"sweep {first.get('run') or first.get(HEARTBEAT_TAG)}"

    @property
    def known_importances(self) -> dict[str, float]:
        """How much each key matters; empty where no study knows."""
        lines = [line["importances"] for line in self.lines() if "importances" in line]
        return dict(lines[-1]) if lines else {}

    @property
    def jobs(self) -> list[Job]:
        """The jobs that have ended, in the order of their folders."""
        jobs = [_job(line) for line in self.lines() if "overrides" in line]
        numbered = all(job.output.name.isdecimal() for job in jobs)
        return sorted(jobs, key=lambda job: int(job.output.name)) if numbered else jobs

    @property
    def charted_jobs(self) -> set[int]:
        """The numbers of the jobs for which the parent has metrics."""
        return {number for line in self.lines() for number in line.get("charted", ())}

    def remaining(self, jobs: Sequence[Sequence[str]]) -> list[list[str]]:
        """The jobs that have not ended, each as its `key=value` words, in their order."""
        ended = [set(job.overrides) for job in self.jobs]
        left = []
        for words in jobs:
            of_job = {word for word in words if not word.startswith("hydra")}
            if of_job in ended:
                ended.remove(of_job)  # two equal jobs are two jobs
            else:
                left.append(list(words))
        return left

    @property
    def next_number(self) -> int:
        """The number of the next job: one that no job of the sweep has had."""
        names = [path.name for path in self.folder.iterdir()] if self.folder.is_dir() else []
        numbers = [int(name) for name in names if name.isdecimal()]
        return max(numbers, default=-1) + 1

    def lines(self) -> list[dict[str, Any]]:
        """All lines; one that a process was killed in is left out."""
        try:
            text = self.file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        found = []
        for line in text.splitlines():
            with suppress(ValueError):
                found.append(json.loads(line))
        return [line for line in found if isinstance(line, dict)]

    @property
    def _last_begin(self) -> Mapping[str, str]:
        return next((line for line in reversed(self.lines()) if FOLDER_TAG in line), {})

    def _append(self, values: Mapping[str, Any]) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        # In one call, so that lines of several processes do not mix. The line break in front
        # ends a line that a process was killed in.
        line = f"\n{json.dumps(values)}\n".encode()
        descriptor = os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            os.write(descriptor, line)
        finally:
            os.close(descriptor)


def _job(line: Mapping[str, Any]) -> Job:
    return Job(
        tuple(line["overrides"]),
        Path(line["output"]),
        line["finished"],
        line["score"],
        line["pruned"],
        line["error"],
    )
