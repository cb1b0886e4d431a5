"""The Lightning trainer for the hardware that is there."""

import logging
import os
import secrets
import signal
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import FrameType
from typing import Any

import lightning
import torch
from lightning import Callback, LightningDataModule, LightningModule, Trainer
from lightning.pytorch.callbacks import EarlyStopping, EMAWeightAveraging, ModelCheckpoint
from lightning.pytorch.loggers import Logger

from resistor_cls.errors import (
    ConfigError,
    interruption_deferred,
    interruption_requested,
    nearest,
)
from resistor_cls.garbage import search_as_usual
from resistor_cls.model.checkpoint.lightning_io import WholeCheckpointIO
from resistor_cls.model.training.failures import check_smallest_batch, explained
from resistor_cls.model.training.metrics import mode_of
from resistor_cls.model.training.state_checkpoint import StateCheckpoint

PRECISIONS = ("auto", "32-true", "16-mixed", "bf16-mixed")


def pick_precision(accelerator: str, precision: str = "auto") -> str:
    """The precision to train in.

    Args:
        accelerator: `cuda`, `cpu` or another that Lightning knows.
        precision: one of `PRECISIONS`.

    Returns:
        `precision`, or for `auto` the fastest that trains well: bfloat16 where the hardware has
        it, float16 with loss scaling on older GPUs, else float32.

    Raises:
        ConfigError: an unknown precision.
    """
    precision = str(precision)
    if precision not in PRECISIONS:
        raise ConfigError(f"trainer.precision={precision}: {nearest(precision, PRECISIONS)}")
    if precision != "auto":
        return precision
    if accelerator == "cuda":
        # Compute capability 8.0 (Ampere) brought bfloat16; older cards only emulate it.
        return "bf16-mixed" if torch.cuda.get_device_capability() >= (8, 0) else "16-mixed"
    if accelerator == "cpu" and _cpu_has_bfloat16():
        return "bf16-mixed"
    return "32-true"


def _cpu_has_bfloat16() -> bool:
    # avx512_bf16 or amx_bf16; with plain AVX-512 PyTorch emulates bfloat16 and gets slower.
    capabilities = torch.backends.cpu.get_cpu_capability() != "DEFAULT"
    return capabilities and (
        torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    )


def quieten() -> None:
    """Silences what neither a user nor we can act on."""
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)  # advertising, and what EpochLines says
    # Lightning 2.6 calls a PyTorch function that PyTorch renames.
    warnings.filterwarnings("ignore", message=r".*isinstance\(treespec, LeafSpec\).*")
    # Lightning 2.6 gathers over processes by a function that PyTorch renames.
    warnings.filterwarnings("ignore", message=r".*functional\.all_gather is deprecated.*")
    # Scores are of the predictions of all processes already: see `ResistorTask`.
    warnings.filterwarnings("ignore", message=r".*sync_dist=True.*")
    # Each worker reads its own part of shards.
    warnings.filterwarnings("ignore", message=r"Your `IterableDataset` has `__len__` defined.*")
    # A detector within a network is never trained, and stays in eval mode on purpose.
    warnings.filterwarnings("ignore", message=r"Found \d+ module\(s\) in eval mode.*")
    # A training that continues finds its own checkpoints.
    warnings.filterwarnings("ignore", message=r"Checkpoint directory .* exists and is not empty")
    # Small photos from a memory map need no processes to load them.
    warnings.filterwarnings("ignore", message=r".*does not have many workers.*")


