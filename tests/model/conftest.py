from pathlib import Path

import pytest

from tests.helpers.tiny_training import Training, train


@pytest.fixture(scope="session")
def trained(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Training:
    """Two epochs of the smallest net, with its checkpoints."""
    return train(photos, tmp_path_factory.mktemp("training") / "run", max_epochs=2)
