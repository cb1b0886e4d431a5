"""The processes of a distributed training: which of them this one is."""

import os
import threading
from collections.abc import Callable

# What a launcher gives each process: torchrun and Ray, Slurm, LSF, MPI, and Lightning by machine
# (node) and within one.
_RANKS = (
    "RANK", "SLURM_PROCID", "JSM_NAMESPACE_RANK", "OMPI_COMM_WORLD_RANK", "NODE_RANK", "LOCAL_RANK",
)  # fmt: skip
_PERIOD = 1.0  # seconds between two looks at the parent process


def is_first() -> bool:
    """Whether this is the only process of a training, or the first one, which keeps the run."""
    return all(os.environ.get(name, "0") in ("", "0") for name in _RANKS)


def is_one_of_several() -> bool:
    """Whether a launcher has started several processes that work together, this one among them."""
    return os.environ.get("WORLD_SIZE", "1") not in ("", "0", "1") or not is_first()


def end_with_parent(end: Callable[[int], object] = os._exit) -> None:
    """Ends this process once its parent has died, even while it waits in native code.

    A process that waits for another on a GPU would wait for half an hour.

    Args:
        end: ends the process with a status.
    """
    parent = os.getppid()

    def watch() -> None:
        pause = threading.Event()
        while os.getppid() == parent:
            pause.wait(_PERIOD)
        end(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()
