"""Checkpoints of other releases."""

import gzip
from pathlib import Path

import pytest
import torch

from resistor_cls.errors import ModelError
from resistor_cls.model import ResistorNetwork

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
