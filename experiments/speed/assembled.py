"""Photos, and what `train` makes of a config: shared by the rows that train."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from lightning import Callback, LightningModule, Trainer
from omegaconf import DictConfig

from resistor_cls.categories import Categories, resistor37
from resistor_cls.config import compose, instantiate, loss_arguments, trainer_options
from resistor_cls.data import PhotoDataModule
from resistor_cls.inference.evaluate_model import predictions_of
from resistor_cls.inference.samples import sample_figures
from resistor_cls.model import (
    EpochLines,
    ResistorTask,
    build_trainer,
    image_preprocessing,
    seed_everything,
)
from resistor_cls.model.training.trainer import epochs_trained
from resistor_cls.synthetic import generate_dataset
from resistor_cls.tracking import Run, open_run
from resistor_cls.tracking.run.training_callback import RunCallback, Training

WARM_UP = 2  # steps before the clock starts: the first ones choose kernels and allocate memory


def synthetic_photos(scratch: Path, each: int, size: int = 700) -> Path:
    """Synthetic photos of each of the 37 categories, generated on first use."""
    names = resistor37().names
    folder = scratch / f"photos_{each}_{size}"
    generate_dataset(folder, Categories(names), dict.fromkeys(names, each), size=size, seed=19)
    return folder


@dataclass(frozen=True)
class Assembled:
    """What a config describes, before the photos are read.

    Attributes:
        config: the config.
        data: the photos.
        make_model: makes a task from the names of its categories.
    """

    config: DictConfig
    data: PhotoDataModule
    make_model: Callable[[Sequence[str]], ResistorTask]


def assembled(photos: Path, cache: Path, *words: str) -> Assembled:
    """What `train` makes of `key=value` words."""
    places = ["data=folder", f"data.root={photos}", f"data.cache={cache}", "tracking=none"]
    config = compose("train", [*words, *places])
    seed_everything(config.seed)
    model = config.model
    preprocess = image_preprocessing(
        model.locate, config.data.image_size, model.channels, model.steps
    )
    made = {name: instantiate(config[name]) for name in ("optimizer", "scheduler")}
    make_model = instantiate(model, _partial_=True)
    return Assembled(
        config,
        instantiate(config.data, preprocess=preprocess),
        partial(make_model, **made, **loss_arguments(config)),
    )


class StepClock(Callback):
    """Measures the training steps after the first ones, waiting for photos included.

    Args:
        steps: how many are measured.

    Attributes:
        seconds: that they took.
    """

    def __init__(self, steps: int) -> None:
        self._steps, self._began, self.seconds = steps, 0.0, float("nan")

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Reads the clock."""
        if batch_idx not in (WARM_UP - 1, WARM_UP + self._steps - 1):
            return
        wait_for(pl_module.device)
        if batch_idx == WARM_UP - 1:
            self._began = time.perf_counter()
        else:
            self.seconds = time.perf_counter() - self._began


class EpochClock(Callback):
    """Measures epochs, from the end of the one before to what follows the validation.

    Attributes:
        ends: time of the end of each.
    """

    def __init__(self) -> None:
        self.ends: list[float] = []

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Reads the clock: the last callback but checkpoints, which `train` keeps too."""
        wait_for(pl_module.device)
        self.ends.append(time.perf_counter())


def wait_for(device: torch.device) -> None:
    """Waits until a device has done what it was asked to."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


@contextmanager
def tracked_run(scratch: Path, name: str) -> Iterator[Run]:
    """A run in an own store, as `train` opens it by default."""
    folder = scratch / "runs" / name
    store = f"sqlite:///{scratch / 'speed.db'}"
    with open_run(folder, uri=store, artifacts=str(scratch / "artifacts"), log_model=False) as run:
        yield run


def trainer_of(
    run: Run, parts: Assembled, clock: Callback, *, fills_run: bool = True, **options: Any
) -> Trainer:
    """The trainer of `train`, with a clock.

    Args:
        run: that it fills.
        parts: what is trained, after `setup` of the photos.
        clock: measures.
        fills_run: whether figures are saved after each validation, as `train` does.
        **options: of `build_trainer`, instead of those of the config.
    """
    data = parts.data
    training = Training(
        predictions_of=lambda task: predictions_of(task.predictions, data, data.categories),
        samples=lambda: sample_figures(data, parts.config.gallery),
        epochs_of=epochs_trained,
        photos="validation photos",
        validation_photos=len(data.validation_indices),
        monitor=parts.config.trainer.monitor,
    )
    callbacks: list[Callback] = [EpochLines(parts.config.trainer.monitor), clock]
    if fills_run:
        callbacks.insert(0, RunCallback(run, training))
    return build_trainer(
        run.output,
        **{**trainer_options(parts.config), **options},
        logger=run.logger,
        callbacks=callbacks,
    )
