"""What the file of a sweep remembers."""

import os
from pathlib import Path

from resistor_cls.tracking.sweep.job_log import JobLog
from resistor_cls.tracking.sweep.jobs import Job


def test_remaining_jobs_are_those_that_have_not_ended(tmp_path: Path) -> None:
    log = JobLog(tmp_path / "sweep")
    jobs = [["seed=0", "lr=1"], ["seed=1", "lr=1"], ["seed=1", "lr=1"], ["seed=2", "lr=1"]]
    assert log.remaining(jobs) == jobs
    assert log.next_number == 0
    log.ended(Job(("lr=1", "seed=1"), tmp_path / "sweep" / "0", finished=True, score=0.5))
    log.ended(Job(("lr=1", "seed=2"), tmp_path / "sweep" / "1", finished=False, error="no"))
    assert log.remaining(jobs) == [jobs[0], jobs[1]]  # of two equal jobs one has ended
    assert [(job.score, job.status, job.error) for job in log.jobs] == [
        (0.5, "FINISHED", ""),
        (None, "FAILED", "no"),
    ]
    (tmp_path / "sweep" / "12").mkdir()
    assert log.next_number == 13


def test_a_line_that_a_process_was_killed_in_harms_no_other(tmp_path: Path) -> None:
    log = JobLog(tmp_path)
    log.begin("one", "run")
    log.file.write_bytes(log.file.read_bytes() + b'{"overrides": ["se')
    log.ended(Job(("seed=1",), tmp_path / "0", finished=True))
    assert [job.overrides for job in log.jobs] == [("seed=1",)]
    assert log.run_id == "run"


def test_only_the_sweep_of_a_dead_process_is_claimed(tmp_path: Path) -> None:
    log = JobLog(tmp_path)
    assert not log.claim("one")  # there is nothing
    log.begin("one", "run")
    assert not log.claim("one")  # this process lives
    text = log.file.read_text().replace(f'"{os.getpid()} ', '"0 ')
    log.file.write_text(text)
    assert not log.claim("another")
    assert log.claim("one")
    assert not log.claim("one")  # claimed: it runs
    assert log.run_id == "run"


def test_the_file_of_an_interrupted_sweep_stays(tmp_path: Path) -> None:
    log = JobLog(tmp_path)
    log.begin("one", "")
    log.remove_complete()
    assert log.file.exists()
    log.complete()
    log.remove_complete()
    assert not log.file.exists()
