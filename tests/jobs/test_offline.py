"""Nothing asks the network for anything unless it was asked to fetch something."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

# What the package sets itself: a test that had it from outside would show nothing.
OURS = ("NO_ALBUMENTATIONS_UPDATE", "HF_HUB_DISABLE_TELEMETRY", "MLFLOW_DISABLE_TELEMETRY")
RECORDING = """
import atexit, socket, sys, threading, time

asked = []

def record(name, known=lambda *words: False):
    before = getattr(*name)
    def recorded(*words, **named):
        if known(*words):
            return before(*words, **named)
        asked.append((name[1], words[-1] if name[0] is socket.socket else words))
        raise OSError("no network here")
    setattr(*name, recorded)

def local(one, address, *_):
    return one.family == socket.AF_UNIX

for name in ("connect", "connect_ex"):
    record((socket.socket, name), local)
for name in ("getaddrinfo", "gethostbyname", "create_connection"):
    record((socket, name))

def show():
    time.sleep(0.3)  # for threads that have just begun
    print("asked:", asked)

atexit.register(show)
"""
AUGMENTATION = """
from resistor_cls.config import compose, instantiate
from resistor_cls.data.augment.augmentation import Augmentation
steps = instantiate(compose(overrides=["augment=medium"]).augment)
Augmentation([step for step in steps.values() if step is not None]).check((16, 16))
"""
# Hydra imports albumentations by its name in conf/, perhaps before any module of ours does.
BY_NAME = """
import resistor_cls, albumentations
albumentations.HorizontalFlip()
"""
EVERY_MODULE = """
import importlib, pkgutil, resistor_cls
for module in pkgutil.walk_packages(resistor_cls.__path__, "resistor_cls."):
    importlib.import_module(module.name)
"""
STORE = """
from resistor_cls.tracking.store.connection import connect
client = connect(f"sqlite:///{sys.argv[1]}")
client.create_run(client.create_experiment("one"))
"""
REFERENCE = """
from resistor_cls.tracking import model_file
from resistor_cls.errors import ResistorClsError
try:
    with model_file("runs:/0123456789abcdef0123456789abcdef/model", f"sqlite:///{sys.argv[1]}"):
        pass
except ResistorClsError:
    pass
"""
PREDICT = """
from resistor_cls.predict import main
assert main([sys.argv[2]]) == 0
"""


@pytest.mark.parametrize(
    "code",
    [BY_NAME + EVERY_MODULE + AUGMENTATION + STORE + REFERENCE, PREDICT],
    ids=["library", "predict"],
)
def test_no_command_contacts_the_network(code: str, workplace: Path, photos: Path) -> None:
    photo = next(photos.rglob("*.jpg"))
    done = subprocess.run(
        [sys.executable, "-c", RECORDING + code, str(workplace / "mlflow.db"), str(photo)],
        capture_output=True,
        text=True,
        env={name: value for name, value in os.environ.items() if name not in OURS},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines()[-1] == "asked: []"
