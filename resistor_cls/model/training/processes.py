"""Starts and watches the other processes of a distributed training on this machine.

Lightning starts them too, but by the command line of this process, which in a sweep is that of all
jobs; it leaves its environment variables to the next training; and when one dies it kills the
others before a run can be closed. Processes of torchrun, Slurm and others are left alone.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from lightning import Trainer
from lightning.pytorch.plugins.environments import LightningEnvironment
from lightning.pytorch.trainer.states import TrainerStatus

from resistor_cls.errors import USER_ERROR, ConfigError, ProcessError

Process = subprocess.Popen[bytes]

PERIOD = 0.5  # seconds between two looks at the processes
# Seconds until a collective operation reports that a process has gone: gloo does at once, NCCL
# never, and then a thread has to end this process.
PATIENCE = 10.0
_REPORTED = 3.0  # seconds between an error of a collective operation and the end of its cause
_LONGEST_END = 60.0  # seconds that a process takes to end after its training
_LONGEST_STOP = 5.0  # seconds that a process takes to end after an interruption


@contextmanager
def other_processes(
    trainer: Trainer,
    start: Callable[[Mapping[str, str]], Process],
    on_death: Callable[[str], object] = lambda message: None,
) -> Iterator[None]:
    """Has the other processes of this machine, while a trainer trains in several.

    Does nothing for a trainer of one process, or where a launcher has started all of them.

    Args:
        trainer: is yet to train.
        start: starts one of environment variables, which name its rank.
        on_death: is called with a message before this process is ended because it waits for one
            that has died; it may run in another thread.

    Raises:
        ConfigError: several machines whose addresses are not given.
        ProcessError: a process that died while the trainer waited for it.
    """
    given = _environment(trainer)
    if given is None:
        yield
        return
    before = {name: os.environ.get(name) for name in given}
    os.environ.update(given)
    watch = _Watch(trainer, on_death)
    try:
        for rank in range(1, trainer.num_devices):
            watch.processes.append(start({**os.environ, "LOCAL_RANK": str(rank)}))
        watch.start()
        yield
        watch.wait_for_end(_LONGEST_END)
    except RuntimeError as error:
        if (message := watch.wait_for_death(_REPORTED)) is not None:
            raise ProcessError(message) from error
        raise
    except KeyboardInterrupt:
        watch.wait_for_end(_LONGEST_STOP)
        raise
    finally:
        watch.stop()
        leaving = threading.Thread(target=_leave_group, daemon=True)
        leaving.start()
        leaving.join(_LONGEST_STOP)  # NCCL waits for processes that have died
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def _environment(trainer: Trainer) -> dict[str, str] | None:
    """Variables of the first process of this machine; None where nothing is to be started."""
    cluster = getattr(trainer.strategy, "cluster_environment", None)
    if not isinstance(cluster, LightningEnvironment) or cluster.creates_processes_externally:
        return None
    missing = [name for name in ("MASTER_ADDR", "MASTER_PORT") if not os.environ.get(name)]
    if trainer.num_nodes > 1 and missing:
        raise ConfigError(
            f"trainer.num_nodes={trainer.num_nodes} without {' and '.join(missing)}: set "
            "MASTER_ADDR, MASTER_PORT and NODE_RANK on each machine, or start by torchrun or srun"
        )
    return {
        "MASTER_ADDR": str(cluster.main_address),
        "MASTER_PORT": str(cluster.main_port),
        "NODE_RANK": str(cluster.node_rank()),
        "LOCAL_RANK": "0",
        "WORLD_SIZE": str(trainer.num_devices * trainer.num_nodes),
    }


class _Watch(threading.Thread):
    """Ends this process where it waits for one that has died.

    Args:
        trainer: only while it works can this process wait for others.
        on_death: see `other_processes`.

    Attributes:
        processes: those that are watched.
    """

    def __init__(self, trainer: Trainer, on_death: Callable[[str], object]) -> None:
        super().__init__(name="processes", daemon=True)
        self.processes: list[Process] = []
        self._trainer, self._on_death = trainer, on_death
        self._stopped = threading.Event()

    def run(self) -> None:
        waiting = 0.0
        while not self._stopped.wait(PERIOD):
            message = death(self.processes)
            works = self._trainer.state.status == TrainerStatus.RUNNING
            waiting = waiting + PERIOD if message is not None and works else 0.0
            if message is not None and waiting > PATIENCE:
                self._end(message)

    def _end(self, message: str) -> None:
        _kill(self.processes)
        print(f"error: {message}", file=sys.stderr, flush=True)
        try:
            self._on_death(message)
        finally:
            os._exit(USER_ERROR)

    def wait_for_death(self, seconds: float) -> str | None:
        """Says which process has died, if one does within some seconds."""
        deadline = time.monotonic() + seconds
        while (message := death(self.processes)) is None and time.monotonic() < deadline:
            time.sleep(0.1)
        return message

    def wait_for_end(self, seconds: float) -> None:
        """Waits until all processes have ended, but not for ever."""
        deadline = time.monotonic() + seconds
        for process in self.processes:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                return

    def stop(self) -> None:
        """Ends the watch, and the processes that are left."""
        self._stopped.set()
        _kill(self.processes)


def death(processes: Sequence[Process]) -> str | None:
    """Says which process has died, and what to do; None if none has."""
    for rank, process in enumerate(processes, start=1):
        status = process.poll()
        if not status:
            continue
        which = f"process {rank + 1} of {len(processes) + 1} of this training"
        if status > 0:
            return f"{which} ended with exit status {status}; its message is above"
        why = ""
        if -status == signal.SIGKILL:
            why = ", most often because the memory of the machine was full: lower data.batch_size"
            why += " or data.workers"
        return f"{which} was killed by {signal.Signals(-status).name}{why}"
    return None


def _kill(processes: Sequence[Process]) -> None:
    for process in processes:
        if process.poll() is None:
            process.kill()  # one that waits in native code does not react to less
        process.wait()


def _leave_group() -> None:
    """The next training in this process makes its own group."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
