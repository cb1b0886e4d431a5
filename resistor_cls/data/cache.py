"""Photos decoded and prepared once, kept in a memory-mapped file, with what their files tell.

Epochs then never wait for JPEG decoding, worker processes share the pages, and a photo that
cannot be read is known before training begins.
"""

import hashlib
import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, astuple, dataclass, fields
from functools import partial
from pathlib import Path
from uuid import uuid4

import numpy as np
from tqdm import tqdm

from resistor_cls.data.bodies import Location
from resistor_cls.data.facts import OUTLINE, PhotoFacts, outline, photo_facts
from resistor_cls.data.mapped import mapped
from resistor_cls.data.photos import Preparation, Prepared, decode_photo, one_torch_thread
from resistor_cls.data.sources import PhotoSet
from resistor_cls.errors import NO_HOME, DataError

CACHE_VERSION = 4  # counts changes of decoding, of preparations, of the facts and of the layout
_BODY = len(fields(Location))
_NO_BODY = (float("nan"),) * _BODY


@dataclass(frozen=True)
class PhotoCache:
    """Prepared photos.

    Attributes:
        photos: (readable, rows, columns, channels) uint8, memory-mapped.
        readable: position in the `PhotoSet` of each cached photo.
        unreadable: file name → why it cannot be read.
        located: (readable,) bool, False where the body was looked for and not found.
        places: (readable, 2, 3) float64, memory-mapped: what each shows of the original; see
            `resistor_cls.data.photos.Prepared`.
        bodies: (readable, 6) float64, memory-mapped: the values of the `Location` of each; nan
            where no body was found or looked for.
        facts: what the file of each cached photo tells.
        outlines: (readable, 64, 64) int8, memory-mapped; see `resistor_cls.data.facts.outline`.
    """

    photos: np.ndarray
    readable: tuple[int, ...]
    unreadable: dict[str, str]
    located: np.ndarray
    places: np.ndarray
    bodies: np.ndarray
    facts: tuple[PhotoFacts, ...]
    outlines: np.ndarray

    def body(self, index: int) -> Location | None:
        """Where the body was found in a prepared photo, in its pixels."""
        values = self.bodies[index].tolist()
        return None if np.isnan(values).any() else Location(*values)


def open_cache(photo_set: PhotoSet, prepare: Preparation, folder: Path) -> PhotoCache:
    """Opens the prepared photos of a set, decoded and prepared first where they are not yet.

    Args:
        photo_set: the photos.
        prepare: makes of each photo what is kept.
        folder: of everything that is cached; decoded photos are below it.

    Raises:
        DataError: photos that vanish while they are read; a folder that cannot be written, or is
            in a home directory that does not exist.
    """
    try:
        folder = folder.expanduser() / "decoded"
    except RuntimeError as error:
        raise DataError(f"the photo cache in {folder} cannot be used: {NO_HOME}") from error
    try:
        place = folder / _key(photo_set, prepare)
        if not place.is_dir():
            _build(photo_set, prepare, place)
        index = json.loads((place / "index.json").read_text(encoding="utf-8"))
        count = len(index["readable"])
        shape = (count, *prepare.shape, prepare.channels)
        photos = _mapped(place / "photos.uint8", np.uint8, shape)
        outlines = _mapped(place / "outlines.int8", np.int8, (count, OUTLINE, OUTLINE))
        places = _mapped(place / "places.float64", np.float64, (count, 2, 3))
        bodies = _mapped(place / "bodies.float64", np.float64, (count, _BODY))
        facts = tuple(
            PhotoFacts(**{**fact, "border": tuple(fact["border"])}) for fact in index["facts"]
        )
    except (OSError, ValueError) as error:
        raise DataError(
            f"the photo cache in {folder} cannot be used: {error}; "
            "free some room or set paths.cache to another folder"
        ) from error
    located = np.array(index["located"], dtype=bool)
    readable = tuple(index["readable"])
    return PhotoCache(
        photos, readable, index["unreadable"], located, places, bodies, facts, outlines
    )


def fingerprint(hashes: tuple[str, ...], labels: tuple[str, ...]) -> str:
    """Identifies marked photos by content, whatever their order, names or place.

    Args:
        hashes: of the files.
        labels: category name of each, or its role in a split.

    Returns:
        16 hexadecimal digits.
    """
    lines = sorted(f"{content} {label}" for content, label in zip(hashes, labels, strict=True))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _key(photo_set: PhotoSet, prepare: Preparation) -> str:
    """Changes with the preparation, and when any file does: name, length or time of change."""
    digest = hashlib.sha256(f"{CACHE_VERSION} {prepare.key} {photo_set.root.resolve()}".encode())
    for index, name in enumerate(photo_set.names):
        stat = photo_set.path(index).stat()
        digest.update(f"\n{name} {stat.st_size} {stat.st_mtime_ns}".encode())
    return digest.hexdigest()[:24]


def _build(photo_set: PhotoSet, prepare: Preparation, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    scratch = place.with_name(f".building-{uuid4().hex}")
    scratch.mkdir()
    readable: list[int] = []
    located: list[bool] = []
    facts: list[dict[str, object]] = []
    unreadable: dict[str, str] = {}
    paths = [photo_set.path(index) for index in range(len(photo_set))]
    try:
        # Pillow, OpenCV and PyTorch release the interpreter's lock, so threads use every core.
        with (
            one_torch_thread(),  # each photo has a thread already
            ThreadPoolExecutor(os.cpu_count()) as pool,
            # Written as they come: pages of a map would count as this process's memory.
            (scratch / "photos.uint8").open("wb") as photos,
            (scratch / "outlines.int8").open("wb") as outlines,
            (scratch / "places.float64").open("wb") as places,
            (scratch / "bodies.float64").open("wb") as bodies,
        ):
            work = pool.map(partial(_read, prepare=prepare), paths)
            bar = tqdm(work, total=len(paths), desc="Decoding photos", leave=False, disable=None)
            for index, found in enumerate(bar):
                if isinstance(found, str):
                    unreadable[photo_set.names[index]] = found
                    continue
                prepared, lines, fact = found
                photos.write(prepared.photo.tobytes())
                outlines.write(lines.tobytes())
                places.write(np.asarray(prepared.place, np.float64).tobytes())
                body = _NO_BODY if prepared.body is None else astuple(prepared.body)
                bodies.write(np.array(body, np.float64).tobytes())
                readable.append(index)
                located.append(prepared.located)
                facts.append(asdict(fact))
        index_of = {"readable": readable, "unreadable": unreadable}
        index_text = json.dumps({**index_of, "located": located, "facts": facts})
        (scratch / "index.json").write_text(index_text, encoding="utf-8")
        try:
            scratch.replace(place)
        except OSError:
            if not place.is_dir():  # else another run has built the same cache meanwhile
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _read(path: Path, prepare: Preparation) -> tuple[Prepared, np.ndarray, PhotoFacts] | str:
    """The prepared photo, outline and facts, or why there are none."""
    try:
        encoded = path.read_bytes()
        photo = decode_photo(encoded)
        return prepare(photo), outline(photo), photo_facts(encoded, photo)
    except OSError as error:
        return error.strerror or str(error)
    except DataError as error:
        return str(error)


def _mapped(path: Path, kind: type, shape: tuple[int, ...]) -> np.ndarray:
    if shape[0] == 0:  # nothing cannot be mapped
        return np.empty(shape, dtype=kind)
    return mapped(path, kind, shape)
