"""How training batches are loaded: order, workers and the smallest batch."""

import atexit
import math
import multiprocessing
import signal
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset

from resistor_cls.data.dataset import EpochSampler
from resistor_cls.data.workers import workers_that_fit
from resistor_cls.errors import ConfigError


def training_options(
    dataset: Dataset[dict[str, Tensor]],
    batch_size: int,
    *,
    photo_bytes: int,
    drop_last: bool,
    workers: int,
    fixed_workers: bool,
    ranks: tuple[int, ...],
) -> dict[str, Any]:
    """Arguments of the `DataLoader` of training photos.

    Args:
        dataset: the training items.
        batch_size: photos per batch.
        photo_bytes: of one photo.
        drop_last: leave the last, smaller batch out.
        workers: processes that load.
        fixed_workers: whether fewer workers are an error; else they are a warning.
        ranks: number of processes that train and rank of this one; empty for one process.

    Raises:
        ConfigError: no batch can be filled, or shared memory is too small for the workers.
    """
    processes = ranks[0] if ranks else 1
    count = math.ceil(len(dataset) / processes)  # type: ignore[arg-type]
    each = f" of each of {processes} processes" if processes > 1 else ""
    if drop_last and count < batch_size:
        raise ConfigError(
            f"data.batch_size={batch_size} is more than the {count} training photos{each} "
            "(data.gap, data.folds and data.shots decide how many the split leaves): lower it, or "
            "set data.drop_last=false"
        )
    workers = workers_that_fit(workers, batch_size * photo_bytes, fixed=fixed_workers)
    return {
        "sampler": EpochSampler(dataset, torch.initial_seed(), *ranks),
        "drop_last": drop_last,
        "num_workers": workers,
        "persistent_workers": workers > 0,
        "generator": torch.Generator(),  # of seeds that nothing is drawn from
        "worker_init_fn": _ignore_signals,
    }


def _ignore_signals(worker: int) -> None:
    """Leaves it to the training when its workers end.

    Ctrl-C and schedulers such as Slurm signal all processes at once. A training that saves its
    state before it stops needs its workers until then; `_end_workers` ends those that are left.
    """
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, signal.SIG_IGN)


@atexit.register
def _end_workers() -> None:
    """Ends the workers of a training that did not: Python would signal and await them for ever.

    It runs before Python's own end of processes, as it was registered later.
    """
    left = [process for process in multiprocessing.active_children() if process.daemon]
    if left:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # PyTorch's handler would call it an error
    for process in left:
        process.kill()
