"""Processes that load training batches."""

import subprocess
import sys

SCRIPT = """
import torch
from torch.utils.data import DataLoader, Dataset
from resistor_cls.data.loaders import training_options

class Photos(Dataset):
    def __len__(self):
        return 8

    def __getitem__(self, place):
        return torch.zeros(1)

photos = Photos()
options = training_options(
    photos, 2, photo_bytes=4, drop_last=True, workers=1, fixed_workers=True, ranks=()
)
batches = iter(DataLoader(photos, batch_size=2, **options))
next(batches)
raise RuntimeError("in the middle of an epoch")
"""


def test_a_command_that_fails_does_not_wait_for_its_workers() -> None:
    # The workers ignore the signal by which Python ends them.
    command = [sys.executable, "-c", SCRIPT]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 1
    assert ended.stderr.endswith("RuntimeError: in the middle of an epoch\n")
