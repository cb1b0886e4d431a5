"""Fixtures of several packages: small synthetic photos, a detector, a tracking store.

`tests/a/test_b.py` tests the module `resistor_cls/a/b.py`, or the package `a/b` as a whole.
Whole jobs lie in `tests/jobs`, rules about the project in `tests/rules`, shared code in
`tests/helpers`.
"""

import gc
import itertools
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from resistor_cls.categories import Categories
from resistor_cls.synthetic import generate_dataset
from tests.helpers import REAL_PHOTOS
from tests.helpers.tiny import CATEGORIES, TINY

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from resistor_cls.model.detector.network import Detector

# Each of pytest's processes has one core: more threads would only wait for one another.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# MLflow reads these once, when it is imported.
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

# All objects are searched for garbage between tests, seldom in one.
gc.set_threshold(50_000, 20, 20)

# A busy machine must not fail a property.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("real_photos") and not REAL_PHOTOS.is_dir():
            item.add_marker(pytest.mark.skip(reason="the real photos are not here"))


_tests = itertools.count(1)


def pytest_runtest_setup() -> None:
    """Searches for garbage, and spares later searches what tests have imported.

    It is a million objects: one search of all takes half a second.
    """
    if next(_tests) % 300 == 0:  # what was in use at an earlier search may be garbage by now
        gc.unfreeze()
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    gc.unfreeze()  # some libraries complain at the end of a process of what is left then


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


@pytest.fixture
def blank_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Writes figures without drawing them, which takes more than half of a tiny training.

    For jobs whose figures are not what a test is about.
    """
    save_blank_figures(monkeypatch)


def save_blank_figures(patch: pytest.MonkeyPatch) -> None:
    from matplotlib.figure import Figure

    from resistor_cls.tracking.run import rendering

    patch.setattr(Figure, "savefig", _save_blank)
    patch.setattr(rendering, "usable_cores", lambda: 1)  # nothing to share


def _save_blank(figure: "Figure", file: Any, **options: Any) -> None:
    if options.get("format") == "svg":
        file.write("<svg></svg>")
    else:
        Path(file).write_bytes(b"")


@pytest.fixture(scope="session")
def trained_file(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkpoint of one tiny training of one epoch, to be read only.

    Its 4 categories have 24 photos that train and 8 that validate and calibrate.
    """
    from resistor_cls.train import main

    place = tmp_path_factory.mktemp("trained")
    words = ["tracking=none", "trainer.max_epochs=1", f"hydra.run.dir={place / 'out'}"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RESISTOR_CLS_CACHE", str(place / "cache"))
        save_blank_figures(patch)
        assert main(["data=folder", f"data.root={photos}", *TINY, *words]) == 0
    return place / "out" / "checkpoints" / "best.ckpt"
