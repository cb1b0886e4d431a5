"""Whether the process of an unfinished training lives, as other processes see it."""

import os
import time
from pathlib import Path

import pytest

from resistor_cls.errors import DataError, TrackingError
from resistor_cls.tracking.run.unfinished import (
    Unfinished,
    has_finished,
    has_stopped,
    read_unfinished,
    unfinished_below,
)


@pytest.fixture
def run(tmp_path: Path) -> Unfinished:
    begun = Unfinished(tmp_path / "outputs" / "run", {"seed": 0}, 0)
    begun.begin()
    return begun


def test_what_is_written_is_read_again(run: Unfinished) -> None:
    run.found = {"lr": 0.1}
    run.check_photos("a", "b")
    assert read_unfinished(run.folder) == run
    assert run.lives()
    stopped = has_stopped(run.folder)
    assert stopped is not None and not stopped.lives()
    with pytest.raises(DataError, match=r"other photos .* \(data.split_fingerprint was b, is c\)"):
        stopped.check_photos("a", "c")
    has_finished(run.folder)
    assert read_unfinished(run.folder) is None
    assert has_stopped(run.folder) is None


def test_of_another_machine_a_recent_sign_or_the_same_slurm_job_counts(
    run: Unfinished, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.signs["run.host"], run.job = "elsewhere", "17"
    assert run.lives()
    monkeypatch.setenv("SLURM_JOB_ID", "18")
    assert run.lives()
    monkeypatch.setenv("SLURM_JOB_ID", "17")  # put back into the queue: the first process is gone
    assert not run.lives()
    monkeypatch.delenv("SLURM_JOB_ID")
    old = time.time() - 3700
    os.utime(run.states, (old, old))
    assert not run.lives()


def test_a_new_training_forgets_the_states_in_its_folder(run: Unfinished) -> None:
    (run.states / "000001").mkdir()
    Unfinished(run.folder, {}, 0).begin()
    assert not (run.states / "000001").exists()


def test_a_damaged_file_is_named_and_hides_no_other_run(run: Unfinished) -> None:
    damaged = run.folder.with_name("damaged")
    (damaged / "resume").mkdir(parents=True)
    (damaged / "resume" / "run.json").write_text("{")
    with pytest.raises(TrackingError, match=r"run.json cannot be read .*remove"):
        read_unfinished(damaged)
    assert [one.folder for one in unfinished_below(run.folder.parent)] == [run.folder]
