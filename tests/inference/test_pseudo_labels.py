"""Which photos of a folder a model labels, and what is said of the others."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from resistor_cls.data.images.decode import read_photo
from resistor_cls.errors import DataError
from resistor_cls.inference import Candidate, Prediction, label_photos


class Teacher:
    """Knows the category of every photo that can be read, but finds nothing in b.jfif."""

    reads_any_value = False

    def predict(self, files: Iterable[Path], top: int) -> Iterator[Prediction]:
        for file in files:
            try:
                read_photo(file)
            except DataError as error:
                yield Prediction(file, error=str(error))
            else:
                best = Candidate("10 Ω", 10.0, "10R", 0.9, 0.99)
                empty = file.name == "b.jfif"
                yield Prediction(file, accepted=not empty, candidates=(best,))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.jpg", "deep/b.jfif", "elsewhere/c.jpg"):
        path = tmp_path / "more" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(path, "JPEG")
    (tmp_path / "more/elsewhere").rename(tmp_path / "elsewhere")
    (tmp_path / "more/link").symlink_to(tmp_path / "elsewhere")
    return tmp_path / "more"


def test_photos_that_get_no_label_are_counted(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "d.heic").touch()
    (folder / "empty.jpg").touch()
    labels = label_photos(Teacher(), folder, 0.9)  # type: ignore[arg-type]
    assert labels.names == ("a.jpg", "link/c.jpg")
    assert labels.confidences == (0.99, 0.99)
    assert labels.count == 4
    left_out, unreadable = caplog.messages
    assert "left out 1 of 5 files: 1 .heic" in left_out
    assert "1 of 4 photos cannot be read: empty.jpg" in unreadable


def test_names_that_no_table_can_hold_are_refused(folder: Path) -> None:
    (folder / os.fsdecode(b"Diren\xe7.jpg")).touch()
    with pytest.raises(DataError, match=r"not UTF-8 text: Diren\\xe7.jpg; rename"):
        label_photos(Teacher(), folder, 0.9)  # type: ignore[arg-type]


def test_a_file_instead_of_a_folder_of_photos_is_refused(folder: Path) -> None:
    with pytest.raises(DataError, match=r"pseudo.photos=.*a.jpg: expected a folder of photos"):
        label_photos(Teacher(), folder / "a.jpg", 0.9)  # type: ignore[arg-type]
