"""The other processes of a distributed training: each runs the job that its first process has.

A process gets the composed config of the job, not a command line: that of a sweep would start the
sweep again, and a seed that was drawn would be drawn anew.
"""

import logging
import os
import pickle
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from resistor_cls.garbage import rare_searches
from resistor_cls.processes import end_with_parent

if TYPE_CHECKING:
    from omegaconf import DictConfig

# Set for a process whose standard input holds its config.
_VARIABLE = "RESISTOR_CLS_RANK_CONFIG"


def start_process(
    command: str, config: "DictConfig", environment: Mapping[str, str]
) -> "subprocess.Popen[bytes]":
    """Starts a command in another process, with the config and the folder of this job.

    Args:
        command: its name, such as `train`.
        config: of this job.
        environment: variables of the process.
    """
    from hydra.core.hydra_config import HydraConfig

    hydra = HydraConfig.instance().cfg
    words = [sys.executable, "-m", f"resistor_cls.{command}"]
    # A file without a name; a pipe would wait until the process has imported its libraries.
    with tempfile.TemporaryFile() as file:
        pickle.dump((hydra, config), file)
        file.seek(0)
        return subprocess.Popen(words, stdin=file, env={**environment, _VARIABLE: "stdin"})


def is_started() -> bool:
    """Whether this process was started by `start_process`."""
    return _VARIABLE in os.environ


def run_started(job: Callable[["DictConfig"], object]) -> None:
    """Runs a job with the config that `start_process` has handed over."""
    from hydra.core.hydra_config import HydraConfig
    from hydra.core.utils import setup_globals

    end_with_parent()
    silence()
    setup_globals()  # Hydra's resolvers
    hydra, config = pickle.load(sys.stdin.buffer)
    del os.environ[_VARIABLE]
    HydraConfig.instance().set_config(hydra)
    with rare_searches():
        job(config)


def silence() -> None:
    """Leaves warnings and progress to the first process: all of them would say the same."""
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
