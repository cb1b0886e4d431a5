"""Interrupted trainings continue in the same run, and end as if nothing had happened."""

import multiprocessing
import random
import shutil
import signal
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

from resistor_cls.model.training.state_checkpoint import StateCheckpoint
from resistor_cls.train import main
from tests.helpers.runs import assert_equal, runs
from tests.helpers.tiny import TINY

Train = Callable[..., int]
WORDS = [
    "trainer.max_epochs=2", "trainer.ema=0.9", "trainer.checkpoint_steps=1", "saliency=false",
    "unknown=0", "stress=false",
]  # fmt: skip
KILLS = 20
LIBRARIES = [
    "lightning",
    "mlflow",
    "timm",
    "matplotlib.pyplot",
    "sklearn",
    "hydra",
    "albumentations",
]


class Dying(StateCheckpoint):
    """Fails in the fifth step of the training."""

    def on_train_batch_start(self, trainer: Any, *more: Any) -> None:
        super().on_train_batch_start(trainer, *more)
        if trainer.global_step == 4:
            raise RuntimeError("power failure")


@pytest.mark.usefixtures("blank_figures")
def test_an_interrupted_run_continues_as_itself(
    train: Train, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from resistor_cls.model.training import trainer as trainers

    assert train(*WORDS) == 0
    (expected,) = runs()
    with monkeypatch.context() as patch:
        patch.setattr(trainers, "StateCheckpoint", Dying)
        with pytest.raises(RuntimeError, match="power failure"):
            train(*WORDS)
    run = runs()[0]
    assert run.info.status == "FAILED"
    assert f"trainer.resume={run.info.run_id}" in capsys.readouterr().err
    assert train(*WORDS, "trainer.resume=auto", "optimizer.lr=0.5") == 2
    assert "optimizer.lr=0.5 (was 0.001)" in capsys.readouterr().err
    assert train(*WORDS, f"trainer.resume={run.info.run_id}") == 0
    assert len(runs()) == 2
    (again,) = [one for one in runs() if one.info.run_id == run.info.run_id]
    assert_equal(again, expected)
    assert again.data.tags["run.continued"] == "1"
    assert "error" not in again.data.tags
    folder = Path(again.data.tags["run.folder"])
    assert not (folder / "resume").exists()
    assert len(again.inputs.dataset_inputs) == len(expected.inputs.dataset_inputs)
    assert train(*WORDS, f"trainer.resume={run.info.run_id}") == 2
    assert "this run has finished" in capsys.readouterr().err


def begun(words: list[str]) -> BaseProcess:
    """A process that trains, forked from one that has imported the libraries."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LIBRARIES)
    process = context.Process(target=main, args=(words,))
    process.start()
    return process


def newest_number(output: Path) -> int:
    """The number of the newest state of the training."""
    states = output.glob("*/*/resume/[0-9]*")
    return max((int(path.name) for path in states if path.name.isdigit()), default=0)


@pytest.mark.slow
def test_twenty_kills_change_nothing(workplace: Path, photos: Path) -> None:
    """SIGKILL at random moments: of the start, of a step, of a validation, of a write."""
    words = ["data=folder", f"data.root={photos}", *TINY, *WORDS]
    words += ["trainer.max_epochs=60", "trainer.resume=auto"]
    # A forked process begins in another folder.
    output = workplace / "outputs"
    words += [f"paths.output={output}", f"tracking.artifacts={workplace / 'mlartifacts'}"]
    begun(words).join()
    (expected,) = runs()
    shutil.rmtree(output)
    dice = random.Random(0)
    for kill in range(KILLS):
        process = begun(words)
        if dice.random() < 0.2:  # while it starts
            time.sleep(dice.uniform(0, 4))
        else:
            until = newest_number(output) + dice.randint(1, 5)
            while newest_number(output) < until and process.is_alive():
                time.sleep(0.01)
            time.sleep(dice.uniform(0, 0.2))
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL, f"it has ended after {kill} kills"
    begun(words).join()
    found = [run for run in runs() if run.info.run_id != expected.info.run_id]
    # One that was killed before it had begun has left a run without anything.
    assert {run.info.status for run in found} <= {"FINISHED", "KILLED"}
    (finished,) = [run for run in found if run.info.status == "FINISHED"]
    assert int(finished.data.tags["run.continued"]) > KILLS // 2
    assert_equal(finished, expected)
