from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from resistor_cls.data import PhotoDataModule, data_module_from_settings
from tests.helpers.photo_files import write_folder


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., PhotoDataModule]:
    """Makes a data module of thirty photos of three categories."""
    write_folder(tmp_path / "photos", each=10)

    def module(**changes: Any) -> PhotoDataModule:
        how: dict[str, Any] = {
            "image_size": 16,
            "batch_size": 4,
            "workers": 0,
            "cache": tmp_path / "cache",
        }
        return data_module_from_settings(**({"root": tmp_path / "photos"} | how | changes))

    return module
