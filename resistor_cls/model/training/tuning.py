"""Batch sizes and learning rates that are tried out before a training, by Lightning's own tuner."""

import logging
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from lightning import Trainer
from lightning.pytorch.tuner import Tuner, lr_finder

from resistor_cls.data import PhotoDataModule
from resistor_cls.errors import ConfigError
from resistor_cls.model.task import ResistorTask
from resistor_cls.model.training.failures import explained
from resistor_cls.model.training.trainer import interruptible, quieten

log = logging.getLogger(__name__)

MIN_RATE, MAX_RATE = 1e-7, 1.0
TRIED_RATES = 140  # steps of a search: 20 a decade
# Lightning's running mean of the loss begins too low, and has settled after these.
UNSETTLED = 40
SMOOTHED = 11  # steps, half a decade, whose losses are averaged: batches differ more than rates
NO_RATE = "find.lr=true finds no learning rate that helps: set optimizer.lr"
# Options of a trainer that decide about memory and gradients.
_TAKEN = ("accelerator", "precision", "accumulate_grad_batches", "gradient_clip_val")


def find_settings(
    model: ResistorTask,
    data: PhotoDataModule,
    options: Mapping[str, Any],
    known: Mapping[str, float] | None = None,
    *,
    batch_size: bool,
    lr: bool,
) -> Iterator[tuple[str, float]]:
    """Finds and sets what is asked for; yields each name and value.

    Args:
        model: see `find_batch_size`, as are `data` and `options`.
        data: see there.
        options: see there.
        known: what was found before the training was interrupted: it is set, and not searched.
        batch_size: whether it is asked for.
        lr: whether the learning rate is.

    Raises:
        ConfigError: see `find_learning_rate`.
    """
    if known:
        data.batch_size = int(known.get("batch_size", data.batch_size))
        if "lr" in known:
            model.set_learning_rate(known["lr"])
        return
    if batch_size:
        size = find_batch_size(model, data, options)
        yield "batch_size", size
        log.info("Found data.batch_size=%d", size)
    if lr:
        rate = find_learning_rate(model, data, options)
        model.set_learning_rate(rate)
        yield "lr", rate
        log.info("Found optimizer.lr=%.3g", rate)


def find_batch_size(model: ResistorTask, data: PhotoDataModule, options: Mapping[str, Any]) -> int:
    """Doubles the batch until the memory is full.

    Args:
        model: to be trained; it is left as it was.
        data: its photos; its `batch_size` is set to what is found.
        options: of the training's `build_trainer`, with an accelerator and a precision that are
            decided.

    Returns:
        The largest size that fitted, a power of 2 and no more than all training photos.
    """
    # The last doubling that all training photos still fill.
    doublings = int(math.log2(data.train_length))
    with _scratch(options, data) as tuner:
        found = tuner.scale_batch_size(
            model, datamodule=data, mode="power", init_val=2, max_trials=doublings
        )
    assert found is not None
    data.batch_size = found
    return found


def find_learning_rate(
    model: ResistorTask, data: PhotoDataModule, options: Mapping[str, Any]
) -> float:
    """Raises the learning rate step by step; takes it where the loss falls fastest.

    Source: Smith 2017, "Cyclical Learning Rates for Training Neural Networks", section 3.3.

    Args:
        model: to be trained; it is left as it was.
        data: its photos.
        options: see `find_batch_size`.

    Returns:
        The learning rate of the layers that learn fastest.

    Raises:
        ConfigError: the loss falls nowhere.
    """
    with _scratch(options, data) as tuner, _bar_on_terminals_only():
        tried = tuner.lr_find(
            model,
            datamodule=data,
            min_lr=MIN_RATE,
            max_lr=MAX_RATE,
            num_training=TRIED_RATES,
            update_attr=False,
        )
    assert tried is not None
    return _steepest(np.array(tried.results["lr"]), np.array(tried.results["loss"]))


def _steepest(rates: np.ndarray, losses: np.ndarray) -> float:
    """The rate at which the loss falls fastest.

    Lightning's own suggestion takes the difference of single steps, which on small batches is that
    of the photos in them.

    Args:
        rates: (steps,), their logarithms evenly spaced.
        losses: (steps,) running mean of the loss.

    Raises:
        ConfigError: the loss falls nowhere.
    """
    if len(losses) <= UNSETTLED + SMOOTHED:  # it went through the roof before
        raise ConfigError(NO_RATE)
    smooth = np.convolve(losses, np.full(SMOOTHED, 1 / SMOOTHED), mode="valid")
    middle = rates[SMOOTHED // 2 :][: len(smooth)]
    falls = np.where(middle < rates[UNSETTLED], 0, np.gradient(smooth))
    if not falls.min() < -1e-6:  # less is rounding
        raise ConfigError(NO_RATE)
    return float(middle[falls.argmin()])


@contextmanager
def _bar_on_terminals_only() -> Iterator[None]:
    """Keeps the bar of Lightning's search, which has no option for that, out of log files."""
    bar = lr_finder.tqdm
    lr_finder.tqdm = partial(bar, disable=None, leave=False)  # type: ignore[assignment]
    try:
        yield
    finally:
        lr_finder.tqdm = bar


@contextmanager
def _scratch(options: Mapping[str, Any], data: PhotoDataModule) -> Iterator[Tuner]:
    """A tuner whose training leaves nothing behind: no file, no metric, no random number."""
    quieten()
    taken = {key: options[key] for key in _TAKEN if key in options}
    with TemporaryDirectory() as folder, torch.random.fork_rng(), interruptible(), explained(data):
        yield Tuner(
            Trainer(
                **taken,
                devices=1,
                max_epochs=1000,  # never the end of a search
                check_val_every_n_epoch=1000,
                default_root_dir=folder,
                logger=False,
                enable_checkpointing=False,
                enable_progress_bar=False,
                enable_model_summary=False,
                num_sanity_val_steps=0,
            )
        )
