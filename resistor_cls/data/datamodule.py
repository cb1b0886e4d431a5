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
from resistor_cls.data.dataset import Mixing, PhotoDataset, Repeatable, with_pseudo
from resistor_cls.data.images.cache import PhotoCache, fingerprint
from resistor_cls.data.images.preprocessed import ImagePreprocessing
from resistor_cls.data.images.resize import Resize
from resistor_cls.data.known_bodies import Body, boxes_of, known_body
from resistor_cls.data.label_alignment import aligned_targets
from resistor_cls.data.loaders import training_options
from resistor_cls.data.loading import load_photos
from resistor_cls.data.online_generator import (
    OnlineGenerator,
    check_online_generator,
    check_only_validate,
)
from resistor_cls.data.pseudo_labels import NO_TABLE, PseudoLabels, PseudoPhotos, pseudo_photos
from resistor_cls.data.shards import ShardedPhotos, open_shards
from resistor_cls.data.sources.boxes import Box
from resistor_cls.data.sources.source import Source
from resistor_cls.data.sources.walk import log_left_out
from resistor_cls.data.splits.assign import assign, role_labels
from resistor_cls.data.splits.captures import bursts_if_timed
from resistor_cls.data.splits.config import SplitConfig
from resistor_cls.data.splits.external import ExternalSplits
from resistor_cls.data.splits.overlap import count_overlap, overlap_table
from resistor_cls.data.splits.split_table import split_table
from resistor_cls.data.workers import worker_count
from resistor_cls.errors import ConfigError, DataError, nearest, plain_without_passwords

SUBSETS = ("validation", "train", "test", "all")


