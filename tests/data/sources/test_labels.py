"""Labels without their prefix."""

from pathlib import Path

import pytest

from resistor_cls.data import FolderSource
from resistor_cls.errors import DataError
from tests.helpers.photo_files import NAMES, write_folder


@pytest.mark.parametrize("prefix", ["class_", "label_", "category_"])
def test_a_prefix_that_all_folders_have_is_stripped(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, prefix: str
) -> None:
    root = write_folder(tmp_path / "photos", [prefix + name for name in NAMES], each=1)
    with caplog.at_level("INFO"):
        photos = FolderSource(root).read()
    assert len(caplog.messages) == 1
    assert prefix in caplog.text
    assert photos.categories.names == NAMES
    assert photos.names[0] == f"{prefix}10R/0.jpg"
    assert all(photos.path(index).is_file() for index in range(len(photos)))

    whole = FolderSource(root, label_prefix="").read()
    assert whole.categories.names == tuple(prefix + name for name in NAMES)
    categories = tmp_path / "categories.txt"
    for lines in (NAMES[::-1], whole.categories.names[::-1]):  # with the prefix or without
        categories.write_text("\n".join(lines))
        assert FolderSource(root, categories).read().categories.names == NAMES[::-1]


def test_a_prefix_that_is_missing_from_one_label_is_kept(tmp_path: Path) -> None:
    names = ("class_10R", "class_4K7", "left")
    root = write_folder(tmp_path / "some", names, each=1)
    assert FolderSource(root).read().categories.names == names
    assert FolderSource(root, label_prefix="class_").read().categories.names == NAMES
    nothing_left = write_folder(tmp_path / "nothing", ("class_", "class_10R"), each=1)
    assert FolderSource(nothing_left).read().categories.names == ("class_", "class_10R")
    twins = write_folder(tmp_path / "twins", ("10R", "class_10R", "left"), each=1)
    assert len(FolderSource(twins).read().categories) == 3
    with pytest.raises(DataError, match=r"'10R' and 'class_10R' are one label .*_prefix=class_: "):
        FolderSource(twins, label_prefix="class_").read()