def build_trainer(
    output: str | Path,
    *,
    accelerator: str = "auto",
    devices: int | str = 1,
    precision: str = "auto",
    max_epochs: int = 5,
    monitor: str = "val/roc_auc",
    save_best: bool = True,
    patience: int | None = None,
    evaluation_epochs: float = 1,
    score_before: bool = False,
    ema: float | None = None,
    checkpoint_steps: int | None = None,
    checkpoint_minutes: float | None = None,
    states: Path | None = None,
    logger: Logger | bool = False,
    callbacks: Sequence[Callback] = (),
    **options: Any,
) -> Trainer:
    """Makes a trainer that keeps its best and its last epoch.

    Args:
        output: folder that gets `checkpoints/best.ckpt` and `checkpoints/last.ckpt`.
        accelerator: `auto` takes a GPU where there is one, else the CPU; `gpu`, `cpu`.
        devices: how many, or which.
        precision: see `pick_precision`.
        max_epochs: epochs to train.
        monitor: the validation metric that decides which epoch is best.
        save_best: whether `best.ckpt` is the best epoch; otherwise it is the last.
        patience: validations without a better `monitor` after which training stops; None never
            stops it.
        evaluation_epochs: validates every so many epochs; below 1, parts of an epoch.
        score_before: whether the starting network is scored before the first step: callbacks get
            `on_sanity_check_end` with its metrics. The training is the same with and without.
        ema: what a step leaves of the moving average of the weights, which is evaluated and kept
            instead of the newest ones; None keeps the newest.
        checkpoint_steps: optimizer steps between two saved states within an epoch; None for none.
        checkpoint_minutes: the same in minutes.
        states: folder of the two newest states, see `StateCheckpoint`; None keeps `last.ckpt`
            alone, which a training continues from too.
        logger: takes metrics.
        callbacks: more of them.
        **options: of `lightning.Trainer`.

    Raises:
        ConfigError: a value that Lightning or the hardware refuses.
    """
    if not isinstance(max_epochs, int) or max_epochs < 1:
        raise ConfigError(f"trainer.max_epochs={max_epochs}: expected 1 or more")
    accelerator = _accelerator(accelerator)
    _check_strategy(str(options.get("strategy", "")))
    how_often = _validation_frequency(evaluation_epochs, max_epochs)
    stopping = _early_stopping(monitor, patience, save_best)
    if ema is not None and not 0 < ema < 1:
        raise ConfigError(f"trainer.ema={ema}: expected more than 0 and less than 1, or null")
    picked = pick_precision(accelerator, precision)
    quieten()
    checkpoints = Path(output) / "checkpoints"
    best = _best_checkpoint(checkpoints, monitor if save_best else None, ema)
    newest = StateCheckpoint(checkpoints, states, checkpoint_steps, checkpoint_minutes)
    # Statistics of batches are running means already: averaged once more they lag behind the
    # weights, which cost a net from scratch twelve points of top-1 (experiments/settings).
    averaging = [] if ema is None else [EMAWeightAveraging(decay=ema, use_buffers=False)]
    try:
        return Trainer(
            accelerator=accelerator,
            devices=devices,
            precision=picked,  # type: ignore[arg-type]
            max_epochs=max_epochs,
            # Convolutions on a CPU have one algorithm, which repeats to the bit; on a GPU the
            # repeatable ones are slower, and whoever needs them sets +trainer.deterministic=true.
            **{"deterministic": accelerator == "cpu", **how_often, **options},
            logger=logger,
            callbacks=[*averaging, *callbacks, *stopping, best, newest],
            plugins=[WholeCheckpointIO()],
            default_root_dir=str(output),
            enable_model_summary=False,
            enable_progress_bar=False,  # EpochLines shows a bar, and a line an epoch
            # Lightning's check of a validation, of all its batches: it keeps random numbers and
            # weights as they are. Nothing else is to be checked.
            num_sanity_val_steps=-1 if score_before else 0,
        )
    except Exception as error:  # Lightning's MisconfigurationException is a plain Exception
        raise ConfigError(f"trainer: {error}") from error


def _accelerator(asked: str) -> str:
    """The hardware to train on.

    Raises:
        ConfigError: a GPU is asked for where there is none.
    """
    if asked not in ("auto", "gpu", "cuda"):
        return asked
    if torch.cuda.is_available():
        return "cuda"
    if asked == "auto":
        return "cpu"
    raise ConfigError(
        "trainer.accelerator=gpu: PyTorch sees no GPU here; use trainer=auto or trainer=cpu"
    )


def _check_strategy(strategy: str) -> None:
    """Refuses strategies whose processes are copies of this one: none of them would keep a run.

    Raises:
        ConfigError: names one that can be used.
    """
    if any(word in strategy for word in ("spawn", "fork", "notebook")):
        raise ConfigError(f"trainer.strategy={strategy}: expected ddp, or another without spawn")


def _early_stopping(monitor: str, patience: int | None, save_best: bool) -> list[EarlyStopping]:
    """Stops after some validations without a better one; nothing where `patience` is None.

    Raises:
        ConfigError: a patience below 1, or one beside an epoch that is kept for being the last.
    """
    if patience is None:
        return []
    if patience < 1:
        raise ConfigError(f"trainer.patience={patience}: expected 1 or more, or null")
    if not save_best:
        raise ConfigError(
            f"trainer.patience={patience} with trainer.save_best=false, which would keep an epoch "
            "that was no better: set trainer.save_best=true or trainer.patience=null"
        )
    # A score that is undefined, such as ROC AUC of one category, is not a reason to stop.
    return [EarlyStopping(monitor, mode=mode_of(monitor), patience=patience, check_finite=False)]


def _best_checkpoint(folder: Path, monitor: str | None, ema: float | None) -> ModelCheckpoint:
    """Keeps the best epoch, by `monitor` or the last where it is None."""
    return ModelCheckpoint(
        folder,
        filename="best",
        monitor=monitor,
        mode="max" if monitor is None else mode_of(monitor),
        # Lightning puts the average into whole checkpoints alone.
        save_weights_only=ema is None,
        enable_version_counter=False,  # best.ckpt is replaced, never joined by best-v1.ckpt
    )


