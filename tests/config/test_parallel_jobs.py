"""Jobs that run side by side: their cores, and what the parent run has of them."""

import importlib.util
import os
from pathlib import Path
from typing import Any

import pytest

from resistor_cls.config.parallel_jobs import share_of_cores, use_share_of_cores
from resistor_cls.data.workers import worker_count
from resistor_cls.usable_cores import usable_cores
from tests.helpers.runs import artifacts, runs
from tests.helpers.stub_sweep import start

JOBLIB = "hydra_plugins.hydra_joblib_launcher.joblib_launcher.JoblibLauncher"
RAY = "hydra_plugins.hydra_ray_launcher.ray_launcher.RayLauncher"
SUBMITIT = "hydra_plugins.hydra_submitit_launcher.submitit_launcher."


@pytest.mark.parametrize(
    ("launcher", "share"),
    [
        ({"_target_": JOBLIB, "n_jobs": 2}, 4),
        ({"_target_": JOBLIB, "n_jobs": 3}, 2),
        ({"_target_": JOBLIB, "n_jobs": 20}, 1),
        ({"_target_": JOBLIB, "n_jobs": -1}, 1),
        ({"_target_": RAY, "ray": {"init": {}, "remote": {}}}, 1),
        ({"_target_": RAY, "ray": {"remote": {"num_cpus": 3}}}, 3),
        ({"_target_": SUBMITIT + "LocalLauncher", "cpus_per_task": 2}, 2),
        ({"_target_": SUBMITIT + "SlurmLauncher", "cpus_per_task": 2}, None),
        ({"_target_": "hydra._internal.core_plugins.basic_launcher.BasicLauncher"}, None),
    ],
)
def test_jobs_divide_the_cores(launcher: dict[str, Any], share: int | None) -> None:
    assert share_of_cores(launcher, 8) == share


def test_a_job_uses_no_more_than_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESISTOR_CLS_CORES", "99")
    there = usable_cores()
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    for _ in range(2):  # a process runs one job after the other
        use_share_of_cores({"_target_": JOBLIB, "n_jobs": there}, there)
    assert (usable_cores(), os.environ["OMP_NUM_THREADS"]) == (1, "1")
    assert worker_count("auto") == worker_count("auto", beside=2) == 0
    monkeypatch.delenv("OMP_NUM_THREADS")


# Each is an extra: skipped where it is not installed.
LAUNCHERS = {
    "joblib": ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"],
    "submitit": ["hydra/launcher=submitit_local"],
    "ray": [
        "hydra/launcher=ray",
        "+hydra.launcher.ray.init.num_cpus=2",
        "+hydra.launcher.ray.init.include_dashboard=false",
    ],
}


@pytest.mark.slow
@pytest.mark.parametrize("name", LAUNCHERS)
def test_the_parent_has_everything_whichever_launcher_ran_the_jobs(
    name: str, workplace: Path
) -> None:
    if importlib.util.find_spec(f"hydra_plugins.hydra_{name}_launcher") is None:
        pytest.skip(f"the extra {name} is not installed")
    words = ["seed=0,1", "optimizer.lr=1e-3,1e-2", "compare=optimizer.lr", *LAUNCHERS[name]]
    done = start("-m", *words, FAIL_AT="3", PREDICT="1", RESISTOR_CLS_CORES="2")
    assert done.returncode == 2, done.stderr
    failed = "failed: seed=1 optimizer.lr=0.01: job 3 fails"
    assert done.stderr.index(failed) < done.stderr.index("3 of 4 jobs finished")
    assert "error: job 3 fails" in done.stderr

    *children, parent = sorted(runs(), key=lambda run: "sweep.keys" in run.data.tags)
    assert parent.info.status == "FAILED"
    assert {run.data.tags["mlflow.parentRunId"] for run in children} == {parent.info.run_id}
    finished = [run for run in children if run.info.status == "FINISHED"]
    assert (len(children), len(finished)) == (4, 3)
    assert {(run.data.tags["cores"], run.data.tags["threads"]) for run in finished} == {("1", "1")}
    assert {
        "figures/comparison.png", "figures/repeats.png", "figures/parallel_coordinates.png",
        "tables/sweep.csv", "tables/importance.csv", "config/experiment/best_of_sweep.yaml",
    } <= artifacts(parent)  # fmt: skip
    assert "mean/optimizer.lr_0.001/val/accuracy" in parent.data.metrics


@pytest.mark.slow
def test_jobs_of_a_killed_command_end_and_run_once(workplace: Path) -> None:
    if importlib.util.find_spec("hydra_plugins.hydra_joblib_launcher") is None:
        pytest.skip("the extra joblib is not installed")
    words = ["-m", "seed=0,1,2,3", "tracking=none", *LAUNCHERS["joblib"]]
    assert start(*words, ORPHAN_AT="2").returncode == -9
    done = start(*words)
    assert done.returncode == 0, done.stderr
    assert "4 of 4 jobs finished" in done.stderr
