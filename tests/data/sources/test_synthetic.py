"""Synthetic photos as a source."""

from pathlib import Path
from typing import Any

from resistor_cls.data import SyntheticSource
from tests.helpers.photo_files import NAMES


def test_each_synthetic_set_has_its_folder(tmp_path: Path) -> None:
    categories = tmp_path / "categories.txt"
    categories.write_text("\n".join(NAMES))
    how: dict[str, Any] = {"per_category": 1, "size": 64, "categories": categories}
    one = SyntheticSource(tmp_path, **how).read()
    other = SyntheticSource(tmp_path, **how, seed=1).read()
    assert one.root != other.root
    assert [path.parent.name for path in (one.path(0), one.path(2))] == ["10R", "left"]
    assert SyntheticSource(tmp_path, **how).read() == one
