"""Labelled photos as batches for a Lightning trainer."""

import logging
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from lightning import LightningDataModule
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from resistor_cls.categories import Categories
from resistor_cls.data.augmentation import Augmentation
from resistor_cls.data.boxes import Box, read_boxes
from resistor_cls.data.cache import PhotoCache, fingerprint, open_cache
from resistor_cls.data.captures import bursts
from resistor_cls.data.facts import PhotoFacts
from resistor_cls.data.folds import Split, check_fold, check_split, split_photos, split_table
from resistor_cls.data.photos import Preparation, Shrink
from resistor_cls.data.sources import (
    MOST_LISTED,
    PhotoSet,
    absolute,
    check_source,
    read_source,
)
from resistor_cls.errors import ConfigError, DataError, nearest

log = logging.getLogger(__name__)

UNKNOWN = -1  # target of a photo of none of the categories
SUBSETS = ("validation", "train", "all")
MOST_WORKERS = 8  # soft augmentation of 224 px photos: 8 processes outrun any one GPU's training


class Body(NamedTuple):
    """What is known of the body in a prepared photo.

    Attributes:
        pixels: (rows, columns) bool; all False where the photo does not show it.
        known_by: `box` where someone has drawn a box round it, `locator` where only a preparation
            found it and may have erred.
    """

    pixels: np.ndarray
    known_by: str


class PhotoDataset(Dataset[dict[str, Tensor]]):
    """Some of the cached photos.

    An item holds `photos` (3, height, width) uint8, `targets` () int64 and `indices` () int64,
    the position in the data module's `photo_set`.
    """

    def __init__(
        self,
        photos: np.ndarray,
        targets: np.ndarray,
        indices: np.ndarray,
        augmentation: Augmentation | None = None,
    ) -> None:
        self._photos, self._targets, self._indices = photos, targets, indices
        self._augmentation = augmentation

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, item: int) -> dict[str, Tensor]:
        index = int(self._indices[item])
        photo = np.array(self._photos[index])  # a copy: the map behind it is read-only
        if self._augmentation is not None:
            photo = self._augmentation(photo)
        return {
            "photos": torch.from_numpy(photo).permute(2, 0, 1),
            "targets": torch.tensor(self._targets[index]),
            "indices": torch.tensor(index),
        }


# What trains in the place of photos: made of the label space, of the rows and columns of an item,
# and of what changes items at random. A target below 0 is of no category.
Stream = Callable[[Categories, tuple[int, int], Augmentation], Dataset[dict[str, Tensor]]]


