"""Photos decoded and preprocessed once, kept in a memory-mapped file, with what their files tell.

Epochs then never wait for JPEG decoding, worker processes share the pages, and a photo that
cannot be read is known before training begins.
"""

import errno
import hashlib
import json
import logging
import math
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, astuple, dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from resistor_cls.data.geometry import OrientedBox
from resistor_cls.data.images.decode import decode_photo
from resistor_cls.data.images.files import image_errors, photo_bytes
from resistor_cls.data.images.mapped import mapped
from resistor_cls.data.images.metadata import (
    EDGE_DESCRIPTOR,
    ImageMetadata,
    edge_descriptor,
    grey_levels,
    image_metadata,
)
from resistor_cls.data.images.preprocessed import (
    ImagePreprocessing,
    PreprocessedImage,
    preprocess_photo,
)
from resistor_cls.data.images.threads import one_torch_thread
from resistor_cls.data.scratch import remove_left_over, scratch_folder
from resistor_cls.data.sources.photo_set import PhotoSet
from resistor_cls.errors import NO_HOME, DataError

CACHE_VERSION = 4  # counts changes of decoding, of preprocessing, of metadata and of the layout
_BODY = len(fields(OrientedBox))
_NO_BODY = (float("nan"),) * _BODY
_BUILDING = ".building-"  # begins the names of folders that are not a cache yet
_TRIES = 3  # where other processes build and discard the same cache
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# What reading a cache raises if a file of it is missing, truncated or something else. Permissions
# and failing disks are not among them: decoding anew would not help.
_DAMAGE = (
    FileNotFoundError, NotADirectoryError, IsADirectoryError, ValueError, LookupError, TypeError,
    AttributeError, RecursionError,
)  # fmt: skip

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PhotoCache:
    """The preprocessed photos of a set.

    Attributes:
        photos: (readable, rows, columns, channels) uint8, memory-mapped.
        readable: position in the `PhotoSet` of each cached photo.
        unreadable: file name → why it cannot be read.
        located: (readable,) bool, False where the body was looked for and not found.
        places: (readable, 2, 3) float64, memory-mapped: what each shows of the original; see
            `resistor_cls.data.images.preprocessed.PreprocessedImage`.
        bodies: (readable, 6) float64, memory-mapped: the values of the `OrientedBox` of each; nan
            where no body was found or looked for.
        metadata: of each cached photo.
        edge_descriptors: (readable, 64, 64) int8, memory-mapped; see
            `resistor_cls.data.images.metadata.edge_descriptor`.
    """

    photos: np.ndarray
    readable: tuple[int, ...]
    unreadable: dict[str, str]
    located: np.ndarray
    places: np.ndarray
    bodies: np.ndarray
    metadata: tuple[ImageMetadata, ...]
    edge_descriptors: np.ndarray

    @property
    def contents(self) -> tuple[str, ...]:
        """Hash of the file of each cached photo."""
        return tuple(image.content for image in self.metadata)

    @property
    def pixel_hashes(self) -> tuple[str, ...]:
        """Pixel hash of each cached photo."""
        return tuple(image.pixel_hash for image in self.metadata)

    def body(self, index: int) -> OrientedBox | None:
        """Where the body was found in a preprocessed photo, in its pixels."""
        values = self.bodies[index].tolist()
        return None if np.isnan(values).any() else OrientedBox(*values)


