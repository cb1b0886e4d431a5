"""Trainings in several processes on the CPU: one run, each photo once, and what a death leaves."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pandas as pd
import psutil
import pytest
from lightning import Trainer

from resistor_cls.data import data_module_from_settings
from resistor_cls.model import ResistorNetwork, ResistorTask, score
from tests.helpers.runs import artifact, artifacts, assert_equal, runs
from tests.helpers.tiny import TINY

Train = Callable[..., int]
Start = Callable[..., "subprocess.Popen[str]"]
TWO = ("trainer.devices=2", "+trainer.strategy=ddp", "saliency=false", "unknown=0", "gallery=1")
# 21 of 32 photos validate: two processes get 11 each.
ODD = ("data.validation_size=0.65", "data.batch_size=4")
WITHIN = 30  # seconds after the death of a process until the others have ended


@pytest.mark.usefixtures("blank_figures")
def test_two_processes_make_one_run_that_scores_each_photo_once(
    train: Train, photos: Path, tmp_path: Path
) -> None:
    assert train(*TWO, *ODD, "trainer.max_epochs=1") == 0
    assert not {"LOCAL_RANK", "WORLD_SIZE", "MASTER_PORT"} & set(os.environ)
    (run,) = runs()
    assert run.info.status == "FINISHED"
    assert len(list(Path("outputs").glob("*/*"))) == 1
    rows = pd.read_csv(artifact(run, "tables/predictions.csv"))
    assert len(rows) == rows["photo"].nunique() == 21
    assert [name for name in artifacts(run) if name.startswith("report")]

    network = ResistorNetwork.load(artifact(run, "checkpoints/best.ckpt"))
    settings = network.metadata["data"]
    data = data_module_from_settings(**settings, cache=tmp_path / "cache", workers=0)
    data.setup()
    single = Trainer(accelerator="cpu", logger=False, enable_progress_bar=False)
    scores = score(single, ResistorTask(network), data)
    for name in ("loss", "accuracy", "f1_macro", "roc_auc", "log_loss", "mcc"):
        value = run.data.metrics[f"best/val/{name}"]
        assert value == pytest.approx(scores[f"test/{name}"], abs=1e-5), name


@pytest.mark.slow
def test_a_sweep_of_two_processes_a_job_makes_a_folder_and_a_run_a_job(train: Train) -> None:
    assert train("-m", "seed=0,1", *TWO, "trainer.max_epochs=1") == 0
    *children, parent = runs()
    assert [run.info.status for run in (*children, parent)] == ["FINISHED"] * 3
    assert sorted(run.info.run_name for run in children) == ["seed=0", "seed=1"]
    (folder,) = Path("outputs").glob("*/*")
    assert sorted(path.name for path in folder.iterdir() if path.name.isdecimal()) == ["0", "1"]


TORCHRUN = ["torch.distributed.run", "--standalone", "--nproc-per-node=2", "-m"]


def command(photos: Path, *words: str, launcher: Sequence[str] = ()) -> list[str]:
    given = ["data=folder", f"data.root={photos}", *TINY, *TWO, *words]
    return [sys.executable, "-m", *launcher, "resistor_cls.train", *given]


@pytest.fixture
def start(photos: Path) -> Iterator[Start]:
    """Starts a long training in two processes, and waits until its first epoch is kept."""
    with ExitStack() as stack:

        def started(*words: str, launcher: Sequence[str] = ()) -> "subprocess.Popen[str]":
            words = ("trainer.max_epochs=100000", *words)
            whole = command(photos, *words, launcher=launcher)
            process = subprocess.Popen(whole, stderr=subprocess.PIPE, text=True)
            stack.enter_context(process)
            stack.callback(process.kill)  # the others end with it
            assert process.stderr is not None
            next(line for line in process.stderr if re.match("Epoch +2/", line))
            return process

        yield started


@pytest.mark.slow
def test_the_death_of_a_process_fails_the_run_and_keeps_its_checkpoint(
    workplace: Path, start: Start
) -> None:
    process = start()
    (other,) = psutil.Process(process.pid).children()
    other.kill()
    began = time.monotonic()
    error = process.communicate(timeout=WITHIN)[1]
    assert time.monotonic() - began < WITHIN
    assert process.returncode == 2
    assert "error: process 2 of 2 of this training was killed by SIGKILL" in error
    (run,) = runs()
    assert run.info.status == "FAILED"
    assert "killed by SIGKILL" in run.data.tags["error"]
    assert {"checkpoints/best.ckpt", "checkpoints/last.ckpt"} <= artifacts(run)


@pytest.mark.slow
def test_the_death_of_the_first_process_ends_the_others(workplace: Path, start: Start) -> None:
    process = start()
    (other,) = psutil.Process(process.pid).children()
    process.kill()
    other.wait(WITHIN)
    process.communicate()
    (folder,) = Path("outputs").glob("*/*")
    assert (folder / "checkpoints" / "last.ckpt").exists()


@pytest.mark.slow
@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_ends_all_processes(
    asked: signal.Signals, workplace: Path, start: Start
) -> None:
    process = start()
    (other,) = psutil.Process(process.pid).children()
    process.send_signal(asked)
    process.communicate(timeout=WITHIN)
    assert process.returncode == 130
    assert not other.is_running()
    (run,) = runs()
    assert run.info.status == "KILLED"


@pytest.mark.slow
@pytest.mark.parametrize("launcher", [[], TORCHRUN], ids=["own", "torchrun"])
def test_an_interrupted_training_continues_as_itself(
    launcher: list[str], workplace: Path, photos: Path, start: Start
) -> None:
    words = (*ODD, "trainer.max_epochs=12", "trainer.checkpoint_steps=1", "trainer.resume=auto")
    subprocess.run(command(photos, *words), check=True)
    (expected,) = runs()
    again = (*words, "hydra.run.dir=outputs/mine")
    process = start(*again, launcher=launcher)
    process.terminate()
    process.communicate(timeout=WITHIN)
    assert runs()[0].info.status == "KILLED"
    subprocess.run(command(photos, *again, launcher=launcher), check=True)
    found, _ = runs()
    assert found.data.tags["run.continued"] == "1"
    assert_equal(found, expected)


@pytest.mark.slow
def test_processes_of_torchrun_make_one_run(workplace: Path, photos: Path) -> None:
    subprocess.run(command(photos, *ODD, "trainer.max_epochs=1", launcher=TORCHRUN), check=True)
    (run,) = runs()
    assert run.info.status == "FINISHED"
    assert len(pd.read_csv(artifact(run, "tables/predictions.csv"))) == 21
    assert len(list(Path("outputs").glob("*/*"))) == 1


@pytest.mark.slow
def test_two_machines_make_one_run(workplace: Path, photos: Path) -> None:
    """Two commands on one machine, each as on a machine of its own."""
    words = (*ODD, "trainer.max_epochs=1", "trainer.devices=1", "+trainer.num_nodes=2")
    address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29517"}
    machines = [
        subprocess.Popen(
            command(photos, *words), env={**os.environ, **address, "NODE_RANK": str(rank)}
        )
        for rank in range(2)
    ]
    assert [machine.wait(600) for machine in machines] == [0, 0]
    (run,) = runs()
    assert len(pd.read_csv(artifact(run, "tables/predictions.csv"))) == 21
    assert len(list(Path("outputs").glob("*/*"))) == 1
