"""What ends a training and can be fixed is said in one message that names the key."""

import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch
from lightning import Callback
from torch.utils.data import Dataset

from resistor_cls.data import FolderSource, PhotoDataModule
from resistor_cls.data.workers import workers_that_fit
from resistor_cls.errors import ConfigError, run_command
from resistor_cls.model.training.failures import explained
from tests.helpers import ROOT
from tests.helpers.tiny_training import train

Usage = namedtuple("Usage", "total used free")


class Module:
    workers, batch_size = 2, 32


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed. "),
            r"data.workers=2: .* gone \(is killed by signal: Killed\).* set data.workers",
        ),
        (
            RuntimeError("DataLoader worker (pid(s) 7, 8) exited unexpectedly"),
            "data.workers=2: .*exited unexpectedly.* set data.workers",
        ),
        (
            RuntimeError(
                "DataLoader worker (pid 7) is killed by signal: Bus error. It is possible that "
                "dataloader's workers are out of shared memory."
            ),
            r"data.workers=2: shared memory \(/dev/shm\) is too small.*data.workers=0.*--shm-size",
        ),
        (
            RuntimeError(
                "Caught RuntimeError in DataLoader worker process 0.\nOriginal Traceback …\n"
                "RuntimeError: unable to write to file </torch_1_2_3>: No space left on device (28)"
            ),
            "shared memory",
        ),
        (
            RuntimeError("unable to allocate shared memory(shm) for file </torch_1>: No space"),
            "shared memory",
        ),
        (
            RuntimeError("unable to open shared memory object </torch_1>: Too many open files"),
            "data.workers=2: .*too few open files.*ulimit -n",
        ),
        (OSError(24, "Too many open files"), "data.workers=2: .*ulimit -n"),
        (
            ValueError("Expected more than 1 value per channel when training, got input size …"),
            "data.batch_size=32: .*set data.batch_size=2 or more",
        ),
        (
            torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB"),
            "data.batch_size=32: the memory of the GPU is full: lower it",
        ),
    ],
)
def test_what_can_be_fixed_names_the_key(error: Exception, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as raised, explained(Module()):
        raise error
    assert "\n" not in str(raised.value)


def test_other_errors_pass_unchanged() -> None:
    for error in (RuntimeError("shapes differ"), ValueError("shared")):
        with pytest.raises(type(error), match=str(error)), explained(Module()):
            raise error


class Broken(Dataset[dict[str, torch.Tensor]]):
    """Items that do something else."""

    def __init__(self, what: Callable[[], object]) -> None:
        self._what = what

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        self._what()
        raise AssertionError


def be_killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def refuse() -> None:
    raise ConfigError("augment: the steps go wrong")


@pytest.mark.parametrize(
    ("what", "message"),
    [
        (be_killed, "data.workers=1: a process that loads photos is gone"),
        (refuse, "^augment: the steps go wrong$"),
    ],
)
def test_a_worker_that_ends_is_explained(
    what: Callable[[], object], message: str, photos: Path, tmp_path: Path
) -> None:
    data = {"workers": 1, "stream": lambda *_: Broken(what)}
    with pytest.raises(ConfigError, match=message):
        train(photos, tmp_path / "run", data=data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"batch_size": 1}, "^data.batch_size=1: batch norm.*set data.batch_size=2 or more"),
        (
            {"batch_size": 23, "drop_last": False},
            "^data.batch_size=23 with data.drop_last=false leaves one of 24 photos for the last "
            "batch.*set data.drop_last=true",
        ),
    ],
)
def test_a_batch_of_one_photo_is_refused_before_the_first_step(
    data: dict[str, Any], message: str, photos: Path, tmp_path: Path
) -> None:
    class Steps(Callback):
        steps = 0

        def on_train_batch_start(self, *_: Any) -> None:
            self.steps += 1

    steps = Steps()
    with pytest.raises(ConfigError, match=message):
        train(photos, tmp_path / "run", data=data, callbacks=[steps])
    assert steps.steps == 0


def test_a_batch_of_one_photo_trains_where_maps_are_larger(photos: Path, tmp_path: Path) -> None:
    # The check changes nothing.
    small = {"image_size": 64, "batch_size": 23, "drop_last": False}
    train(photos, tmp_path / "run", data=small, model={"image_size": 64})


def test_workers_have_shared_memory_for_their_batches(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, photos: Path, tmp_path: Path
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(64 << 20, 0, 64 << 20))
    # 256 photos of 224 pixels: two batches of each worker, and one that trains.
    batch = 256 * 224 * 224 * 3
    assert workers_that_fit(0, batch, fixed=True) == 0
    assert workers_that_fit(2, batch // 16, fixed=True) == 2
    with pytest.raises(ConfigError, match=r"data.workers=2: .*64 MB where 184 MB are needed"):
        workers_that_fit(2, batch, fixed=True)
    assert workers_that_fit(2, batch // 2, fixed=False) == 1
    assert workers_that_fit(2, batch, fixed=False) == 0
    assert "data.workers=0" in caplog.text
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1, 0, 1))
    with pytest.raises(ConfigError, match=r"data.workers=2: shared memory"):
        train(photos, tmp_path / "fixed", data={"workers": 2})
    train(photos, tmp_path / "auto", data={"workers": "auto"})


class Interrupted(Callback):
    """Gets a Ctrl-C in the first step."""

    def on_train_batch_end(self, *_: Any) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)  # the signal comes within


def test_an_interrupted_fit_raises_what_python_does(photos: Path, tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):  # Lightning's SystemExit would end a notebook's kernel
        train(photos, tmp_path / "run", callbacks=[Interrupted()])
    assert signal.getsignal(signal.SIGINT) is before


def test_a_training_and_a_command_run_in_any_thread(photos: Path, tmp_path: Path) -> None:
    done: list[Any] = []

    def work() -> None:
        done.append(train(photos, tmp_path / "run").model)
        done.append(run_command(lambda: None))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert len(done) == 2
    assert done[1] == 0


def test_without_a_home_directory_the_message_says_what_to_set(
    photos: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def nobody(user: int) -> None:
        raise KeyError(user)  # as in a container that runs as a user it does not know

    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    assert run_command(lambda: Path("~/x").expanduser()) == 2
    assert run_command(lambda: PhotoDataModule(FolderSource(photos)).setup()) == 2
    for line in capsys.readouterr().err.splitlines():
        assert re.match("error: .*~ stands for a home directory, but none is known", line)
        assert "RESISTOR_CLS_CACHE (paths.cache)" in line


@pytest.mark.slow
def test_workers_end_with_a_training_that_is_killed(photos: Path, tmp_path: Path) -> None:
    code = f"""
        import sys
        sys.path.insert(0, {str(ROOT)!r})
        from pathlib import Path
        from tests.helpers.tiny_training import train
        train(Path({str(photos)!r}), Path({str(tmp_path)!r}) / "run", max_epochs=100_000,
              data={{"workers": 2}})
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    with subprocess.Popen(command) as process:
        last = tmp_path / "run" / "checkpoints" / "last.ckpt"
        until = time.monotonic() + 60
        while not last.exists() and time.monotonic() < until:
            time.sleep(0.1)
        workers = psutil.Process(process.pid).children(recursive=True)
        process.kill()
    assert len(workers) == 2
    # They check every five seconds whether their parent is alive.
    _, alive = psutil.wait_procs(workers, timeout=12)
    assert alive == []