def _validation_frequency(evaluation_epochs: float, max_epochs: int) -> dict[str, Any]:
    """Lightning's two options for `evaluation_epochs`.

    Raises:
        ConfigError: no such frequency, or one that leaves the last epoch out.
    """
    if evaluation_epochs <= 0 or (evaluation_epochs > 1 and evaluation_epochs % 1):
        raise ConfigError(
            f"trainer.evaluation_epochs={evaluation_epochs}: expected a whole number, or a part of "
            "an epoch between 0 and 1"
        )
    if evaluation_epochs < 1:
        return {"val_check_interval": float(evaluation_epochs)}
    if max_epochs % evaluation_epochs:
        raise ConfigError(
            f"trainer.evaluation_epochs={evaluation_epochs:g} with trainer.max_epochs={max_epochs} "
            "would not evaluate the last epoch: choose a divisor of trainer.max_epochs"
        )
    return {"check_val_every_n_epoch": int(evaluation_epochs)}


def epochs_trained(trainer: Trainer) -> int | float:
    """Epochs that were trained until a validation; a fraction of the newest one, to two digits."""
    loop = trainer.fit_loop
    epochs = round(trainer.current_epoch + (loop.batch_idx + 1) / loop.max_batches, 2)
    return int(epochs) if epochs.is_integer() else epochs


def leave_cores(workers: int) -> None:
    """Leaves a core to each process that is busy all the time, such as a generator.

    Threads that wait for one that has to share its core lose more than they share: on two cores,
    one of them generating, a step with two threads takes 1.7 times as long as with one. A number
    that somebody has fixed by `OMP_NUM_THREADS` stays: it repeats a training to the bit.
    """
    if os.environ.get("OMP_NUM_THREADS"):
        return
    torch.set_num_threads(max(1, torch.get_num_threads() - workers))


def seed_everything(seed: int) -> int:
    """Seeds every source of random numbers, workers included.

    Args:
        seed: 0 or more; -1 takes a random one.

    Raises:
        ConfigError: another negative number, or one of more than 32 bits.
    """
    if not -1 <= seed < 2**32:
        raise ConfigError(f"seed={seed}: expected 0 to {2**32 - 1}, or -1 for a random one")
    chosen = secrets.randbelow(2**32) if seed == -1 else seed
    lightning.seed_everything(chosen, workers=True, verbose=False)
    return chosen


def fit(
    trainer: Trainer,
    model: LightningModule,
    data: LightningDataModule,
    checkpoint: Path | None = None,
) -> None:
    """Trains, in any thread; an interruption stays one, and what can be fixed is explained.

    Args:
        trainer: of `build_trainer`.
        model: what is trained.
        data: what it learns from.
        checkpoint: a `last.ckpt` or another state, from which a training of the same settings
            continues. On a CPU it then ends as if it had not been interrupted, to the bit.

    Raises:
        KeyboardInterrupt: after the trainer has wound up; Lightning itself would exit with 1.
        ConfigError: a setting that ends the training; see `resistor_cls.model.training.failures`.
        ModelError: a checkpoint that cannot be read.
    """
    check_smallest_batch(trainer, model, data)
    search_as_usual()
    saves = any(isinstance(one, StateCheckpoint) for one in trainer.checkpoint_callbacks)
    with interruptible(), explained(data), interruption_deferred() if saves else nullcontext():
        trainer.fit(model, data, ckpt_path=checkpoint)


def score(
    trainer: Trainer, model: LightningModule, data: LightningDataModule
) -> Mapping[str, float]:
    """The scores of a model on the test batches; otherwise as `fit`.

    Returns:
        `test/…` by name.

    Raises:
        KeyboardInterrupt: see `fit`.
        ConfigError: see `fit`.
    """
    search_as_usual()
    with interruptible(), explained(data):
        (found,) = trainer.test(model, data, verbose=False)
    return found


@contextmanager
def interruptible() -> Iterator[None]:
    """Lets an interruption of Lightning be one.

    Raises:
        KeyboardInterrupt: Lightning exits with 1 instead, and a loader whose worker got the signal
            first raises an error.
    """
    asked = threading.Event()
    before = None
    # Only the main thread gets signals, and only it may say what becomes of them.
    if threading.current_thread() is threading.main_thread():
        before = signal.getsignal(signal.SIGINT)
    if callable(before):

        def note(number: int, frame: FrameType | None) -> None:
            asked.set()
            before(number, frame)

        signal.signal(signal.SIGINT, note)
    try:
        yield
    except (SystemExit, Exception) as error:
        stopped = isinstance(error, SystemExit) and isinstance(error.__context__, KeyboardInterrupt)
        if stopped or asked.is_set() or interruption_requested():
            raise KeyboardInterrupt from error
        raise
    finally:
        if before is not None:
            signal.signal(signal.SIGINT, before)  # Lightning leaves it ignored
