"""Which unfinished training `trainer.resume` continues."""

from pathlib import Path
from typing import Any

import pytest

from resistor_cls.config.composing import compose_with_hydra
from resistor_cls.config.resuming import changed_keys, resumed_folder, training_in
from resistor_cls.errors import ConfigError
from resistor_cls.tracking.run.unfinished import Unfinished, has_stopped


def config(place: Path, *words: str) -> Any:
    return compose_with_hydra(
        "train", ["tracking=none", f"paths.output={place / 'outputs'}", *words]
    )


def stopped(place: Path, name: str, *words: str) -> Unfinished:
    """A training that has stopped."""
    folder = place / "outputs" / "2026-01-31" / name
    run = training_in(folder, config(place, *words))
    run.begin()
    has_stopped(folder)
    return run


def test_auto_takes_the_newest_that_does_not_run(tmp_path: Path) -> None:
    again = config(tmp_path, "trainer.resume=auto")
    assert resumed_folder(again) is None
    stopped(tmp_path, "10-00-00")
    newer = stopped(tmp_path, "09-00-00")
    assert resumed_folder(again) == newer.folder
    newer.begin()  # it runs in this process
    assert resumed_folder(again) == tmp_path / "outputs" / "2026-01-31" / "10-00-00"
    with pytest.raises(ConfigError, match="its process still runs"):
        resumed_folder(config(tmp_path, f"trainer.resume={newer.folder}"))
    assert resumed_folder(config(tmp_path)) is None
    stopped(tmp_path, "11-00-00", "optimizer.lr=0.5")
    # Of other keys: the newest that this command has begun is continued.
    assert resumed_folder(again) == tmp_path / "outputs" / "2026-01-31" / "10-00-00"


def test_processes_of_a_launcher_continue_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = stopped(tmp_path, "10-00-00")
    run.begin()  # the first process has
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    with pytest.raises(ConfigError, match=r"name the folder of the run, by hydra\.run\.dir="):
        resumed_folder(config(tmp_path, "trainer.resume=auto"))
    for words in (
        ["trainer.resume=auto", f"hydra.run.dir={run.folder}"],
        [f"trainer.resume={run.folder}"],
    ):
        assert resumed_folder(config(tmp_path, *words), named=True) == run.folder
    elsewhere = ["trainer.resume=auto", f"hydra.run.dir={tmp_path / 'new'}"]
    assert resumed_folder(config(tmp_path, *elsewhere), named=True) is None


def test_changed_keys_are_named(tmp_path: Path) -> None:
    run = stopped(tmp_path, "10-00-00", "trainer.max_epochs=4")
    for resume in ("auto", str(run.folder)):
        words = [f"trainer.resume={resume}", "optimizer.lr=0.5", "trainer.max_epochs=3"]
        message = r"optimizer.lr=0.5 \(was 0.001\), trainer.max_epochs=3 \(was 4\)"
        with pytest.raises(ConfigError, match=message):
            resumed_folder(config(tmp_path, *words))
    words = ["trainer.resume=auto", "trainer.max_epochs=6", "data.workers=0", "unknown=3"]
    assert resumed_folder(config(tmp_path, *words)) == run.folder
    added = {**run.values, "new.key": 1}
    assert changed_keys(run, added) == ["new.key"]


def test_a_run_that_has_finished_cannot_be_continued(tmp_path: Path) -> None:
    (tmp_path / "outputs" / "done").mkdir(parents=True)
    for asked in (tmp_path / "outputs" / "done", "3d0fce4828b3422e9b6e2ed66965ee76"):
        with pytest.raises(ConfigError, match="has finished, or its folder is not on this machine"):
            resumed_folder(config(tmp_path, f"trainer.resume={asked}"))


def test_a_drawn_seed_is_kept(tmp_path: Path) -> None:
    run = stopped(tmp_path, "10-00-00", "seed=-1")
    run.seed = 17
    run.write()
    again = config(tmp_path, "seed=-1", "trainer.resume=auto")
    assert training_in(run.folder, again).run_id == ""
    assert again.seed == 17
