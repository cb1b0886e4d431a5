"""How far a training is, in the counters of Lightning's loops, so that it continues exactly there.

Lightning continues exactly from some moments of a training and not from others: between a training
step and the validation behind it, it would leave the validation out. The counters that a checkpoint
holds are therefore set to values from which Lightning does what comes next.
"""

from collections.abc import Callable
from typing import Any

from lightning import Trainer

# Keys of Lightning's counters in a checkpoint.
_TRAINED, _VALIDATED = "epoch_loop.batch_progress", "epoch_loop.val_loop.batch_progress"
_COUNTERS = ("ready", "started", "processed", "completed")


def accumulates(trainer: Trainer) -> bool:
    """Whether gradients are kept that no optimizer step has used; no checkpoint holds them."""
    return trainer.fit_loop._should_accumulate()


def ends_epoch(trainer: Trainer) -> bool:
    """Whether the newest training batch is the last of its epoch."""
    return trainer.fit_loop.epoch_loop._num_ready_batches_reached()


def validates_next(trainer: Trainer) -> bool:
    """Whether a validation follows the newest training batch."""
    fetcher = trainer.fit_loop._data_fetcher
    assert fetcher is not None
    return trainer.fit_loop.epoch_loop._should_check_val_fx(fetcher)


def dump(trainer: Trainer) -> dict[str, Any]:
    """Lightning's checkpoint, not yet written; it holds references to weights."""
    return trainer._checkpoint_connector.dump_checkpoint(weights_only=False)


def as_within_epoch(checkpoint: dict[str, Any]) -> None:
    """For a checkpoint after a training step, or after the validation that followed it."""
    _forget_validation(checkpoint, started=0)


def as_before_validation(checkpoint: dict[str, Any]) -> None:
    """For a checkpoint after a training step that a validation follows.

    The step is counted as completed, and a validation as begun: Lightning repeats those from their
    first batch.
    """
    for progress in ("total", "current"):
        counted = checkpoint["loops"]["fit_loop"][_TRAINED][progress]
        counted["completed"] = counted["processed"]
    _forget_validation(checkpoint, started=1)


def _forget_validation(checkpoint: dict[str, Any], started: int) -> None:
    total = {name: started if name in ("ready", "started") else 0 for name in _COUNTERS}
    checkpoint["loops"]["fit_loop"][_VALIDATED] = {
        "total": total,
        "current": dict.fromkeys(_COUNTERS, 0),
        "is_last_batch": False,
    }


def renew_schedule(trainer: Trainer, make: Callable[[], Any]) -> None:
    """Gives a continued training the schedule of its new length, at the step where it is.

    Args:
        trainer: whose optimizer and schedule are restored.
        make: makes them anew, as `configure_optimizers` does.
    """
    made = make()
    optimizer, scheduler = made["optimizer"], made["lr_scheduler"]["scheduler"]
    optimizer._opt_called = True  # PyTorch would warn that a schedule runs ahead of its optimizer
    for _ in range(trainer.global_step):
        scheduler.step()
    (config,) = trainer.lr_scheduler_configs
    config.scheduler.load_state_dict(scheduler.state_dict())
    (trained,) = trainer.optimizers
    for group, new in zip(trained.param_groups, optimizer.param_groups, strict=True):
        group.update({key: value for key, value in new.items() if key != "params"})
