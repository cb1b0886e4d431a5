"""Training photos in shards: some large files instead of millions of small ones.

The files of photos are kept as they are, 64 MB of them a shard, in a random order, so that a shard
holds photos of all categories. litdata reads them: shuffled, divided among processes and workers,
and continued from where a checkpoint stopped. Nothing is
cached. A photo is decoded, preprocessed and augmented each time that it is read.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, default_collate

from resistor_cls.categories import Categories
from resistor_cls.data.augment.augmentation import Augmentation
from resistor_cls.data.dataset import UNLISTED, RepeatableDraws
from resistor_cls.data.images.decode import decode_photo
from resistor_cls.data.images.files import photo_bytes
from resistor_cls.data.images.preprocessed import ImagePreprocessing, preprocess_photo
from resistor_cls.errors import ConfigError, DataError

if TYPE_CHECKING:
    from resistor_cls.data.sources.photo_set import PhotoSet

SUMMARY = "photos.json"  # beside the shards: what is in them
SHARD_BYTES = "64MB"  # litdata's usual size: a few seconds of a disk or of a network


def write_shards(photo_set: "PhotoSet", folder: Path) -> None:
    """Writes the photos of a set as shards.

    Args:
        photo_set: as a source reads it.
        folder: of the shards; it must not exist, or be empty.

    Raises:
        ConfigError: litdata is not installed.
        DataError: a photo that cannot be read, or a folder that is not empty.
    """

    def read(index: int) -> bytes:
        return photo_bytes(photo_set.path(index))

    write_items(read, photo_set.targets, photo_set.categories, folder)


def write_items(
    read: Callable[[int], bytes],
    targets: Sequence[int],
    categories: Categories,
    folder: Path,
    *,
    shard_bytes: str = SHARD_BYTES,
) -> None:
    """Writes photos from anywhere as shards; see `write_shards`.

    Args:
        read: the encoded bytes of a photo, by its position.
        targets: class index of each photo.
        categories: the label space.
        folder: of the shards.
        shard_bytes: size of a shard, such as `64MB`.
    """
    if folder.is_dir() and any(folder.iterdir()):
        raise DataError(f"{folder} is not empty: expected a new folder for shards")
    classes = np.asarray(targets, dtype=np.int64)
    shards = litdata().streaming.Cache(str(folder), chunk_bytes=shard_bytes)
    order = np.random.default_rng(0).permutation(len(classes)).tolist()
    for place, index in enumerate(order):
        shards[place] = {"photo": read(index), "target": int(classes[index]), "index": index}
    shards.done()
    shards.merge()
    counts = np.bincount(classes, minlength=len(categories)).tolist()
    summary = {"categories": list(categories.names), "counts": counts}
    (folder / SUMMARY).write_text(json.dumps(summary), encoding="utf-8")


@dataclass(frozen=True)
class Shards:
    """A folder of shards.

    Attributes:
        folder: that holds them.
        categories: the label space of the photos.
        counts: photos of each category.
    """

    folder: Path
    categories: Categories
    counts: tuple[int, ...]

    def require(self, categories: Categories) -> None:
        """Compares the label space with that of the validation photos.

        Raises:
            DataError: they differ; names the first difference.
        """
        own, other = self.categories.names, categories.names
        if own == other:
            return
        place = next((i for i, (a, b) in enumerate(zip(own, other, strict=False)) if a != b), None)
        what = (
            f"has {len(own)} categories, the validation photos {len(other)}"
            if place is None
            else f"has {own[place]!r} as category {place}, the validation photos {other[place]!r}"
        )
        raise DataError(
            f"data.shards={self.folder} {what}: write the shards with the same data.categories, or "
            "choose other validation photos"
        )


def open_shards(folder: str | Path) -> Shards:
    """Opens a folder that `write_shards` has written.

    Raises:
        DataError: it is not one.
    """
    path = Path(folder).expanduser().absolute()
    try:
        summary = json.loads((path / SUMMARY).read_text(encoding="utf-8"))
        return Shards(path, Categories(summary["categories"]), tuple(summary["counts"]))
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise DataError(
            f"data.shards={path} has no usable {SUMMARY} ({error}): expected a folder that "
            "resistor_cls.data.shards.write_shards has written"
        ) from error


class ShardedPhotos(Dataset[dict[str, Tensor]]):
    """The training photos of some shards.

    An item holds `photos` (channels, height, width) uint8, `targets` () int64 and `indices` ()
    int64, always `UNLISTED`.

    Args:
        shards: that hold them.
        preprocess: what is done to each photo.
        augmentation: changes each item at random.
    """

    def __init__(
        self, shards: Shards, preprocess: ImagePreprocessing, augmentation: Augmentation
    ) -> None:
        self._shards, self._preprocess = shards, preprocess
        self._augmentation = augmentation

    def __len__(self) -> int:
        return sum(self._shards.counts)

    def __getitem__(self, item: int) -> dict[str, Tensor]:
        """One of the photos, as a sample: it is slow, as a whole shard is read."""
        return self.item(self._samples[item])

    @cached_property
    def _samples(self) -> Any:
        return litdata().StreamingDataset(str(self._shards.folder))

    def item(self, stored: dict[str, Any]) -> dict[str, Tensor]:
        """An item from what a shard holds of it."""
        decoded = decode_photo(bytes(stored["photo"]))
        photo = self._augmentation(preprocess_photo(decoded, self._preprocess).photo)
        return {
            "photos": torch.from_numpy(np.ascontiguousarray(photo)).permute(2, 0, 1),
            "targets": torch.tensor(int(stored["target"])),
            "indices": torch.tensor(UNLISTED),
        }

    def loader(self, batch_size: int, seed: int, **options: Any) -> DataLoader[dict[str, Tensor]]:
        """Shuffled batches; its state, which Lightning keeps in checkpoints, resumes an epoch.

        Args:
            batch_size: photos per batch.
            seed: of the order, and of the augmentation of each photo.
            **options: of a `DataLoader`.
        """
        library = litdata()
        photos = library.StreamingDataset(str(self._shards.folder), shuffle=True, seed=seed)
        photos.transform = _Items(self, photos, RepeatableDraws(seed, len(self)))
        loader: DataLoader[dict[str, Tensor]] = library.StreamingDataLoader(
            photos, batch_size=batch_size, collate_fn=default_collate, **options
        )
        return loader


@dataclass
class _Items:
    """Makes an item of what a shard holds, with draws of the epoch that the reader is in."""

    photos: ShardedPhotos
    reader: Any
    draws: RepeatableDraws

    def __call__(self, stored: dict[str, Any]) -> dict[str, Tensor]:
        with self.draws.of(self.reader.current_epoch, int(stored["index"])):
            return self.photos.item(stored)


def litdata() -> Any:
    """The library that reads and writes shards.

    Raises:
        ConfigError: it is not installed.
    """
    try:
        import litdata as library
    except ModuleNotFoundError as error:
        raise ConfigError(
            "data.shards needs litdata, which is not installed: pip install 'resistor_cls[shards]'"
        ) from error
    return library
