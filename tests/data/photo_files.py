"""Small files to read: plain photos, and what is no photo."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

NAMES = ("10R", "4K7", "left")


def write_photo(path: Path, colour: tuple[int, int, int] = (120, 80, 40)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (40, 40), colour).save(path)
    return path


def write_folder(root: Path, names: Iterable[str] = NAMES, each: int = 4) -> Path:
    """A folder per category; every photo is of one colour, and no two are alike."""
    for number, name in enumerate(names):
        for copy in range(each):
            write_photo(root / name / f"{copy}.jpg", (60 * number % 256, 10 * copy, 90))
    return root


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
