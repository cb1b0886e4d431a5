"""A launcher may run the jobs of a sweep in other processes."""

import multiprocessing
from pathlib import Path

from joblib import Parallel, delayed

from resistor_cls.config.running import use_own_start_method
from resistor_cls.tracking import Sweep, open_sweep
from resistor_cls.tracking.sweep.jobs import Job


def end(sweep: Sweep, number: int, finished: bool) -> str:
    """What runs in a worker of joblib; returns how that would start processes."""
    use_own_start_method()
    sweep.log.ended(Job((f"seed={number}",), sweep.run.output / str(number), finished))
    return multiprocessing.get_start_method()


def test_the_parent_knows_jobs_that_ended_elsewhere(workplace: Path) -> None:
    uri = f"sqlite:///{workplace / 'mlflow.db'}"
    with open_sweep("sweep", ["seed"], "out", uri=uri) as sweep:
        assert sweep.jobs == []
        ended = [delayed(end)(sweep, number, number != 2) for number in (10, 2, 9, 0)]
        methods = Parallel(n_jobs=2)(ended)
        assert set(methods) <= set(multiprocessing.get_all_start_methods())
        assert [job.output.name for job in sweep.jobs] == ["0", "2", "9", "10"]
        assert [job.finished for job in sweep.jobs] == [True, False, True, True]
        assert "folder: " in sweep.finish()
        sweep.log.complete()
    assert not list(workplace.rglob(".*"))
