"""A command whose jobs train nothing: each logs a score and ends, or dies where a test asks.

The environment variables DIE_AT and FAIL_AT name the number of a job that is killed, or fails,
ORPHAN_AT of one in a process of joblib whose command is killed. With PREDICT, jobs leave
predictions.
"""

import math
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from resistor_cls.config import output_folder, run_hydra
from resistor_cls.config.optuna_study import trial_of_job
from resistor_cls.errors import ConfigError
from resistor_cls.tracking import open_run
from resistor_cls.usable_cores import usable_cores
from tests.helpers import ROOT
from tests.helpers.ended_jobs import ended

if TYPE_CHECKING:
    from omegaconf import DictConfig

EPOCHS = 3


def score_of(rate: float, seed: int) -> float:
    """Best at a rate of 0.001; seeds matter less."""
    return 1 - abs(math.log10(rate) + 3) / 4 - seed / 1000


def job(config: "DictConfig") -> float:
    with open_run(output_folder(), **config.tracking) as run:
        number = output_folder().name
        if os.environ.get("DIE_AT") == number:
            os.kill(os.getpid(), signal.SIGKILL)
        if os.environ.get("ORPHAN_AT") == number:
            os.kill(os.getppid(), signal.SIGKILL)
            time.sleep(60)
        if os.environ.get("FAIL_AT") == number:
            raise ConfigError(f"job {number} fails")
        trial = trial_of_job()
        score = score_of(config.optimizer.lr, config.seed)
        for epoch in range(1, EPOCHS + 1):
            if trial is not None and trial.report(epoch, score * epoch / EPOCHS):
                run.set_tags({"sweep.pruned": f"after validation {epoch}"})
                return score * epoch / EPOCHS
        if "PREDICT" in os.environ:
            ended(output_folder(), wrong=config.seed)
        run.log_metrics({"best/val/roc_auc": score})
        run.set_tags({"cores": usable_cores(), "threads": os.environ.get("OMP_NUM_THREADS")})
        return score


def main(words: list[str]) -> int:
    # Nothing of a stub needs what MLflow measures.
    return run_hydra(job, "train", __doc__ or "", ["tracking.system_metrics=false", *words])


def start(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs the command in a process of its own, which may be killed."""
    return subprocess.run(
        [sys.executable, "-m", "tests.helpers.stub_sweep", *words],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
