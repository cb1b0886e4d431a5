import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest
from lightning import Trainer
from lightning.pytorch.trainer.states import TrainerStatus

from resistor_cls.errors import ConfigError, ProcessError
from resistor_cls.model import build_trainer
from resistor_cls.model.training import processes
from resistor_cls.model.training.processes import Process, other_processes

NAMES = ("MASTER_ADDR", "MASTER_PORT", "NODE_RANK", "LOCAL_RANK", "WORLD_SIZE")


class Started:
    """Starts processes that wait, and keeps them."""

    def __init__(self, code: str = "import time; time.sleep(100)") -> None:
        self.code = code
        self.processes: list[Process] = []
        self.ranks: list[tuple[str, str]] = []

    def __call__(self, environment: Mapping[str, str]) -> Process:
        self.ranks.append((environment["LOCAL_RANK"], environment["WORLD_SIZE"]))
        process = subprocess.Popen([sys.executable, "-S", "-c", self.code])
        self.processes.append(process)
        return process


@pytest.fixture
def trainer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trainer:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    return build_trainer(tmp_path, accelerator="cpu", devices=3, strategy="ddp")


def test_each_process_is_told_its_rank_and_the_next_training_nothing(trainer: Trainer) -> None:
    started = Started("pass")
    with other_processes(trainer, started):
        assert os.environ["LOCAL_RANK"] == "0"
    assert started.ranks == [("1", "3"), ("2", "3")]
    assert [process.returncode for process in started.processes] == [0, 0]
    assert not set(NAMES) & set(os.environ)


def test_one_process_starts_none(tmp_path: Path) -> None:
    started = Started()
    with other_processes(build_trainer(tmp_path, accelerator="cpu"), started):
        assert "LOCAL_RANK" not in os.environ
    assert started.ranks == []


def test_processes_of_a_launcher_start_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"LOCAL_RANK": "1", "MASTER_PORT": "7"}.items():
        monkeypatch.setenv(name, value)
    started = Started()
    trainer = build_trainer(tmp_path, accelerator="cpu", devices=2, strategy="ddp")
    with other_processes(trainer, started):
        assert os.environ["LOCAL_RANK"] == "1"
    assert started.ranks == []


def test_an_error_that_a_dead_process_caused_names_it(trainer: Trainer) -> None:
    started = Started()
    killed = r"process 2 of 3 of this training was killed by SIGKILL, most often because the memory"
    with pytest.raises(ProcessError, match=killed), other_processes(trainer, started):
        started.processes[0].send_signal(signal.SIGKILL)
        raise RuntimeError("Connection closed by peer")
    assert all(process.returncode is not None for process in started.processes)


def test_an_error_of_this_process_stays_and_ends_the_others(
    trainer: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_REPORTED", 0.1)
    started = Started()
    with pytest.raises(RuntimeError, match="of this one"), other_processes(trainer, started):
        raise RuntimeError("of this one")
    assert all(process.returncode == -signal.SIGKILL for process in started.processes)
    assert not set(NAMES) & set(os.environ)


def test_a_process_that_waits_for_a_dead_one_is_ended(
    trainer: Trainer, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    ended = threading.Event()
    messages: list[str] = []
    monkeypatch.setattr(processes, "PERIOD", 0.02)
    monkeypatch.setattr(processes, "PATIENCE", 0.1)
    monkeypatch.setattr(os, "_exit", lambda status: ended.set())
    started = Started()
    with other_processes(trainer, started, messages.append):
        trainer.state.status = TrainerStatus.RUNNING
        started.processes[1].send_signal(signal.SIGTERM)
        assert ended.wait(20)  # as an operation on a GPU would, for ever
        trainer.state.status = TrainerStatus.FINISHED
    assert messages[0] == "process 3 of 3 of this training was killed by SIGTERM"
    assert "error: process 3 of 3" in capfd.readouterr().err


def test_several_machines_need_an_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    trainer = build_trainer(tmp_path, accelerator="cpu", devices=1, num_nodes=2, strategy="ddp")
    missing = "trainer.num_nodes=2 without MASTER_ADDR and MASTER_PORT"
    with pytest.raises(ConfigError, match=missing), other_processes(trainer, Started()):
        pass


def test_processes_that_are_copies_of_this_one_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"trainer\.strategy=ddp_spawn: expected ddp"):
        build_trainer(tmp_path, accelerator="cpu", devices=2, strategy="ddp_spawn")
