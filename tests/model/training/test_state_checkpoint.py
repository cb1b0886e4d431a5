"""A training that continues ends as if it had not been interrupted, to the bit."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning import Callback

from resistor_cls.data.augment.mixing import Mix
from resistor_cls.errors import run_command
from resistor_cls.model.checkpoint.state_files import newest_state, restore_best
from resistor_cls.tracking.run.logger import RunLogger
from tests.helpers.tiny_training import Training, train

EPOCHS = 3
# Validation twice an epoch, two batches a step, frozen at first, mixed: much that has a state.
MUCH: dict[str, Any] = {
    "max_epochs": EPOCHS, "ema": 0.9, "patience": 2, "evaluation_epochs": 0.5,
    "accumulate_grad_batches": 2, "checkpoint_steps": 1,
    "model": {"freeze_epochs": 1},
    "data": {"drop_last": False, "batch_size": 4, "mix": Mix("mixup")},
}  # fmt: skip
SCORED: dict[str, Any] = {
    "max_epochs": EPOCHS, "checkpoint_steps": 2,
    "model": {"train_metrics": True}, "data": {"workers": 1},
}  # fmt: skip


class Stopped(Exception):
    pass


class StopAt(Callback):
    """Ends a training at the n-th of some moment."""

    def __init__(self, moment: str, number: int) -> None:
        self._moment, self._left = moment, number

    def _tick(self, moment: str) -> None:
        self._left -= moment == self._moment
        if not self._left:
            raise Stopped

    def on_train_batch_end(self, *_: Any) -> None:
        self._tick("step")

    def on_validation_batch_end(self, *_: Any, **__: Any) -> None:
        self._tick("validation")

    def on_train_epoch_end(self, *_: Any) -> None:
        self._tick("epoch")


def trained(photos: Path, folder: Path, options: dict[str, Any], **more: Any) -> Any:
    """The training, and the history of what it has logged."""
    logger = RunLogger()
    given: dict[str, Any] = {"logger": logger, "log_every_n_steps": 1, **options, **more}
    done = train(photos, folder, states=folder / "resume", **given)
    return done, logger.history


def continued(photos: Path, folder: Path, options: dict[str, Any]) -> Any:
    state = newest_state(folder / "resume")
    assert state is not None
    restore_best(state, folder / "checkpoints")
    return trained(photos, folder, options, checkpoint=state)


def assert_equal(one: tuple[Training, Any], other: tuple[Training, Any]) -> None:
    for name in ("best.ckpt", "last.ckpt"):
        weights, found = (
            torch.load(done.folder / "checkpoints" / name, weights_only=True)
            for done, _ in (one, other)
        )
        for key in ("state_dict", "current_model_state"):
            for tensor, value in weights.get(key, {}).items():
                assert torch.equal(value, found[key][tensor]), (name, key, tensor)
    assert repr(one[1]) == repr(other[1])  # nan is equal to itself in words


@pytest.fixture(scope="module")
def whole(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return trained(photos, tmp_path_factory.mktemp("whole") / "run", MUCH)


@pytest.mark.parametrize(
    ("moment", "number"), [("step", 8), ("validation", 3), ("epoch", 2)], ids=str
)
def test_it_continues_from_any_moment(
    whole: Any, photos: Path, tmp_path: Path, moment: str, number: int
) -> None:
    with pytest.raises(Stopped):
        trained(photos, tmp_path / "run", MUCH, callbacks=[StopAt(moment, number)])
    assert_equal(whole, continued(photos, tmp_path / "run", MUCH))


def test_workers_and_scores_of_training_photos_continue(photos: Path, tmp_path: Path) -> None:
    expected = trained(photos, tmp_path / "whole", SCORED)
    with pytest.raises(Stopped):
        trained(photos, tmp_path / "run", SCORED, callbacks=[StopAt("step", 6)])
    assert_equal(expected, continued(photos, tmp_path / "run", SCORED))


class Asked(Callback):
    """Asks the command to stop, in the middle of an epoch or of a validation."""

    def __init__(self, moment: str) -> None:
        self._moment = moment

    def on_train_batch_start(self, trainer: Any, *_: Any) -> None:
        if self._moment == "step" and trainer.global_step == 1:
            os.kill(os.getpid(), signal.SIGTERM)

    def on_validation_batch_start(self, *_: Any, **__: Any) -> None:
        if self._moment == "validation":
            os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.parametrize(
    ("moment", "accumulated", "steps"), [("step", 1, 2), ("step", 2, 2), ("validation", 1, 3)]
)
def test_a_request_to_stop_saves_the_state_first(
    photos: Path, tmp_path: Path, moment: str, accumulated: int, steps: int
) -> None:
    options = {"max_epochs": 2, "ema": 0.9, "accumulate_grad_batches": accumulated}
    expected = trained(photos, tmp_path / "whole", options)

    def job() -> None:
        trained(photos, tmp_path / "run", options, callbacks=[Asked(moment)])

    assert run_command(job) == 130
    state = newest_state(tmp_path / "run" / "resume")
    assert state is not None
    assert torch.load(state, weights_only=True)["global_step"] == steps
    assert_equal(expected, continued(photos, tmp_path / "run", options))


def test_more_epochs_follow_the_schedule_of_their_number(photos: Path, tmp_path: Path) -> None:
    short = {"max_epochs": 2}
    trained(photos, tmp_path / "run", short)
    _, history = continued(photos, tmp_path / "run", short | {"max_epochs": 4})
    _, planned = trained(photos, tmp_path / "planned", short | {"max_epochs": 4})
    rates, expected = (dict(one["lr"]) for one in (history, planned))
    assert list(rates) == list(expected)
    late = [step for step in rates if step >= len(rates) // 2]
    assert [rates[step] for step in late] == pytest.approx([expected[step] for step in late])


def test_a_moved_folder_keeps_its_best_epoch(photos: Path, tmp_path: Path) -> None:
    options = {"max_epochs": 2}
    expected = trained(photos, tmp_path / "whole", options)
    with pytest.raises(Stopped):
        trained(photos, tmp_path / "old", options, callbacks=[StopAt("step", 5)])
    (tmp_path / "old").rename(tmp_path / "new")
    done = continued(photos, tmp_path / "new", options)
    assert_equal(expected, done)
    best = Path(done[0].trainer.checkpoint_callback.best_model_path)
    assert best == (tmp_path / "new" / "checkpoints" / "best.ckpt").resolve()
