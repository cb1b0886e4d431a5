"""A package as a user may have written it, with nets and losses of all kinds."""

import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from resistor_cls.model import ResistorNetwork, ResistorTask, build_task

NETS = """
import torch
from os import getcwd
from torch import nn

class Plain(nn.Module):
    def __init__(self, categories, channels, shape):
        super().__init__()
        self.features = nn.Conv2d(channels, 8, 3)
        self.head = nn.Linear(8, categories)

    def forward(self, photos):
        return self.head(self.features(photos).mean((2, 3)))

def lazy(categories, channels, shape):
    return nn.Sequential(nn.Flatten(), nn.LazyLinear(categories))

def grid(categories, channels, shape):
    return nn.Sequential(nn.Flatten(), nn.Linear(channels * 32 * 32, categories))

def no_net(categories, channels, shape):
    return 3

def features(categories, channels, shape):
    return nn.Flatten()

def two(categories, channels):
    return nn.Flatten()

number = 3
"""
LOSSES = """
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

def smooth(logits, shares):
    return cross_entropy(logits, shares, reduction="none")

def each(logits, shares):
    return binary_cross_entropy_with_logits(logits, shares, reduction="none").mean(1)

each.activation = "sigmoid"

def mean(logits, shares):
    return cross_entropy(logits, shares)

def odd(logits, shares):
    return cross_entropy(logits, shares, reduction="none")

odd.activation = "tanh"

def wrong(logits):
    return logits
"""


def write_package(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str = "own_package_1"
) -> None:
    """Writes the package, and lets Python find it.

    Args:
        folder: where it lies.
        monkeypatch: takes it from Python's path again.
        name: of the package; each test has another one, because Python keeps what it imported.
    """
    (folder / name).mkdir(parents=True)
    (folder / name / "__init__.py").write_text("")
    (folder / name / "nets.py").write_text(NETS)
    (folder / name / "losses.py").write_text(LOSSES)
    (folder / name / "broken.py").write_text("raise ValueError('not today')\n")
    (folder / name / "needy.py").write_text("import no_such_library_at_all\n")
    monkeypatch.syspath_prepend(str(folder))


def imported(name: str) -> list[str]:
    """What has been imported of a package."""
    return [module for module in sys.modules if module.partition(".")[0] == name]


def task_of(package: str, net: str = "Plain", **settings: Any) -> ResistorTask:
    torch.manual_seed(0)
    given: dict[str, Any] = {
        "pretrained": "false",
        "image_size": 32,
        "backbone": f"{package}.nets:{net}",
    }
    return build_task(["10R", "4K7", "22R"], **(given | settings)).eval()


def network_of(package: str, net: str = "Plain", **settings: Any) -> ResistorNetwork:
    return task_of(package, net, **settings).network
