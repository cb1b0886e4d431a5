"""Keeps preprocessed OOD photos: drawing hundreds and searching them for bodies takes seconds.

They depend on nothing that a training changes, so that every report of a recipe has the same ones.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np

from resistor_cls.data.images.preprocessed import PreprocessedImage

_MAX_BYTES = 2**26  # of the photos of a file: 446 of 224 px; more of them are drawn every time
# What reading a file raises if it is absent, cut short or something else.
_DAMAGE = (OSError, ValueError, EOFError)


def ood_cache_file(folder: Path, *contents: object) -> Path:
    """The file of some OOD photos.

    Args:
        folder: of everything that is cached.
        contents: whatever the photos depend on, as values whose texts differ where they do.
    """
    key = hashlib.sha256("\n".join(map(str, contents)).encode()).hexdigest()[:24]
    return folder.expanduser() / "ood" / f"{key}.npy"


def kept_ood_photos(
    file: Path, shape: tuple[int, ...], draw: Callable[[], Iterator[PreprocessedImage]]
) -> Iterator[PreprocessedImage]:
    """OOD photos from their file; where it cannot be used, they are drawn, and it is written.

    A folder that cannot be written is not an error.

    Args:
        file: see `ood_cache_file`.
        shape: (photos, rows, columns, channels).
        draw: makes the photos.

    Returns:
        Each photo, and whether its body was found; nothing else of it.
    """
    if np.prod(shape, dtype=np.int64) > _MAX_BYTES:
        yield from draw()
        return
    with suppress(*_DAMAGE), file.open("rb") as stored:
        photos, located = (np.load(stored, allow_pickle=False) for _ in range(2))
        if photos.shape == shape and photos.dtype == np.uint8 and located.shape == shape[:1]:
            for photo, found in zip(photos, located.tolist(), strict=True):
                yield PreprocessedImage(photo, bool(found))
            return
    drawn = []
    for one in draw():
        drawn.append(one)
        yield one
    with suppress(OSError):
        _write(file, drawn)


def _write(file: Path, drawn: list[PreprocessedImage]) -> None:
    """Writes a file that appears with all of its content or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.stem}.{os.getpid()}.part")
    try:
        with part.open("wb") as out:
            np.save(out, np.stack([one.photo for one in drawn]))
            np.save(out, np.array([one.located for one in drawn]))
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