class PhotoDataModule(LightningDataModule):
    """Reads, checks, splits and batches labelled photos.

    Args:
        source: where the photos come from, such as a `FolderSource`.
        split_config: how they are split; by default the first of five stratified folds validates.
        preprocess: what is done to each photo before it is kept and batched; a model gives its own,
            see `resistor_cls.model.image_preprocessing`. By default photos are resized to 224
            pixels.
        batch_size: photos per batch.
        augment: albumentations transforms for training, in order (or named, as a mapping).
        drop_last: leave the last, smaller batch of a training epoch out.
        skip_unreadable: go on without photos that cannot be read.
        subset: photos of the test batches: `validation`, `train`, `test` or `all`.
        online_generator: makes the training items, such as crops that are drawn meanwhile; all of
            the photos then validate.
        shards: folder of training photos, see `resistor_cls.data.shards`; all of the photos then
            validate.
        pseudo: photos that a model has labelled; they train too.
        mix: mixes the photos of each training batch, after it was moved to its device.
        workers: processes that augment; `auto` is half of the cores, at most 8, none where two
            cores train on `source` without a GPU, and fewer where shared memory is small. Their
            number does not change any result.
        cache: folder of decoded photos.

    The arguments are attributes too: `batch_size` may be changed at any time, `pseudo` before
    `setup`, `subset` after it; `cache` is called `cache_folder`.

    Attributes:
        photo_set: the readable photos (after `setup`, as all that follow).
        targets: (photos,) class index of each; after `align_labels` the model's,
            `resistor_cls.data.dataset.OOD_TARGET` for a photo of none of its categories.
        located: (photos,) bool, whether the body of each was found; None if it was not looked for.
        places: (photos, 2, 3) float64, what each shows of its original; see `PreprocessedImage`.
        metadata: of each photo.
        edge_descriptors: (photos, 64, 64) int8; see `images.metadata.edge_descriptor`.
        split: which photos train and which validate.
        pseudo_photos: the pseudo-labelled photos, or None.
        unreadable: file name → why it was left out.
        fingerprint, split_fingerprint: identify by content the photos with their labels, or roles.

    Raises:
        ConfigError: an argument that cannot be used.
        DataError: from `setup`, photos that cannot be used; from `body`, a `boxes.csv` likewise.
    """

    pseudo_photos: PseudoPhotos | None = None

    def __init__(
        self,
        source: Source,
        split_config: SplitConfig | None = None,
        *,
        preprocess: ImagePreprocessing | None = None,
        batch_size: int = 32,
        augment: Sequence[Any] | Mapping[str, Any] | None = None,
        drop_last: bool = True,
        skip_unreadable: bool = False,
        subset: str = "validation",
        online_generator: OnlineGenerator | None = None,
        shards: str | Path | None = None,
        pseudo: PseudoLabels | None = None,
        mix: Mixing | None = None,
        workers: int | str = "auto",
        cache: str | Path = "~/.cache/resistor_cls",
    ) -> None:
        super().__init__()
        self.source = source
        self._split_config = (split_config or SplitConfig()).absolute()
        self.preprocess = Resize(224) if preprocess is None else preprocess
        transforms = augment.values() if isinstance(augment, Mapping) else augment or ()
        self._augmentation = Augmentation([one for one in transforms if one is not None])
        self._augmentation.check(self.preprocess.shape, self.preprocess.channels)
        if batch_size < 1:
            raise ConfigError(f"data.batch_size={batch_size}: expected 1 or more")
        if subset not in SUBSETS:
            raise ConfigError(f"subset={subset}: {nearest(subset, SUBSETS)}")
        self.batch_size, self.subset = batch_size, subset
        self._drop_last, self._skip_unreadable = drop_last, skip_unreadable
        self.online_generator, self.pseudo, self.mix = online_generator, pseudo, mix
        self.shards = None if shards is None else open_shards(shards)
        self._check_training_source()
        self.workers = worker_count(workers, beside=self._cores_of_training())
        self._workers_fixed = workers != "auto"
        self.cache_folder = Path(cache)
        self._cache: PhotoCache | None = None
        self._place: tuple[int, int | None, int] | None = None

    def _cores_of_training(self) -> int:
        """Cores that the training itself can keep busy, as far as a worker would be in its way."""
        drawn_or_read = self.online_generator is not None or self.shards is not None
        if drawn_or_read or torch.cuda.is_available():
            return 1
        # Threads wait for the one whose core a worker takes (experiments/speed, two cores).
        return 2

    def _check_training_source(self) -> None:
        made = self.online_generator, self.pseudo, self.mix
        check_online_generator(self._split_config, self.preprocess.channels, *made)
        if self.shards is not None:
            others = {"data.stream": self.online_generator, "pseudo.photos": self.pseudo}
            check_only_validate("data.shards", self._split_config, others)

    @property
    def settings(self) -> dict[str, Any]:
        """Plain values that `data_module_from_settings` takes, as they are saved with a model."""
        values = {
            "source": self.source.name,
            "image_size": self.preprocess.size,
            "batch_size": self.batch_size,
            "drop_last": self._drop_last,
            "skip_unreadable": self._skip_unreadable,
            **asdict(self._split_config),
            **({} if self.shards is None else {"shards": str(self.shards.folder)}),
            **self.source.settings,
        }
        return dict(plain_without_passwords(values))

    @property
    def categories(self) -> Categories:
        """The label space of the photos (after `setup`)."""
        return self.photo_set.categories

    @property
    def train_indices(self) -> np.ndarray:
        """Positions in `photo_set` of the training photos."""
        return self.split.indices(*self._split_config.train_roles)

    @property
    def validation_indices(self) -> np.ndarray:
        """Positions in `photo_set` of the validation photos."""
        return self.split.indices("validation")

    @property
    def test_indices(self) -> np.ndarray:
        """Positions in `photo_set` of the photos that `test_dataloader` gives."""
        return self._chosen.compress(self.targets[self._chosen] >= 0)

    @property
    def ood_indices(self) -> np.ndarray:
        """Positions of the photos of `subset` that show none of the model's categories."""
        return self._chosen.compress(self.targets[self._chosen] < 0)

    @property
    def _chosen(self) -> np.ndarray:
        """Positions of the photos of `subset`."""
        if self.subset == "train":
            return self.train_indices
        # Of all photos, those that are not sampled are left out.
        roles = ("train", "validation", "test") if self.subset == "all" else (self.subset,)
        return self.split.indices(*roles)

    @property
    def train_counts(self) -> np.ndarray:
        """(categories,) int, training photos of each; 0 of all if an online generator trains."""
        if self.shards is not None:
            return np.asarray(self.shards.counts)
        targets = np.asarray(self.photo_set.targets)[self.train_indices]
        counts = np.bincount(targets, minlength=len(self.categories))
        if self.pseudo_photos is not None:
            counts += self.pseudo_photos.counts(len(counts))
        return counts

    @cached_property
    def bursts(self) -> np.ndarray:
        """(photos,) number of the burst that each was taken in; see `bursts_if_timed`."""
        return bursts_if_timed(self.photo_set, self.metadata)

    def align_labels(self, categories: Categories, allow: Collection[str] = ()) -> None:
        """Numbers targets as a model does (after `setup`).

        Args:
            categories: the model's.
            allow: see `aligned_targets`; photos of unexpected categories become `ood_indices`.

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
        """The split as a table that `data.split` takes again: a row per photo."""
        return split_table(self.split, self.photo_set, self.metadata)

    def overlap_table(self) -> pd.DataFrame:
        """Photos that are the same picture in several roles; see `splits.overlap`."""
        return overlap_table(self.photo_set, self.metadata, self.split.role_of)

    def pseudo_table(self) -> pd.DataFrame:
        """The pseudo-labelled photos: a row each, with the columns of `pseudo_labels.COLUMNS`."""
        return NO_TABLE.copy() if self.pseudo_photos is None else self.pseudo_photos.table

    def trained_on(self) -> list[str]:
        """Pixel hashes of the training photos: saved with a model, they reveal overlap later."""
        more = () if self.pseudo_photos is None else self.pseudo_photos.pixel_hashes
        return sorted({*(self.metadata[index].pixel_hash for index in self.train_indices), *more})

    def count_overlap(self, trained_on: Collection[str]) -> int:
        """How many photos of the test batches a model was trained on, by their pixel hashes."""
        return count_overlap(self.metadata, self.test_indices, trained_on)

    def photo(self, index: int) -> np.ndarray:
        """A photo of `photo_set` as it is kept: (rows, columns, channels) uint8."""
        return np.array(self._opened().photos[index])

    def body(self, index: int) -> Body | None:
        """Which pixels of `photo(index)` show the body; None if that is not known."""
        found, box = self._opened().body(index), self._boxes.get(self.photo_set.names[index])
        return known_body(box, found, self.places[index], self.preprocess.shape)

    @cached_property
    def _boxes(self) -> dict[str, Box]:
        return boxes_of(self._folders)

    @property
    def train_dataset(self) -> Dataset[dict[str, Tensor]]:
        """Items of training batches, augmented at random."""
        if self.online_generator is not None:
            return self.online_generator(self.categories, self.preprocess.shape, self._augmentation)
        if self.shards is not None:
            self.shards.require(self.categories)
            return ShardedPhotos(self.shards, self.preprocess, self._augmentation)
        labelled = self._dataset(self.train_indices, self._augmentation)
        return with_pseudo(labelled, self.pseudo_photos, self._augmentation)

    @property
    def train_length(self) -> int:
        """Items of a training epoch."""
        return len(self.train_dataset)  # type: ignore[arg-type]

    def smallest_batch(self, processes: int = 1) -> int:
        """Photos of the smallest training batch, if some processes share the photos."""
        rest = math.ceil(self.train_length / processes) % self.batch_size
        return self.batch_size if self._drop_last or rest == 0 else rest

    def prepare_data(self) -> None:
        """Draws, fetches and decodes what is absent; called on one process only."""
        if self._cache is None:  # else `setup` has been called before the trainer's
            photos, _ = self._load()
            if self.pseudo is not None:
                self.pseudo.open(photos.photo_set.categories, self.preprocess, self.cache_folder)

    def setup(self, stage: str | None = None) -> None:
        """Finds, checks and splits the photos; doing it again changes nothing."""
        if self._cache is not None:
            return
        self._check_training_source()
        photos, cache = self._load()
        self.photo_set, self._folders = photos.photo_set, photos.folders
        self.unreadable, count = cache.unreadable, len(self.photo_set) + len(cache.unreadable)
        log_left_out(self.photo_set.left_out, count, self.photo_set.root)
        self.targets = np.asarray(self.photo_set.targets)
        self.metadata, self.edge_descriptors = cache.metadata, cache.edge_descriptors
        self.located, self.places = cache.located if self.preprocess.locates else None, cache.places
        only_validate = self.online_generator is not None or self.shards is not None
        undivided = self.subset == "all" or only_validate
        self.split = assign(self._split_config, photos, cache, undivided=undivided)
        if self.subset == "test" and not len(self.split.indices("test")):
            raise ConfigError("subset=test, but there are no test photos: set data.test")
        if self.pseudo is not None:
            roles = dict(zip(cache.pixel_hashes, self.split.role_of.tolist(), strict=True))
            self.pseudo_photos = pseudo_photos(
                self.pseudo, self.categories, self.preprocess, self.cache_folder, roles
            )
        self.fingerprint = fingerprint(cache.contents, self.photo_set.labels)
        labels = role_labels(self._split_config, self.split)
        self.split_fingerprint = fingerprint(cache.contents, labels)
        self._cache = cache

    def _load(self) -> tuple[ExternalSplits, PhotoCache]:
        external, skip_unreadable = self._split_config.external, self._skip_unreadable
        return load_photos(
            self.source, external, self.preprocess, self.cache_folder, skip_unreadable
        )

    def train_dataloader(self) -> DataLoader[dict[str, Tensor]]:
        """Shuffled, augmented batches of the training photos.

        The random numbers of a photo depend on PyTorch's seed, the epoch and its position alone,
        not on the number of workers.

        Raises:
            ConfigError: no batch can be filled, or shared memory is too small for the workers.
        """
        dataset = self.train_dataset
        if isinstance(dataset, ShardedPhotos):
            return dataset.loader(
                self.batch_size,
                torch.initial_seed(),
                drop_last=self._drop_last,
                num_workers=self.workers,
                pin_memory=torch.cuda.is_available(),
            )
        options = training_options(
            dataset,
            self.batch_size,
            photo_bytes=math.prod((*self.preprocess.shape, self.preprocess.channels)),
            drop_last=self._drop_last,
            workers=self.workers,
            fixed_workers=self._workers_fixed,
            ranks=(self.trainer.world_size, self.trainer.global_rank) if self.trainer else (),
        )
        if self._place is not None:
            (epoch, order, batches), self._place = self._place, None
            options["sampler"].continue_at(epoch, order, batches * self.batch_size)
        return self._loader(Repeatable(dataset, torch.initial_seed()), **options)

    def continue_at(self, epoch: int, order: int | None, batches: int) -> None:
        """Begins the next training loader within an epoch; see `EpochSampler.continue_at`."""
        self._place = epoch, order, batches

    def val_dataloader(self) -> DataLoader[dict[str, Tensor]]:
        """Batches of the validation photos, in order, without augmentation."""
        return self._loader(self._dataset(self.validation_indices))

    def test_dataloader(self) -> DataLoader[dict[str, Tensor]]:
        """Batches of the photos of `subset`, in order, without augmentation."""
        return self._loader(self._dataset(self.test_indices))

    def on_after_batch_transfer(self, batch: Any, dataloader_idx: int) -> Any:
        """Mixes training batches if `mix` is set; others stay as they are."""
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
        return PhotoDataset(self._opened().photos, self.targets, indices, augmentation)

    def _loader(
        self, dataset: Dataset[dict[str, Tensor]], **how: Any
    ) -> DataLoader[dict[str, Tensor]]:
        pinned = torch.cuda.is_available()
        return DataLoader(dataset, batch_size=self.batch_size, pin_memory=pinned, **how)
