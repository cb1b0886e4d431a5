from pathlib import Path

import pytest

from resistor_cls.custom_code import VARIABLE
from tests.helpers.custom_package import write_package
from tests.helpers.tiny_training import Training, train


@pytest.fixture(scope="session")
def trained(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Training:
    """Two epochs of the smallest net, with its checkpoints."""
    return train(photos, tmp_path_factory.mktemp("training") / "run", max_epochs=2)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """A custom package that is allowed; its name."""
    name = f"custom_models_{abs(hash(request.node.name))}"
    write_package(tmp_path / "packages", monkeypatch, name)
    monkeypatch.setenv(VARIABLE, name)
    return name
