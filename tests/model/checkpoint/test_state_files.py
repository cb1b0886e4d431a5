"""The two newest states of a training."""

import errno
from pathlib import Path

import pytest
import torch

from resistor_cls.errors import ModelError
from resistor_cls.model.checkpoint.checkpoints import METADATA, write_checkpoint
from resistor_cls.model.checkpoint.state_files import newest_state, restore_best, write_state

NAMES = ["10R_1-4W", "4K7_1-4W"]


def checkpoint(step: int) -> dict[str, object]:
    return {
        "hyper_parameters": {"categories": NAMES, "backbone": "test_resnet.r160_in1k"},
        "state_dict": {"a": torch.zeros(2)},
        METADATA: {"format": 1, "weights_from": "scratch", "record": {}},
        "step": step,
    }


def save(folder: Path, step: int) -> None:
    """A state whose best epoch is called like its step."""
    best = folder / "checkpoints" / "best.ckpt"
    best.parent.mkdir(exist_ok=True)
    best.unlink(missing_ok=True)
    best.write_text(str(step))
    write_state(
        folder / "resume",
        lambda path: write_checkpoint(checkpoint(step), path),
        folder / "checkpoints",
    )


def step_of(path: Path | None) -> int:
    assert path is not None
    return int(torch.load(path, weights_only=True)["step"])


def test_two_are_kept_and_each_has_its_best_epoch(tmp_path: Path) -> None:
    assert newest_state(tmp_path / "resume") is None
    for step in range(4):
        save(tmp_path, step)
    assert [path.name for path in sorted((tmp_path / "resume").iterdir())] == ["000003", "000004"]
    state = newest_state(tmp_path / "resume")
    assert step_of(state) == step_of(tmp_path / "checkpoints" / "last.ckpt") == 3
    assert state is not None
    best = tmp_path / "checkpoints" / "best.ckpt"
    best.unlink()
    best.write_text("of an epoch after the state")
    restore_best(state, best.parent)
    assert best.read_text() == "3"


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "absent"])
def test_a_damaged_one_is_named_and_the_one_before_it_is_taken(
    damage: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    save(tmp_path, 0)
    save(tmp_path, 1)
    newest = tmp_path / "resume" / "000002" / "state.ckpt"
    content = bytearray(newest.read_bytes())
    newest.unlink()  # `last.ckpt` is the same file
    if damage == "cut":
        newest.write_bytes(content[: len(content) // 2])
    elif damage == "flipped":
        content[len(content) // 2] ^= 1
        newest.write_bytes(content)
    elif damage == "empty":
        newest.touch()
    assert step_of(newest_state(tmp_path / "resume")) == 0
    assert "A checkpoint cannot be used, the one before it is tried" in caplog.text
    assert str(newest) in caplog.text
    (tmp_path / "resume" / "000001" / "state.ckpt").unlink()
    with pytest.raises(ModelError, match=r"no checkpoint can be used: .*trainer.resume=null"):
        newest_state(tmp_path / "resume")


def test_a_full_disk_leaves_the_older_ones(tmp_path: Path) -> None:
    save(tmp_path, 0)

    def full(path: Path) -> None:
        path.parent.mkdir()
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    with pytest.raises(OSError, match="No space left"):
        write_state(tmp_path / "resume", full, tmp_path / "checkpoints")
    assert [path.name for path in (tmp_path / "resume").iterdir()] == ["000001"]
    assert step_of(newest_state(tmp_path / "resume")) == 0
    # A process that was killed leaves what it had begun.
    (tmp_path / "resume" / "000002.part").mkdir()
    save(tmp_path, 1)
    assert step_of(newest_state(tmp_path / "resume")) == 1