def open_cache(photo_set: PhotoSet, preprocess: ImagePreprocessing, folder: Path) -> PhotoCache:
    """Opens the preprocessed photos of a set; decodes and preprocesses what is not cached.

    Args:
        photo_set: the photos.
        preprocess: what is done to each photo.
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
        remove_left_over(folder, _BUILDING)
        place = folder / _key(photo_set, preprocess)
        for _ in range(_TRIES):
            if not place.is_dir():
                _build(photo_set, preprocess, place)
            try:
                return _opened(place, len(photo_set), preprocess)
            except _DAMAGE as error:
                log.warning(
                    "the photo cache %s is damaged (%s): the photos are decoded anew",
                    place, str(error) or type(error).__name__,
                )  # fmt: skip
                _discard(place)
    except OSError as error:
        remedy = "free some room or " if error.errno in _FULL else ""
        raise DataError(
            f"the photo cache in {folder} cannot be used: {error}; "
            f"{remedy}set paths.cache to another folder"
        ) from error
    raise DataError(
        f"the photo cache in {folder} cannot be used: what was written cannot be read; "
        "set paths.cache to another disk"
    )


def _opened(place: Path, count: int, preprocess: ImagePreprocessing) -> PhotoCache:
    """Opens what `_build` has written.

    Args:
        place: the folder.
        count: how many photos the set has.
        preprocess: what was done to each photo.

    Raises:
        OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError: a file that is
            missing, truncated or something else: see `_DAMAGE`.
    """
    index = json.loads((place / "index.json").read_text(encoding="utf-8"))
    readable, unreadable = tuple(index["readable"]), dict(index["unreadable"])
    located = np.array(index["located"], dtype=bool)
    metadata = tuple(_metadata_of(row) for row in index["facts"])
    kept = len(readable)
    if not kept == len(located) == len(metadata) or kept + len(unreadable) != count:
        raise ValueError(f"index.json tells of {kept} photos, not of {count}")
    if any(type(i) is not int for i in readable) or readable != tuple(
        sorted(set(readable) & set(range(count)))
    ):
        raise ValueError("index.json names photos that there are not")
    shape = (kept, *preprocess.shape, preprocess.channels)
    return PhotoCache(
        _mapped(place / "photos.uint8", np.uint8, shape),
        readable,
        unreadable,
        located,
        _mapped(place / "places.float64", np.float64, (kept, 2, 3)),
        _mapped(place / "bodies.float64", np.float64, (kept, _BODY)),
        metadata,
        _mapped(place / "outlines.int8", np.int8, (kept, EDGE_DESCRIPTOR, EDGE_DESCRIPTOR)),
    )


def _metadata_of(row: dict[str, Any]) -> ImageMetadata:
    """Metadata of a photo from a row of `index.json`, where the pixel hash is called `pixels`."""
    values = dict(row)
    pixel_hash, border = values.pop("pixels"), tuple(values.pop("border"))
    return ImageMetadata(pixel_hash=pixel_hash, border=border, **values)


def _row_of(metadata: ImageMetadata) -> dict[str, Any]:
    """The inverse of `_metadata_of`."""
    values = asdict(metadata)
    return {"pixels": values.pop("pixel_hash"), **values}


def _discard(place: Path) -> None:
    """Removes a damaged cache; another process may do so at the same time, or map its files."""
    with scratch_folder(place.parent, _BUILDING) as scratch, suppress(FileNotFoundError):
        place.rename(scratch / place.name)


def fingerprint(hashes: tuple[str, ...], labels: tuple[str, ...]) -> str:
    """Identifies labelled photos by content, whatever their order, names or place.

    Args:
        hashes: of the files.
        labels: category name of each, or its role in a split.

    Returns:
        16 hexadecimal digits.
    """
    lines = sorted(f"{content} {label}" for content, label in zip(hashes, labels, strict=True))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _key(photo_set: PhotoSet, preprocess: ImagePreprocessing) -> str:
    """Changes with the preprocessing, and with any file: name, length or time of change."""
    digest = hashlib.sha256(f"{CACHE_VERSION} {preprocess.key} {photo_set.root.resolve()}".encode())
    for index, name in enumerate(photo_set.names):
        path = photo_set.path(index)
        try:
            stat = path.stat()
        except OSError as error:
            raise DataError(
                f"{path}: {error.strerror or error}: it was listed a moment ago; run again when "
                "nothing changes the photos"
            ) from error
        digest.update(f"\n{name} {stat.st_size} {stat.st_mtime_ns}".encode())
    return digest.hexdigest()[:24]


def _build(photo_set: PhotoSet, preprocess: ImagePreprocessing, place: Path) -> None:
    """Decodes and preprocesses all photos, and puts the cache at `place` in one step.

    Raises:
        OSError: it cannot be written; nothing of it stays.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    readable: list[int] = []
    located: list[bool] = []
    metadata: list[dict[str, object]] = []
    unreadable: dict[str, str] = {}
    paths = [photo_set.path(index) for index in range(len(photo_set))]
    with scratch_folder(place.parent, _BUILDING) as scratch:
        built = scratch / "built"
        built.mkdir()
        # Pillow, OpenCV and PyTorch release the interpreter's lock, so threads use every core.
        with (
            one_torch_thread(),  # each photo has a thread already
            ThreadPoolExecutor(os.cpu_count()) as pool,
            # Written as they come: pages of a map would count as this process's memory.
            (built / "photos.uint8").open("wb") as photos,
            (built / "outlines.int8").open("wb") as edge_descriptors,
            (built / "places.float64").open("wb") as places,
            (built / "bodies.float64").open("wb") as bodies,
        ):
            work = pool.map(partial(_read, preprocess=preprocess), paths)
            progress = tqdm(
                work, total=len(paths), desc="Decoding photos", leave=False, disable=None
            )
            for index, found in enumerate(progress):
                if isinstance(found, str):
                    unreadable[photo_set.names[index]] = found
                    continue
                image, descriptor, tags = found
                photos.write(image.photo.tobytes())
                edge_descriptors.write(descriptor.tobytes())
                places.write(np.asarray(image.place, np.float64).tobytes())
                body = _NO_BODY if image.body is None else astuple(image.body)
                bodies.write(np.array(body, np.float64).tobytes())
                readable.append(index)
                located.append(image.located)
                metadata.append(_row_of(tags))
        index_of = {"readable": readable, "unreadable": unreadable}
        index_text = json.dumps({**index_of, "located": located, "facts": metadata})
        (built / "index.json").write_text(index_text, encoding="utf-8")
        if place.is_file():  # a file is not a cache
            place.unlink()
        try:
            built.replace(place)
        except OSError:
            if not place.is_dir():  # else another run has built the same cache meanwhile
                raise


def _read(
    path: Path, preprocess: ImagePreprocessing
) -> tuple[PreprocessedImage, np.ndarray, ImageMetadata] | str:
    """The preprocessed photo, its edge descriptor and its metadata, or why there are none."""
    try:
        encoded = photo_bytes(path)
        photo = decode_photo(encoded)
        image = preprocess_photo(photo, preprocess)
        with image_errors("measured"):
            grey = grey_levels(photo)
            return image, edge_descriptor(grey), image_metadata(encoded, photo, grey)
    except OSError as error:
        return error.strerror or str(error)
    except DataError as error:
        return str(error)


def _mapped(path: Path, kind: type, shape: tuple[int, ...]) -> np.ndarray:
    """An array in a file.

    Raises:
        OSError: no such file.
        ValueError: it is longer or shorter than the array.
    """
    wanted, found = math.prod(shape) * np.dtype(kind).itemsize, path.stat().st_size
    if found != wanted:
        raise ValueError(f"{path.name} has {found:,} bytes, not {wanted:,}")
    if shape[0] == 0:  # nothing cannot be mapped
        return np.empty(shape, dtype=kind)
    return mapped(path, kind, shape)
