"""A launcher may run the jobs of a sweep in processes of its own."""

import multiprocessing
from pathlib import Path

from joblib import Parallel, delayed

from resistor_cls.config import _use_own_start_method
from resistor_cls.tracking import Run
from resistor_cls.tracking.sweep import Sweep


def end(output: Path, number: int, finished: bool) -> str:
    """What runs in a worker of joblib; returns how that would start processes."""
    _use_own_start_method()
    sweep = Sweep("sweep", ("seed",), Run(output))
    sweep.ended([f"seed={number}"], output / str(number), finished=finished)
    return multiprocessing.get_start_method()


def test_the_parent_knows_jobs_that_ended_elsewhere(tmp_path: Path) -> None:
    sweep = Sweep("sweep", ("seed",), Run(tmp_path))
    assert sweep.jobs == []
    ended = [delayed(end)(tmp_path, number, number != 2) for number in (10, 2, 9, 0)]
    methods = Parallel(n_jobs=2)(ended)
    assert set(methods) <= set(multiprocessing.get_all_start_methods())
    assert [job.output.name for job in sweep.jobs] == ["0", "2", "9", "10"]
    assert [job.finished for job in sweep.jobs] == [True, False, True, True]
    assert "folder: " in sweep.finish()
    assert not list(tmp_path.rglob(".jobs*"))
