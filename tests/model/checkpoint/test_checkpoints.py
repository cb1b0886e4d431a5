"""Checkpoints of other releases, and those that are being written."""

import errno
import gzip
import resource
from io import BytesIO
from pathlib import Path

import pytest
import torch

from resistor_cls.errors import ModelError
from resistor_cls.model import ResistorNetwork
from resistor_cls.model.checkpoint.checkpoints import write_checkpoint

# Written by version 0.2.0, with weights that repeat so that it is small.
RELEASED = Path(__file__).with_name("release_0_2_0.ckpt.gz")


@pytest.fixture
def released(tmp_path: Path) -> Path:
    file = tmp_path / "best.ckpt"
    file.write_bytes(gzip.decompress(RELEASED.read_bytes()))
    return file


def test_those_of_the_last_release_load_and_predict_the_same(released: Path) -> None:
    model = ResistorNetwork.load(released).eval()
    photos = torch.arange(3 * 32 * 32).reshape(1, 3, 32, 32) / 3072
    with torch.no_grad():
        found = model.probabilities(model(photos))
    expected = torch.tensor([[0.8688637018203735, 0.5864601135253906, 0.16511580348014832]])
    torch.testing.assert_close(found, expected)
    assert model.metadata["seed"] == 0


def test_those_of_another_format_name_the_release_that_reads_them(released: Path) -> None:
    checkpoint = torch.load(released, weights_only=True)
    ours = checkpoint["resistor_cls"]
    ours |= {"format": 7, "version": "3.1.4"}
    torch.save(checkpoint, released)
    with pytest.raises(ModelError, match=r"format 7, .*: use resistor_cls 3\.1\.4, which wrote it"):
        ResistorNetwork.load(released)
    ours["version"] = "1\n2"
    torch.save(checkpoint, released)
    with pytest.raises(ModelError, match="use the version of resistor_cls that wrote it"):
        ResistorNetwork.load(released)


def test_a_checkpoint_has_the_bytes_that_pytorch_saves_in_memory(tmp_path: Path) -> None:
    values = {"a": torch.arange(100_000), "b": [torch.rand(3), "text"]}
    write_checkpoint(values, tmp_path / "last.ckpt")
    expected = BytesIO()
    torch.save(values, expected)
    assert (tmp_path / "last.ckpt").read_bytes() == expected.getvalue()


@pytest.mark.parametrize("limit", [0, 100, 5_000, 1_000_000, 8_000_000])
def test_a_disk_that_fills_up_leaves_the_checkpoint_before(limit: int, tmp_path: Path) -> None:
    file = tmp_path / "last.ckpt"
    file.write_bytes(b"before")
    values = {name: torch.zeros(500_000) for name in "abcde"}  # 10 MB
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        with pytest.raises(OSError, match=r"last\.ckpt") as raised:
            write_checkpoint(values, file)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert raised.value.errno == errno.EFBIG
    assert [path.name for path in tmp_path.iterdir()] == ["last.ckpt"]
    assert file.read_bytes() == b"before"
