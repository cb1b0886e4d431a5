"""Labelled photos as batches for a Lightning trainer."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from lightning import LightningDataModule
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from resistor_cls.categories import Categories
from resistor_cls.data.augment.augmentation import Augmentation
from resistor_cls.data.dataset import (
    UNKNOWN,
    EpochSampler,
    Mixing,
    PhotoDataset,
    Repeatable,
    with_pseudo,
)
from resistor_cls.data.images.cache import PhotoCache, fingerprint
from resistor_cls.data.images.decode import ImagePreprocessing, Resize
from resistor_cls.data.images.metadata import ImageMetadata
from resistor_cls.data.known_bodies import Body, boxes_of, known_body
from resistor_cls.data.label_alignment import aligned_targets
from resistor_cls.data.online_generator import OnlineGenerator, check_online_generator
from resistor_cls.data.pseudo_labels import NO_TABLE, PseudoLabels, PseudoPhotos, pseudo_photos
from resistor_cls.data.sources.boxes import Box
from resistor_cls.data.sources.loading import load_photos
from resistor_cls.data.sources.sources import PhotoSet, absolute, check_source
from resistor_cls.data.sources.walk import log_left_out
from resistor_cls.data.splits.captures import bursts
from resistor_cls.data.splits.config import SplitConfig
from resistor_cls.data.splits.external import ExternalSplits
from resistor_cls.data.splits.folds import Split, split_table
from resistor_cls.data.splits.overlap import copies_across
from resistor_cls.data.workers import worker_count, workers_that_fit
from resistor_cls.errors import ConfigError, DataError, nearest, plain_without_passwords

__all__ = ["UNKNOWN", "Body", "OnlineGenerator", "PhotoDataModule", "PhotoDataset"]

SUBSETS = ("validation", "train", "test", "all")


class PhotoDataModule(LightningDataModule):
    """Reads, checks, splits and batches labelled photos.

    Args:
        root: folder of the photos.
        source: `folder`, `table`, `rendered` or `resistor37`; see
            `resistor_cls.data.sources`.
        image_size: longer side in pixels that photos are kept and batched at, or their rows and
            columns.
        prepare: makes of each photo what is kept and batched, as the model says that is to see it;
            its size then takes the place of `image_size`. By default photos are resized.
        batch_size: photos a batch.
        split: how photos are dealt into folds: `stratified`, `grouped`, `capture`, `background`,
            `camera`, or the table of an earlier split; see `resistor_cls.data.splits.folds`.
        folds: number of folds.
        fold: the one that validates.
        split_seed: of the dealing; apart from the training seed, so that several seeds are
            compared on the same validation photos.
        gap: photos on either side of the validated block that `capture` drops.
        validation_size: share of the photos that validates, in the place of a fold; None for folds.
        validation: photos that validate, so that all others train: a folder of categories, or a
            `.csv`, `.parquet` or `.pq` table.
        test: photos that neither train nor validate, likewise.
        sample: share of the photos that is used, drawn from each category and role; for a quick
            look.
        sample_of: what is drawn from: `train`, `validation` or `both`.
        train_on_validation: validation photos train too, as those do that `capture` dropped: for
            the final model, whose validation scores say nothing any more.
        augment: albumentations transforms for training, in order (or named, as a mapping).
        drop_last: leave the last, smaller batch of a training epoch out.
        skip_unreadable: go on without photos that cannot be read.
        subset: photos of the test batches: `validation`, `train`, `test` or `all`.
        stream: trains on what it makes, such as crops that are drawn meanwhile; then all of the
            photos validate.
        pseudo: photos that a model has labelled; they train too.
        mix: mixes the photos of each training batch, after it came to its device.
        workers: processes that augment; `auto` is half of the cores, at most 8, and fewer where
            shared memory is small. Their number changes no result.
        cache: folder of decoded photos.
        **options: more arguments of the source, such as `table` or `per_category`.

    Attributes:
        prepare: the preparation.
        batch_size: photos a batch; may be changed at any time.
        subset: see above; `validation`, `train` and `test` may take turns after `setup`.
        stream: what trains in the place of photos, or None.
        pseudo: see above; may be set before `setup`.
        mix: see above.
        workers: processes that augment.
        photo_set: the readable photos (after `setup`).
        targets: (photos,) class index of each; after `align_labels` a model's, `UNKNOWN`
            where it is none.
        located: (photos,) bool, whether the body of each was found; None where nobody looked.
        places: (photos, 2, 3) float64, what each shows of its original; see
            `resistor_cls.data.images.decode.PreprocessedImage`.
        metadata: what the file of each photo tells.
        edge_descriptors: (photos, 64, 64) int8; see
            `resistor_cls.data.images.metadata.edge_descriptor`.
        split: which photos train and which validate.
        pseudo_photos: the pseudo-labelled photos, or None.
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
    metadata: tuple[ImageMetadata, ...]
    edge_descriptors: np.ndarray
    split: Split
    pseudo_photos: PseudoPhotos | None = None
    unreadable: Mapping[str, str]
    fingerprint: str
    split_fingerprint: str

    def __init__(
        self,
        root: str | Path | None,
        source: str = "folder",
        *,
        image_size: int | Sequence[int] = 224,
        prepare: ImagePreprocessing | None = None,
        batch_size: int = 32,
        split: str = "stratified",
        folds: int = 5,
        fold: int = 0,
        split_seed: int = 0,
        gap: int = 3,
        validation_size: float | None = None,
        validation: str | Path | None = None,
        test: str | Path | None = None,
        sample: float = 1.0,
        sample_of: str = "both",
        train_on_validation: bool = False,
        augment: Sequence[Any] | Mapping[str, Any] = (),
        drop_last: bool = True,
        skip_unreadable: bool = False,
        subset: str = "validation",
        stream: OnlineGenerator | None = None,
        pseudo: PseudoLabels | None = None,
        mix: Mixing | None = None,
        workers: int | str = "auto",
        cache: str | Path = "~/.cache/resistor_cls",
        **options: Any,
    ) -> None:
        super().__init__()
        augment = augment or ()
        steps = list(augment.values()) if isinstance(augment, Mapping) else list(augment)
        self._augmentation = Augmentation([step for step in steps if step is not None])
        self._options = absolute({"root": root, **options})
        self.prepare = Resize(image_size) if prepare is None else prepare
        self._augmentation.check(self.prepare.shape, self.prepare.channels)
        self.batch_size = batch_size
        self._split_config = SplitConfig(
            split=split,
            folds=folds,
            fold=fold,
            split_seed=split_seed,
            gap=gap,
            validation_size=validation_size,
            validation=None if validation is None else str(validation),
            test=None if test is None else str(test),
            sample=sample,
            sample_of=sample_of,
            train_on_validation=train_on_validation,
        ).absolute()
        self._settings: dict[str, Any] = {
            "source": source,
            "image_size": self.prepare.size,
            "drop_last": drop_last,
            "skip_unreadable": skip_unreadable,
            **asdict(self._split_config),
            **{
                key: str(value) if isinstance(value, Path) else value
                for key, value in self._options.items()
            },
        }
        self._check(subset)
        self.workers, self._workers_fixed = worker_count(workers), workers != "auto"
        check_source(source, self._options)
        self._cache_folder = Path(cache)
        self.stream, self.pseudo, self.mix = stream, pseudo, mix
        self._check_online_generator()
        self.subset = subset
        self._cache: PhotoCache | None = None

    def _check(self, subset: str) -> None:
        if self.batch_size < 1:
            raise ConfigError(f"data.batch_size={self.batch_size}: expected 1 or more")
        self._split_config.check()
        if subset not in SUBSETS:
            raise ConfigError(f"subset={subset}: {nearest(subset, SUBSETS)}")

    def _check_online_generator(self) -> None:
        for key, made in (("stream", self.stream), ("mix", self.mix)):
            if made is not None and not callable(made):
                raise ConfigError(
                    f"data.{key}={made}: expected null, or a node with a _target_ that makes one"
                )
        if self.stream is not None:
            others = {"pseudo.photos": self.pseudo, "mix": self.mix}
            check_online_generator(self._split_config, self.prepare.channels, others)

    @property
    def settings(self) -> dict[str, Any]:
        """Plain values: saved with a model, they are enough to find its validation photos again."""
        return plain_without_passwords({**self._settings, "batch_size": self.batch_size})

    @property
    def categories(self) -> Categories:
        """The label space of the photos (after `setup`)."""
        return self.photo_set.categories

    @property
    def train_indices(self) -> np.ndarray:
        """Positions in `photo_set` of the training photos."""
        if self._split_config.train_on_validation:
            return self._of_role("train", "validation")
        return self._of_role("train")

    @property
    def validation_indices(self) -> np.ndarray:
        """Positions in `photo_set` of the validation photos."""
        return self._of_role("validation")

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
        if self.subset == "all":  # of which a sample may be left
            return self._of_role("train", "validation", "test")
        return self.train_indices if self.subset == "train" else self._of_role(self.subset)

    def _of_role(self, *roles: str) -> np.ndarray:
        return np.flatnonzero(np.isin(self.split.role_of, roles))

    @property
    def train_counts(self) -> np.ndarray:
        """(categories,) int, how many photos train each category, pseudo-labelled ones among them.

        All 0 where `stream` trains.
        """
        targets = np.asarray(self.photo_set.targets)[self.train_indices]
        counts = np.bincount(targets, minlength=len(self.categories))
        if self.pseudo_photos is not None:
            counts += self.pseudo_photos.counts(len(counts))
        return counts

    @cached_property
    def bursts(self) -> np.ndarray:
        """(photos,) number of the burst that each was taken in.

        Where no photo says when it was taken, as drawn ones do not, each stands for itself.
        """
        if not any(fact.taken for fact in self.metadata):
            return np.arange(len(self.metadata))
        return bursts(self.photo_set, self.metadata)

    def align_labels(self, categories: Categories, allow: Collection[str] = ()) -> None:
        """Counts targets as a model does (after `setup`).

        Args:
            categories: the model's.
            allow: `subset` if the photos may lack categories of the model; `unknown` if they may
                have others, whose photos are then `unknown_indices` and no test photos.

        Raises:
            DataError: the categories differ otherwise; the first difference is named.
        """
        self.targets = aligned_targets(self.photo_set, categories, allow)
        if not len(self.test_indices):
            raise DataError(
                f"none of the photos in {self.photo_set.root} is of a category of the model, such "
                f"as {categories.names[0]!r}"
            )

    def split_table(self) -> pd.DataFrame:
        """The split as a table that `split` takes again: a row per photo."""
        return split_table(self.split, self.photo_set, self.metadata)

    def copies_table(self) -> pd.DataFrame:
        """Photos that are the same picture in several roles; see `copies_across`."""
        return copies_across(self.photo_set, self.metadata, self.split.role_of)

    def pseudo_table(self) -> pd.DataFrame:
        """What became of the pseudo-labelled photos: a row for each.

        The columns are `photo`, `category`, `confidence`, `used`, and the `reason` where it is not.
        """
        return NO_TABLE.copy() if self.pseudo_photos is None else self.pseudo_photos.table

    def trained_on(self) -> list[str]:
        """The pictures that train, as `ImageMetadata.pixels`.

        Kept with a model, they tell later whether it is judged on photos that it learned from.
        """
        more = () if self.pseudo_photos is None else self.pseudo_photos.pixels
        return sorted({*(self.metadata[index].pixels for index in self.train_indices), *more})

    def seen(self, trained_on: Collection[str]) -> int:
        """How many photos of the test batches are among pictures that a model has trained on."""
        known = set(trained_on)
        return sum(self.metadata[index].pixels in known for index in self.test_indices)

    def photo(self, index: int) -> np.ndarray:
        """A photo of `photo_set` at the size it is kept at: (rows, columns, channels) uint8."""
        return np.array(self._opened().photos[index])

    def body(self, index: int) -> Body | None:
        """Which pixels of `photo(index)` show the body; None where nobody knows.

        Raises:
            DataError: a `boxes.csv` that cannot be read.
        """
        found, place = self._opened().body(index), self.places[index]
        box = self._boxes.get(self.photo_set.names[index])
        return known_body(box, found, place, self.prepare.shape)

    @cached_property
    def _boxes(self) -> dict[str, Box]:
        return boxes_of(self._folders)

    @property
    def train_dataset(self) -> Dataset[dict[str, Tensor]]:
        """What training batches are made of; its items are changed at random."""
        if self.stream is not None:
            return self.stream(self.categories, self.prepare.shape, self._augmentation)
        labelled = self._dataset(self.train_indices, self._augmentation)
        return with_pseudo(labelled, self.pseudo_photos, self._augmentation)

    @property
    def train_length(self) -> int:
        """Items of a training epoch."""
        return len(self.train_dataset)  # type: ignore[arg-type]

    def smallest_batch(self, processes: int = 1) -> int:
        """Photos of the smallest training batch.

        Args:
            processes: that share the photos.
        """
        rest = math.ceil(self.train_length / processes) % self.batch_size
        return self.batch_size if self._settings["drop_last"] or rest == 0 else rest

    def prepare_data(self) -> None:
        """Draws, fetches and decodes what is absent; called on one process only."""
        if self._cache is None:  # else `setup` has been called before the trainer's
            sets, _ = self._load()
            if self.pseudo is not None:
                self.pseudo.open(sets.photo_set.categories, self.prepare, self._cache_folder)

    def setup(self, stage: str | None = None) -> None:
        """Finds, checks and splits the photos; doing it again changes nothing."""
        if self._cache is not None:
            return
        self._check_online_generator()
        sets, cache = self._load()
        self.photo_set, self._folders = sets.photo_set, sets.folders
        self.unreadable = cache.unreadable
        photos = len(self.photo_set) + len(self.unreadable)
        log_left_out(self.photo_set.left_out, photos, self.photo_set.root)
        self.targets = np.asarray(self.photo_set.targets)
        self.metadata, self.edge_descriptors = cache.metadata, cache.edge_descriptors
        self.located = cache.located if self.prepare.locates else None
        self.places = cache.places
        # Where nothing is split, all are judged.
        undivided = self.subset == "all" or self.stream is not None
        self.split = self._split_config.assign(
            sets, cache.metadata, cache.edge_descriptors, undivided=undivided
        )
        if self.subset == "test" and not len(self._of_role("test")):
            raise ConfigError("subset=test, but there are no test photos: set data.test")
        if self.pseudo is not None:
            pixels = (fact.pixels for fact in self.metadata)
            roles = dict(zip(pixels, self.split.role_of.tolist(), strict=True))
            self.pseudo_photos = pseudo_photos(
                self.pseudo, self.categories, self.prepare, self._cache_folder, roles
            )
        contents = tuple(fact.content for fact in cache.metadata)
        self.fingerprint = fingerprint(contents, self.photo_set.labels)
        self.split_fingerprint = fingerprint(contents, self._split_config.marks(self.split))
        self._cache = cache

    def _load(self) -> tuple[ExternalSplits, PhotoCache]:
        return load_photos(
            self._settings["source"],
            self._options,
            self._split_config.given,
            self.prepare,
            self._cache_folder,
            skip_unreadable=self._settings["skip_unreadable"],
        )

    def train_dataloader(self) -> DataLoader[dict[str, Tensor]]:
        """Shuffled, augmented batches of the training photos.

        What is drawn for a photo depends on PyTorch's seed, the epoch and its position alone, not
        on the number of workers.

        Raises:
            ConfigError: no batch can be filled, or shared memory is too small for the workers.
        """
        dataset, count, batch = self.train_dataset, self.train_length, self.batch_size
        drop_last = self._settings["drop_last"]
        if drop_last and count < batch:
            raise ConfigError(
                f"data.batch_size={batch} is more than the {count} training photos: "
                "lower it, or set data.drop_last=false"
            )
        photo = math.prod((*self.prepare.shape, self.prepare.channels))  # bytes
        workers = workers_that_fit(self.workers, batch * photo, fixed=self._workers_fixed)
        seed = torch.initial_seed()
        ranks = (self.trainer.world_size, self.trainer.global_rank) if self.trainer else ()
        return self._loader(
            Repeatable(dataset, seed),
            sampler=EpochSampler(dataset, seed, *ranks),
            drop_last=drop_last,
            num_workers=workers,
            persistent_workers=workers > 0,
            generator=torch.Generator(),  # of seeds that nothing is drawn from
        )

    def val_dataloader(self) -> DataLoader[dict[str, Tensor]]:
        """Batches of the validation photos, in order, as they are."""
        return self._loader(self._dataset(self.validation_indices))

    def test_dataloader(self) -> DataLoader[dict[str, Tensor]]:
        """Batches of the photos of `subset`, in order, as they are."""
        return self._loader(self._dataset(self.test_indices))

    def on_after_batch_transfer(self, batch: Any, dataloader_idx: int) -> Any:
        """Mixes training batches where that was asked for; others stay as they are."""
        if self.mix is None or self.trainer is None or not self.trainer.training:
            return batch
        return self.mix(batch, len(self.categories))

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
            batch_size=self.batch_size,
            pin_memory=torch.cuda.is_available(),
            **how,
        )
