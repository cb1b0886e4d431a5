"""Fixtures of several packages: small synthetic photos, a detector, a tracking store.

`tests/a/test_b.py` tests the module `resistor_cls/a/b.py`, or the package `a/b` as a whole.
Whole jobs lie in `tests/jobs`, rules about the project in `tests/rules`, shared code in
`tests/helpers`.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from resistor_cls.categories import Categories
from resistor_cls.synthetic import generate_dataset
from tests.helpers import REAL_PHOTOS
from tests.helpers.tiny import CATEGORIES, TINY

if TYPE_CHECKING:
    from resistor_cls.model.detector.network import Detector

# Each of pytest's processes has one core: more threads would only wait for one another.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# MLflow reads these once, when it is imported.
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

# A busy machine must not fail a property.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("real_photos") and not REAL_PHOTOS.is_dir():
            item.add_marker(pytest.mark.skip(reason="the real photos are not here"))


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 4 categories with 8 synthetic photos each, of 96 pixels."""
    out = tmp_path_factory.mktemp("synthetic") / "photos"
    counts = dict.fromkeys(CATEGORIES, 8)
    return generate_dataset(out, Categories(CATEGORIES), counts, size=96, workers=1, progress=False)


@pytest.fixture(scope="session")
def detector_file(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained detector that finds something in half of the synthetic photos."""
    import torch

    from resistor_cls.data.images.decode import read_photo
    from resistor_cls.data.images.threads import one_torch_thread
    from resistor_cls.model.detector.network import Detector

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = Detector().eval()
    file = tmp_path_factory.mktemp("detector") / "locator.safetensors"
    net.save(file)
    net = Detector.load(file)
    with one_torch_thread():
        scores = sorted(net.best(read_photo(path)).score for path in photos.rglob("*.jpg"))
    middle = len(scores) // 2
    net.threshold = (scores[middle - 1] + scores[middle]) / 2
    net.save(file)
    return file


@pytest.fixture
def detector(detector_file: Path, monkeypatch: pytest.MonkeyPatch) -> "Detector":
    """Replaces the shipped detector."""
    from resistor_cls.model import preprocessing
    from resistor_cls.model.detector.network import Detector

    monkeypatch.setattr(preprocessing, "SHIPPED", detector_file)
    return Detector.load(detector_file)


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated MLflow database, made once: migrating takes seconds."""
    from resistor_cls.tracking.store.connection import connect

    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    connect(f"sqlite:///{path}")
    return path


@pytest.fixture
def workplace(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a tracking store in it and a cache beside it."""
    place = tmp_path / "work"
    place.mkdir()
    monkeypatch.chdir(place)
    monkeypatch.setenv("RESISTOR_CLS_CACHE", str(tmp_path / "cache"))
    # Absolute: MLflow keeps one connection for each address as long as the process lives.
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{place / 'mlflow.db'}")
    shutil.copy(empty_store, place / "mlflow.db")
    return place


@pytest.fixture
def train(workplace: Path, photos: Path) -> Callable[..., int]:
    """Trains a tiny net on the synthetic photos; returns the exit status."""
    from resistor_cls.train import main

    def run(*words: str) -> int:
        return main(["data=folder", f"data.root={photos}", *TINY, *words])

    return run
