"""Processes of a launcher, in which jobs of a sweep run side by side.

Jobs that each use all cores only wait for one another: each gets its share instead.
"""

import os
import signal
import threading
import time
from collections.abc import Mapping
from typing import Any

from resistor_cls.usable_cores import LIMIT

_JOBLIB = "hydra_plugins.hydra_joblib_launcher."
_RAY = "hydra_plugins.hydra_ray_launcher."
_SUBMITIT_LOCAL = "hydra_plugins.hydra_submitit_launcher.submitit_launcher.LocalLauncher"
_PERIOD = 0.5  # seconds between two looks at the parent process


def use_share_of_cores(launcher: Mapping[str, Any], cores: int) -> None:
    """Limits this process to the cores of one job; call it before PyTorch is imported.

    Args:
        launcher: settings of the launcher that started the process. One that is not known here,
            such as Slurm's, limits its processes itself.
        cores: that all jobs have together.
    """
    share = share_of_cores(launcher, cores)
    if share is None:
        return
    os.environ[LIMIT] = str(share)
    # Of what computes in threads; a number that somebody has fixed stays.
    os.environ.setdefault("OMP_NUM_THREADS", str(share))


def end_with_parent(launcher: Mapping[str, Any]) -> None:
    """Kills this process when the command is killed that has started it by joblib.

    Otherwise its job would go on, and the same command, started again, would run the job twice.
    Slurm's jobs outlive a command on purpose.

    Args:
        launcher: settings of the launcher that started the process.
    """
    name = "end with parent"
    by_joblib = str(launcher.get("_target_")).startswith(_JOBLIB)
    if not by_joblib or any(thread.name == name for thread in threading.enumerate()):
        return
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_PERIOD)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name=name, daemon=True).start()


def share_of_cores(launcher: Mapping[str, Any], cores: int) -> int | None:
    """How many cores one of the jobs gets that a launcher runs side by side.

    Args:
        launcher: its settings.
        cores: that all jobs have together.

    Returns:
        At least 1; None where the launcher decides it.
    """
    target = str(launcher.get("_target_"))
    if target.startswith(_JOBLIB):
        asked = int(launcher.get("n_jobs") or 1)
        jobs = asked if asked > 0 else max(1, cores + 1 + asked)  # -1: all cores, -2: all but one
        return max(1, cores // jobs)
    if target.startswith(_RAY):
        remote = launcher.get("ray", {}).get("remote", {})
        return max(1, int(remote.get("num_cpus") or 1))  # Ray gives a task one core by default
    if target == _SUBMITIT_LOCAL:
        return max(1, int(launcher.get("cpus_per_task") or 1))
    return None
