"""What ends a training that its user can fix, in messages that name the key."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from lightning import LightningDataModule, LightningModule, Trainer

from resistor_cls.data import PhotoDataModule
from resistor_cls.data.workers import too_little_shared_memory
from resistor_cls.errors import ConfigError, ResistorClsError

# PyTorch's words for a worker that is gone: "DataLoader worker (pid 7) is killed by signal: Bus
# error. …", "DataLoader worker (pid(s) 7, 8) exited unexpectedly".
_WORKER = re.compile(
    r"DataLoader worker \(pid(?:\(s\))? [\d, ]+\) "
    r"(?P<how>is killed by signal: (?P<signal>[\w ]+)|exited unexpectedly(?: with exit code \d+)?)"
)
# Of a batch that finds no place in shared memory, from PyTorch and from the system.
_SHARED_MEMORY = re.compile(r"unable to \w+ .*(?:shared memory|/torch_)")
_FILES = re.compile(r"Too many open files|received \d+ items of ancdata")
_ONE_VALUE = "Expected more than 1 value per channel when training"
_OF_A_WORKER = re.compile(r"^Caught \w+ in DataLoader worker process \d+\.\n", re.M)


@contextmanager
def explained(data: Any) -> Iterator[None]:
    """Turns what PyTorch raises into errors that say what to change.

    Args:
        data: the data module; its `workers` and `batch_size` are named where it has them.

    Raises:
        ConfigError: instead of an error that a setting causes.
    """
    try:
        yield
    except ResistorClsError as error:
        # A worker's error comes with the worker's traceback as its message.
        if not _OF_A_WORKER.match(str(error)):
            raise
        last = str(error).rpartition(f"{type(error).__name__}: ")[2]
        raise type(error)(last.strip()) from error
    except (RuntimeError, ValueError, OSError) as error:
        why = _explanation(error, data)
        if why is None:
            raise
        raise ConfigError(why) from error


def _explanation(error: Exception, data: Any) -> str | None:
    """What to change; None for an error that is a defect."""
    text = str(error)
    workers, batch = (getattr(data, key, "?") for key in ("workers", "batch_size"))
    gone = _WORKER.search(text)
    if gone and (gone["signal"] or "").startswith("Bus error"):
        return too_little_shared_memory(workers)
    if gone:
        return (
            f"data.workers={workers}: a process that loads photos is gone ({gone['how']}), most "
            "often because the memory of the machine was full: set data.workers to fewer, 0 for "
            "none, or lower data.batch_size"
        )
    if _FILES.search(text):
        return (
            f"data.workers={workers}: the system allows too few open files for the batches on "
            "their way from workers: raise the limit (ulimit -n 65536), or set data.workers=0"
        )
    if _SHARED_MEMORY.search(text):
        return too_little_shared_memory(workers)
    if isinstance(error, torch.OutOfMemoryError):
        return (
            f"data.batch_size={batch}: the memory of the GPU is full: lower it, or let "
            "find.batch_size=true find the largest that fits"
        )
    return one_value(batch) if _ONE_VALUE in text else None


def check_smallest_batch(
    trainer: Trainer, model: LightningModule, data: LightningDataModule
) -> None:
    """Refuses a batch of one photo that a model cannot learn from, before the first step.

    Raises:
        ConfigError: names what makes the batch, and the remedy.
    """
    if not isinstance(data, PhotoDataModule) or not hasattr(data, "photo_set"):
        return  # nothing is known before its setup
    if data.smallest_batch(trainer.world_size) > 1:
        return
    single = torch.zeros(1, data.preprocess.channels, *data.preprocess.shape, device=model.device)
    modes = {module: module.training for module in model.modules()}
    kept = [buffer.clone() for buffer in model.buffers()]  # running statistics
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            model.train()(single)
    except ValueError as error:
        if _ONE_VALUE not in str(error):
            raise
        count, batch = data.train_length, data.batch_size
        rest = f" with data.drop_last=false leaves one of {count} photos for the last batch"
        raise ConfigError(one_value(batch, rest if batch > 1 else "")) from error
    finally:
        for buffer, value in zip(model.buffers(), kept, strict=True):
            buffer.copy_(value)
        for module, training in modes.items():
            module.training = training


def one_value(batch_size: int | str, rest: str = "") -> str:
    """The message for a batch of one photo where batch normalization needs two values.

    Args:
        batch_size: of the data.
        rest: where the single photo comes from, if not from the batch size itself.
    """
    remedy = "set data.drop_last=true, or another data.batch_size" if rest else (
        "set data.batch_size=2 or more"
    )  # fmt: skip
    return (
        f"data.batch_size={batch_size}{rest}: batch normalization cannot learn from one value, and "
        "of one photo the last maps of this net are of 1 × 1 pixels: "
        f"{remedy}, a larger data.image_size, or a model without batch normalization "
        "(model=vit_small, model=convnext_tiny)"
    )
