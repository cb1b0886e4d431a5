"""Processes of a launcher, in which jobs of a sweep run side by side.

Jobs that each use all cores only wait for one another: each gets its share instead.
"""

import os
from collections.abc import Mapping
from typing import Any

from resistor_cls.usable_cores import LIMIT

_JOBLIB = "hydra_plugins.hydra_joblib_launcher."
_RAY = "hydra_plugins.hydra_ray_launcher."
_SUBMITIT_LOCAL = "hydra_plugins.hydra_submitit_launcher.submitit_launcher.LocalLauncher"


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


def ends_with_command(launcher: Mapping[str, Any]) -> bool:
    """Whether the processes of a launcher are to end when the command is killed.

    A job of joblib would go on, and the same command, started again, would run the job twice.
    Slurm's jobs outlive a command on purpose.

    Args:
        launcher: its settings.
    """
    return str(launcher.get("_target_")).startswith(_JOBLIB)


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
