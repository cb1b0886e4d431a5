"""Photos decoded once, kept small in a memory-mapped file.

Epochs then never wait for JPEG decoding, worker processes share the pages, and a photo that
cannot be read is known before training begins.
"""

import hashlib
import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import uuid4

import numpy as np
from tqdm import tqdm

from resistor_cls.data.photos import decode_photo, shrink
from resistor_cls.data.sources import PhotoSet
from resistor_cls.errors import DataError

CACHE_VERSION = 1  # counts changes of `shrink` and of the file layout


@dataclass(frozen=True)
class PhotoCache:
    """Decoded photos.

    Attributes:
        photos: (readable, size, size, 3) uint8 RGB, memory-mapped.
        readable: position in the `PhotoSet` of each cached photo.
        unreadable: file name → why it cannot be read.
        hashes: SHA-256 of each cached photo's file, as hexadecimal text.
    """

    photos: np.ndarray
    readable: tuple[int, ...]
    unreadable: dict[str, str]
    hashes: tuple[str, ...]


def open_cache(photo_set: PhotoSet, size: int, folder: Path) -> PhotoCache:
    """Opens the decoded photos of a set, decoded first where they are not yet.

    Args:
        photo_set: the photos.
        size: side in pixels to keep them at.
        folder: the folder of all caches.

    Raises:
        DataError: photos that vanish while they are read; a folder that cannot be written.
    """
    try:
        place = folder / _key(photo_set, size)
        if not place.is_dir():
            _build(photo_set, size, place)
        index = json.loads((place / "index.json").read_text(encoding="utf-8"))
        photos = np.load(place / "photos.npy", mmap_mode="r")
    except (OSError, ValueError) as error:
        raise DataError(
            f"the photo cache in {folder} cannot be used: {error}; "
            "free some room or set paths.cache to another folder"
        ) from error
    readable = tuple(index["readable"])
    photos = photos[: len(readable)]  # the file has room for all
    return PhotoCache(photos, readable, index["unreadable"], tuple(index["hashes"]))


def fingerprint(hashes: tuple[str, ...], labels: tuple[str, ...]) -> str:
    """Identifies labelled photos by content, whatever their order, names or place.

    Args:
        hashes: of the files.
        labels: category name of each.

    Returns:
        16 hexadecimal digits.
    """
    lines = sorted(f"{content} {label}" for content, label in zip(hashes, labels, strict=True))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _key(photo_set: PhotoSet, size: int) -> str:
    """Changes when any file does: name, length or time of change."""
    digest = hashlib.sha256(f"{CACHE_VERSION} {size} {photo_set.root.resolve()}".encode())
    for index, name in enumerate(photo_set.names):
        stat = photo_set.path(index).stat()
        # Names of files are bytes: one from an old zip need not be UTF-8.
        digest.update(b"\n%s %d %d" % (os.fsencode(name), stat.st_size, stat.st_mtime_ns))
    return digest.hexdigest()[:24]


def _build(photo_set: PhotoSet, size: int, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    scratch = place.with_name(f".building-{uuid4().hex}")
    scratch.mkdir()
    try:
        photos = np.lib.format.open_memmap(
            scratch / "photos.npy", "w+", np.uint8, (len(photo_set), size, size, 3)
        )
        readable: list[int] = []
        hashes: list[str] = []
        unreadable: dict[str, str] = {}
        paths = [photo_set.path(index) for index in range(len(photo_set))]
        # Pillow and PyTorch release the interpreter's lock, so threads use every core.
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            work = pool.map(partial(_read, size=size), paths)
            bar = tqdm(work, total=len(paths), desc="Decoding photos", leave=False, disable=None)
            for index, (small, content, problem) in enumerate(bar):
                if small is None:
                    unreadable[photo_set.names[index]] = problem
                    continue
                photos[len(readable)] = small
                readable.append(index)
                hashes.append(content)
        photos.flush()
        index_text = json.dumps({"readable": readable, "unreadable": unreadable, "hashes": hashes})
        (scratch / "index.json").write_text(index_text, encoding="utf-8")
        try:
            scratch.replace(place)
        except OSError:
            if not place.is_dir():  # else another run has built the same cache meanwhile
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _read(path: Path, size: int) -> tuple[np.ndarray | None, str, str]:
    """The small photo and its file's hash, or why there is none."""
    try:
        encoded = path.read_bytes()
        return shrink(decode_photo(encoded), size), hashlib.sha256(encoded).hexdigest(), ""
    except OSError as error:
        return None, "", error.strerror or str(error)
    except DataError as error:
        return None, "", str(error)
