"""Jobs that fail or are interrupted: the message, the status of the run, and what is kept."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import pytest
import torch

from resistor_cls.evaluate import main as evaluate
from resistor_cls.model import ResistorNetwork
from resistor_cls.model.training import trainer as trainers
from resistor_cls.model.training.state_checkpoint import StateCheckpoint
from tests.helpers.runs import artifact, artifacts, runs
from tests.helpers.tiny import CATEGORIES, TINY

Train = Callable[..., int]


def test_other_categories_are_refused(
    workplace: Path,
    photos: Path,
    trained_file: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    other = tmp_path / "other"
    for name in (*CATEGORIES[:3], "9K1_1-4W"):
        (other / name).mkdir(parents=True)
        source = next((photos / CATEGORIES[0]).glob("*.jpg"))
        (other / name / "a.jpg").write_bytes(source.read_bytes())
    assert evaluate([f"model={trained_file}", "data=folder", f"data.root={other}"]) == 2
    assert "category 3 is '9K1_1-4W', expected '1K_2W'" in (capsys.readouterr().err)
    assert runs()[0].info.status == "FAILED"


@pytest.mark.usefixtures("blank_figures")
def test_unreadable_photos_stop_the_run_or_are_reported(
    train: Train, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = shutil.copytree(photos, tmp_path / "damaged")
    bad = damaged / CATEGORIES[1] / "broken.jpg"
    bad.write_bytes(next((photos / CATEGORIES[1]).glob("*.jpg")).read_bytes()[:700])
    assert train(f"data.root={damaged}") == 2
    assert f"{CATEGORIES[1]}/broken.jpg" in capsys.readouterr().err
    assert runs()[0].info.status == "FAILED"
    assert train(f"data.root={damaged}", "data.skip_unreadable=true", "trainer.max_epochs=1") == 0
    newest = runs()[0]
    assert newest.data.tags["data.unreadable"] == "1"
    assert "broken.jpg" in artifact(newest, "tables/unreadable.csv").read_text()


@pytest.mark.usefixtures("blank_figures")
def test_a_training_that_diverged_says_so(train: Train, capsys: pytest.CaptureFixture[str]) -> None:
    assert train("optimizer.lr=1e30", "loss=cross_entropy") == 2
    error = capsys.readouterr().err
    assert "because its training diverged: lower optimizer.lr" in error
    assert "Traceback" not in error
    assert runs()[0].info.status == "FAILED"


@pytest.mark.usefixtures("blank_figures")
def test_a_full_disk_loses_nothing(
    train: Train, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second epoch's last checkpoint does not fit any more; the first epoch's is kept."""
    usual, opened = Path.open, []

    def full(path: Path, mode: str = "r", *more: Any, **named: Any) -> IO[Any]:
        if path.name == ".state.ckpt.part" and mode == "wb":
            opened.append(path)
            if len(opened) > 1:
                path = Path("/dev/full")
        return usual(path, mode, *more, **named)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", full)
        assert train() == 2
    error = capsys.readouterr().err
    assert "No space left on device" in error
    assert "Traceback" not in error
    (run,) = runs()
    assert run.info.status == "FAILED"
    last = torch.load(artifact(run, "checkpoints/last.ckpt"), weights_only=True)
    assert last["epoch"] == 0
    ResistorNetwork.load(artifact(run, "checkpoints/best.ckpt"))
    assert train("trainer.resume=auto") == 0
    (again,) = runs()
    assert (again.info.run_id, again.info.status) == (run.info.run_id, "FINISHED")


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_is_killed(asked: signal.Signals, workplace: Path, photos: Path) -> None:
    words = ["data=folder", f"data.root={photos}", *TINY, "trainer.max_epochs=100000"]
    command = [sys.executable, "-m", "resistor_cls.train", *words]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("Epoch      2/"):  # then the first epoch's checkpoint is written
                break
        process.send_signal(asked)
        rest = process.stderr.read()
    check_killed(process.returncode, rest)


@pytest.mark.usefixtures("blank_figures")
def test_a_closed_terminal_interrupts_a_run_too(
    train: Train,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It does in the second epoch of this process."""

    class Interrupting(StateCheckpoint):
        def on_train_batch_start(self, trainer: Any, *more: Any) -> None:
            super().on_train_batch_start(trainer, *more)
            if trainer.current_epoch == 1:
                os.kill(os.getpid(), signal.SIGHUP)

    monkeypatch.setattr(trainers, "StateCheckpoint", Interrupting)
    status = train()
    check_killed(status, capsys.readouterr().err)


def check_killed(status: int, shown: str) -> None:
    assert status == 130
    assert "Traceback" not in shown
    assert shown.splitlines()[-1] == "interrupted"  # no library complains at the end of a process
    (run,) = runs()
    assert run.info.status == "KILLED"
    assert "checkpoints/last.ckpt" in artifacts(run)
