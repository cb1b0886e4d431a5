"""No file, however damaged or hostile, costs more than a bounded time and memory."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from resistor_cls.data import FolderSource, read_photo
from resistor_cls.data.images.cache import open_cache
from resistor_cls.data.images.preprocessed import PreprocessedImage, read_preprocessed
from resistor_cls.data.images.resize import Resize
from resistor_cls.errors import DataError
from tests.helpers import ROOT
from tests.helpers.hostile import hostile
from tests.helpers.photo_files import write_photo

HERE = ROOT / "tests" / "helpers"
SECONDS = 2.0  # on the processor, for one photo
PEAK = 1024  # MiB of a process, of which PyTorch and OpenCV take half before the first photo


def cost(*words: str) -> dict[str, Any]:
    """What a process says that reads photos; see `mutations.cost`."""
    done = subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, env={**os.environ}, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["seconds"] < SECONDS, found["slowest"]
    assert found["peak"] < PEAK
    return found


def test_what_asks_for_gigabytes_or_minutes_is_refused_by_its_header(tmp_path: Path) -> None:
    reasons = cost(str(HERE / "hostile.py"), str(tmp_path))["reasons"]
    for name, (_, words) in hostile().items():
        assert words in reasons.get(name, "it was read"), name


def test_hundreds_of_damaged_photos_are_read_or_refused(tmp_path: Path) -> None:
    found = cost(str(HERE / "mutations.py"), "0", "400", str(tmp_path))
    assert found["read"] > 40
    assert len(found["reasons"]) > 200


@pytest.mark.slow
def test_ten_thousand_damaged_photos_are_read_or_refused(tmp_path: Path) -> None:
    cost(str(HERE / "mutations.py"), "1000", "10000", str(tmp_path))


def test_devices_and_pipes_are_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "device.jpg").symlink_to("/dev/zero")
    for name in ("pipe.jpg", "device.jpg"):
        with pytest.raises(DataError, match=rf"{name}: this is a folder, a device or a pipe"):
            read_photo(tmp_path / name)


class Failing(Resize):
    """Preprocessing whose library fails."""

    def __init__(self, error: Exception) -> None:
        super().__init__(16)
        self._error = error

    def __call__(self, photo: Any) -> PreprocessedImage:
        if photo[0, 0, 0] > 200:
            raise self._error
        return super().__call__(photo)


@pytest.mark.parametrize(
    "error", [MemoryError(), RecursionError("too deep"), RuntimeError("negative\nat Resize.cpp:7")]
)
def test_a_photo_that_a_library_cannot_process_is_unreadable(
    tmp_path: Path, error: Exception
) -> None:
    root = tmp_path / "photos"
    for name in ("10R", "4K7"):
        write_photo(root / name / "0.png")
    light = write_photo(root / "10R" / "1.png", (250, 250, 250))
    reason = str(error).splitlines()[0] if str(error) else "Memory"
    why = f"the image cannot be preprocessed: {reason}"
    cache = open_cache(FolderSource(root).read(), Failing(error), tmp_path / "cache")
    assert cache.unreadable["10R/1.png"].startswith(why)
    assert len(cache.photos) == 2
    with pytest.raises(DataError, match=f"{light}: {why}"):
        read_preprocessed(light, Failing(error))
