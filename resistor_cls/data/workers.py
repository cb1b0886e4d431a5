"""How many processes load photos, and whether their batches fit into shared memory."""

import logging
import shutil
from pathlib import Path

from resistor_cls.errors import ConfigError
from resistor_cls.usable_cores import usable_cores

log = logging.getLogger(__name__)

MAX_WORKERS = 8  # soft augmentation of 224 px photos: 8 processes outrun any one GPU's training
# Batches on their way: PyTorch's loaders keep two of each worker, and the training holds one.
_PREFETCHED, _HELD = 2, 1
# Through which workers hand over batches; other systems than Linux have another way.
_SHARED = Path("/dev/shm")


def worker_count(workers: int | str, *, beside: int = 1) -> int:
    """How many processes load photos.

    Args:
        workers: how many; `auto` is half of the cores, at most 8.
        beside: with as many cores or fewer, `auto` is none: a process more would only take them
            from the training.

    Raises:
        ConfigError: neither `auto` nor a number.
    """
    if workers == "auto":
        cores = usable_cores()
        return 0 if cores <= beside else min(MAX_WORKERS, cores // 2)
    if isinstance(workers, int) and workers >= 0:
        return workers
    raise ConfigError(f"data.workers={workers}: expected auto, 0 or more")


def workers_that_fit(workers: int, batch: int, *, fixed: bool) -> int:
    """As many workers as shared memory has room for.

    Args:
        workers: how many there are to be.
        batch: bytes of a batch.
        fixed: whether fewer are an error; else they are a warning.

    Raises:
        ConfigError: names what is needed.
    """
    needed = (workers * _PREFETCHED + _HELD) * batch
    free = shutil.disk_usage(_SHARED).free if workers and _SHARED.is_dir() else needed
    if needed <= free:
        return workers
    sizes = f", {_megabytes(free)} MB where {_megabytes(needed)} MB are needed"
    if fixed:
        raise ConfigError(too_little_shared_memory(workers, sizes))
    fewer = max(0, (free // batch - _HELD) // _PREFETCHED)
    log.warning("Shared memory (/dev/shm) is small%s: data.workers=%d", sizes, fewer)
    return fewer


def _megabytes(size: int) -> int:
    return -(-size // 2**20)


def too_little_shared_memory(workers: int | str, sizes: str = "") -> str:
    """The message for batches of workers that do not fit into shared memory.

    Args:
        workers: how many there are.
        sizes: how much there is, and how much is needed.
    """
    return (
        f"data.workers={workers}: shared memory (/dev/shm) is too small for the batches that "
        f"workers hand over{sizes}: set data.workers=0, lower data.batch_size, or enlarge it "
        "(docker run --shm-size=1g)"
    )