class PhotoDataModule(LightningDataModule):
    """Reads, checks, splits and batches labelled photos.

    Args:
        root: folder of the photos.
        source: `folder`, `table`, `rendered` or `resistor37`; see `resistor_cls.data.sources`.
        image_size: longer side in pixels that photos are kept and batched at.
        prepare: makes of each photo what is kept and batched, as the model says that is to see it;
            its size then takes the place of `image_size`. By default photos are resized.
        batch_size: photos a batch.
        split: how photos are dealt into folds: `stratified`, `grouped`, `capture`, `background`,
            `camera`, or the table of an earlier split; see `resistor_cls.data.folds`.
        folds: number of folds.
        fold: the one that validates.
        split_seed: of the dealing; apart from the training seed, so that several seeds are
            compared on the same validation photos.
        gap: photos on either side of the validated block that `capture` drops.
        augment: albumentations transforms for training, in order (or named, as a mapping).
        drop_last: leave the last, smaller batch of a training epoch out.
        skip_unreadable: go on without photos that cannot be read.
        subset: photos of the test batches: `validation`, `train` or `all`.
        stream: trains on what it makes, such as crops that are drawn meanwhile; then all of the
            photos validate.
        workers: processes that augment; `auto` is half of the cores, at most 8.
        cache: folder of decoded photos.
        **options: more arguments of the source, such as `table` or `per_category`.

    Attributes:
        prepare: the preparation.
        stream: what trains in the place of photos, or None.
        workers: processes that augment.
        photo_set: the readable photos (after `setup`).
        targets: (photos,) class index of each; after `adopt` a model's, `UNKNOWN` where it is none.
        located: (photos,) bool, whether the body of each was found; None where nobody looked.
        places: (photos, 2, 3) float64, what each shows of its original; see
            `resistor_cls.data.photos.Prepared`.
        facts: what the file of each photo tells.
        outlines: (photos, 64, 64) int8; see `resistor_cls.data.facts.outline`.
        split: which photos train and which validate.
        unreadable: file name → why it was left out.
        fingerprint: identifies the labelled photos by content.
        split_fingerprint: identifies, by content, which photos train and which validate.

    Raises:
        ConfigError: an argument that cannot be used.
        DataError: from `setup`, photos that cannot be used.
    """

    photo_set: PhotoSet
    targets: np.ndarray
    located: np.ndarray | None
    places: np.ndarray
    facts: tuple[PhotoFacts, ...]
    outlines: np.ndarray
    split: Split
    unreadable: Mapping[str, str]
    fingerprint: str
    split_fingerprint: str

    def __init__(
        self,
        root: str | Path | None,
        source: str = "folder",
        *,
        image_size: int = 224,
        prepare: Preparation | None = None,
        batch_size: int = 32,
        split: str = "stratified",
        folds: int = 5,
        fold: int = 0,
        split_seed: int = 0,
        gap: int = 3,
        augment: Sequence[Any] | Mapping[str, Any] = (),
        drop_last: bool = True,
        skip_unreadable: bool = False,
        subset: str = "validation",
        stream: Stream | None = None,
        workers: int | str = "auto",
        cache: str | Path = "~/.cache/resistor_cls",
        **options: Any,
    ) -> None:
        super().__init__()
        steps = list(augment.values()) if isinstance(augment, Mapping) else list(augment)
        self._augmentation = Augmentation([step for step in steps if step is not None])
        self._options = absolute({"root": root, **options})
        self.prepare = Shrink(image_size) if prepare is None else prepare
        # Plain values: saved with a model, they are enough to find its validation photos again.
        self.settings: dict[str, Any] = {
            "source": source,
            "image_size": self.prepare.size,
            "batch_size": batch_size,
            "split": str(Path(split).expanduser().absolute()) if split.endswith(".csv") else split,
            "folds": folds,
            "fold": fold,
            "split_seed": split_seed,
            "gap": gap,
            "drop_last": drop_last,
            "skip_unreadable": skip_unreadable,
            **{
                key: str(value) if isinstance(value, Path) else value
                for key, value in self._options.items()
            },
        }
        self._check(subset, workers)
        check_source(source, self._options)
        self._cache_folder = Path(cache)
        self.stream = stream
        self.workers = max(1, min(MOST_WORKERS, (os.cpu_count() or 1) // 2))
        if workers != "auto":
            self.workers = int(workers)
        self._subset = subset
        self._cache: PhotoCache | None = None

    def _check(self, subset: str, workers: int | str) -> None:
        given = self.settings
        for key, least in (("image_size", 1), ("batch_size", 1), ("gap", 0)):
            if given[key] < least:
                raise ConfigError(f"data.{key}={given[key]}: expected {least} or more")
        check_split(given["split"])
        if subset not in SUBSETS:
            raise ConfigError(f"subset={subset}: {nearest(subset, SUBSETS)}")
        if workers != "auto" and not (isinstance(workers, int) and workers >= 0):
            raise ConfigError(f"data.workers={workers}: expected auto, 0 or more")
        check_fold(given["fold"], given["folds"])

    @property
    def categories(self) -> Categories:
        """The label space of the photos (after `setup`)."""
        return self.photo_set.categories

    @property
    def train_indices(self) -> np.ndarray:
        """Positions in `photo_set` of the training photos."""
        return np.flatnonzero(self.split.role_of == "train")

    @property
    def test_indices(self) -> np.ndarray:
        """Positions in `photo_set` of the photos that `test_dataloader` gives."""
        return self._chosen[self.targets[self._chosen] >= 0]

    @property
    def unknown_indices(self) -> np.ndarray:
        """Positions of the photos of `subset` that show none of the categories that are judged."""
        return self._chosen[self.targets[self._chosen] < 0]

    @property
    def _chosen(self) -> np.ndarray:
        """Positions of the photos of `subset`."""
        if self._subset == "all":
            return np.arange(len(self.photo_set))
        if self._subset == "train":
            return self.train_indices
        return self.validation_indices

    @property
    def validation_indices(self) -> np.ndarray:
        """Positions in `photo_set` of the validation photos."""
        return np.flatnonzero(self.split.role_of == "validation")

    @cached_property
    def bursts(self) -> np.ndarray:
        """(photos,) number of the burst that each was taken in.

        Where no photo says when it was taken, as drawn ones do not, each stands for itself.
        """
        if not any(fact.taken for fact in self.facts):
            return np.arange(len(self.facts))
        return bursts(self.photo_set, self.facts)

    def adopt(self, categories: Categories, allow: Collection[str] = ()) -> None:
        """Counts targets as a model does (after `setup`).

        Args:
            categories: the model's.
            allow: `subset` if the photos may lack categories of the model; `unknown` if they may
                have others, whose photos are then `unknown_indices` and no test photos.

        Raises:
            DataError: the categories differ otherwise; the first difference is named.
        """
        own = self.categories.names
        lacking, further = set(categories.names) - set(own), set(own) - set(categories.names)
        allowed = ("subset" in allow or not lacking) and ("unknown" in allow or not further)
        if not (allowed and allow):
            remedy = " and ".join(
                [
                    f"--allow {word}"
                    for word, found in (("subset", lacking), ("unknown", further))
                    if found
                ]
            )
            try:
                categories.require(own, f"the photos in {self.photo_set.root}")
            except DataError as error:
                raise DataError(
                    f"{error}; {remedy} judges them all the same" if remedy else str(error)
                ) from None
        place = {name: index for index, name in enumerate(categories.names)}
        known = np.array([place.get(name, UNKNOWN) for name in own])
        self.targets = known[np.asarray(self.photo_set.targets)]
        if not len(self.test_indices):
            raise DataError(
                f"none of the photos in {self.photo_set.root} is of a category of the model, such "
                f"as {categories.names[0]!r}"
            )

    def split_table(self) -> pd.DataFrame:
        """The split as a table that `split` takes again: a row per photo."""
        return split_table(self.split, self.photo_set, self.facts)

    def trained_on(self) -> list[str]:
        """The pictures that train, as `PhotoFacts.pixels`.

        Kept with a model, they tell later whether it is judged on photos that it learned from.
        """
        return sorted({self.facts[index].pixels for index in self.train_indices})

    def seen(self, trained_on: Collection[str]) -> int:
        """How many photos of the test batches are among pictures that a model has trained on."""
        known = set(trained_on)
        return sum(self.facts[index].pixels in known for index in self.test_indices)

    def photo(self, index: int) -> np.ndarray:
        """A photo of `photo_set` at the size that it is kept at: (rows, columns, 3) uint8 RGB."""
        return np.array(self._opened().photos[index])

    def body(self, index: int) -> Body | None:
        """Which pixels of `photo(index)` show the body; None where nobody knows.

        A whole photo has those of the upright box; a crop has those of the body, which
        lies level there while the box may be drawn aslant.

        Raises:
            DataError: a `boxes.csv` that cannot be read.
        """
        found, place, shape = self._opened().body(index), self.places[index], self.prepare.shape
        box = self._boxes.get(self.photo_set.names[index])
        if box is None:
            return None if found is None else Body(found.pixels(shape), "locator")
        if found is None:
            return Body(box.pixels(place, shape), "box")
        return Body(box.body(place, shape, found.width / found.length).pixels(shape), "box")

    @cached_property
    def _boxes(self) -> dict[str, Box]:
        return read_boxes(self.photo_set.root)

    @property
    def train_dataset(self) -> Dataset[dict[str, Tensor]]:
        """What training batches are made of; its items are changed at random."""
        if self.stream is not None:
            return self.stream(self.categories, self.prepare.shape, self._augmentation)
        return self._dataset(self.train_indices, self._augmentation)

    @property
    def train_length(self) -> int:
        """Items of a training epoch."""
        return len(self.train_dataset)  # type: ignore[arg-type]

    def prepare_data(self) -> None:
        """Draws, fetches and decodes what is absent; called on one process only."""
        if self._cache is None:  # else `setup` has been called before the trainer's
            self._open()

    def setup(self, stage: str | None = None) -> None:
        """Finds, checks and splits the photos; doing it again changes nothing."""
        if self._cache is not None:
            return
        found, cache = self._open()
        self.photo_set = found.select(cache.readable)
        self.unreadable = cache.unreadable
        self.targets = np.asarray(self.photo_set.targets)
        self.facts, self.outlines = cache.facts, cache.outlines
        self.located = cache.located if self.prepare.locates else None
        self.places = cache.places
        if self._subset == "all" or self.stream is not None:  # nothing is split: all are judged
            count = len(self.photo_set)
            self.split = Split(np.full(count, "validation"), np.zeros(count, dtype=int))
        else:
            given = self.settings
            self.split = split_photos(
                given["split"],
                self.photo_set,
                cache.facts,
                cache.outlines,
                folds=given["folds"],
                fold=given["fold"],
                seed=given["split_seed"],
                gap=given["gap"],
            )
        contents = tuple(fact.content for fact in cache.facts)
        self.fingerprint = fingerprint(contents, self.photo_set.labels)
        self.split_fingerprint = fingerprint(contents, tuple(self.split.role_of))
        self._cache = cache

    def _open(self) -> tuple[PhotoSet, PhotoCache]:
        found = read_source(self.settings["source"], self._options)
        cache = open_cache(found, self.prepare, self._cache_folder)
        if cache.unreadable and not self.settings["skip_unreadable"]:
            shown = [
                f"{name} ({why})" for name, why in list(cache.unreadable.items())[:MOST_LISTED]
            ]
            rest = len(cache.unreadable) - len(shown)
            problems = "\n  ".join(shown) + (f"\n  and {rest} more" if rest else "")
            raise DataError(
                f"{len(cache.unreadable)} of {len(found)} photos cannot be read in {found.root}: "
                "repair or remove them, or go on without them by data.skip_unreadable=true\n"
                f"  {problems}"
            )
        return found, cache

    def train_dataloader(self) -> DataLoader[dict[str, Tensor]]:
        """Shuffled, augmented batches of the training photos.

        Raises:
            ConfigError: no batch can be filled.
        """
        dataset, count, batch = self.train_dataset, self.train_length, self.settings["batch_size"]
        if self.settings["drop_last"] and count < batch:
            raise ConfigError(
                f"data.batch_size={batch} is more than the {count} training photos: "
                "lower it, or set data.drop_last=false"
            )
        return self._loader(
            dataset,
            shuffle=True,
            drop_last=self.settings["drop_last"],
            num_workers=self.workers,
            persistent_workers=self.workers > 0,
        )

    def val_dataloader(self) -> DataLoader[dict[str, Tensor]]:
        """Batches of the validation photos, in order, as they are."""
        return self._loader(self._dataset(self.validation_indices))

    def test_dataloader(self) -> DataLoader[dict[str, Tensor]]:
        """Batches of the photos of `subset`, in order, as they are."""
        return self._loader(self._dataset(self.test_indices))

    def _opened(self) -> PhotoCache:
        self.setup()
        assert self._cache is not None
        return self._cache

    def _dataset(
        self, indices: np.ndarray, augmentation: Augmentation | None = None
    ) -> PhotoDataset:
        photos = self._opened().photos
        return PhotoDataset(photos, self.targets, indices, augmentation)

    def _loader(
        self, dataset: Dataset[dict[str, Tensor]], **how: Any
    ) -> DataLoader[dict[str, Tensor]]:
        return DataLoader(
            dataset,
            batch_size=self.settings["batch_size"],
            pin_memory=torch.cuda.is_available(),
            **how,
        )
