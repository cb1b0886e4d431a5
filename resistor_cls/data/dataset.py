"""Cached photos as items of batches, in an order and with random numbers that are repeatable."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import ConcatDataset, Dataset, DistributedSampler

from resistor_cls.data.augment.augmentation import Augmentation
from resistor_cls.data.pseudo_labels import PseudoPhotos

OOD_TARGET = -1  # of a photo that shows none of the categories
UNLISTED = -1  # index of a photo that is not in the data module's `photo_set`

# Takes a training batch and the number of categories; gives the batch with `soft_targets`.
Mixing = Callable[[dict[str, Tensor], int], dict[str, Tensor]]


class PhotoDataset(Dataset[dict[str, Tensor]]):
    """Some of the cached photos.

    An item holds `photos` (channels, height, width) uint8, `targets` () int64 and `indices` ()
    int64, the position in the data module's `photo_set`.

    Args:
        photos: (cached, height, width, channels) uint8.
        targets: (cached,) class index of each.
        indices: positions of the photos that are items.
        augmentation: changes each item at random.
        listed: whether positions are those in `photo_set`; else `indices` are `UNLISTED`.
    """

    def __init__(
        self,
        photos: np.ndarray,
        targets: np.ndarray,
        indices: np.ndarray,
        augmentation: Augmentation | None = None,
        *,
        listed: bool = True,
    ) -> None:
        self._photos, self._targets, self._indices = photos, targets, indices
        self._augmentation, self._listed = augmentation, listed

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
            "indices": torch.tensor(index if self._listed else UNLISTED),
        }


def with_pseudo(
    labelled: PhotoDataset, pseudo: PseudoPhotos | None, augmentation: Augmentation
) -> Dataset[dict[str, Tensor]]:
    """Labelled photos, followed by the pseudo-labelled ones that train too."""
    if pseudo is None or not len(pseudo.used):
        return labelled
    more = PhotoDataset(pseudo.photos, pseudo.targets, pseudo.used, augmentation, listed=False)
    return ConcatDataset([labelled, more])


class RepeatableDraws:
    """Random numbers of items that depend on the seed, the epoch and the position alone.

    Args:
        seed: of all of them.
        length: number of items in an epoch.
    """

    def __init__(self, seed: int, length: int) -> None:
        self._length = length
        # Neighbouring seeds would otherwise share most of their items' seeds.
        self._first = int(np.random.SeedSequence(seed).generate_state(1)[0])

    @contextmanager
    def of(self, epoch: int, position: int) -> Iterator[None]:
        """Seeds PyTorch's generator for one item; afterwards it is as before."""
        generator = torch.default_generator
        before = generator.get_state()
        # PyTorch's generator takes 32 bits: no two of 4 billion items have the same.
        generator.manual_seed((self._first + epoch * self._length + position) % 2**32)
        try:
            yield
        finally:
            generator.set_state(before)


class Repeatable(Dataset[dict[str, Tensor]]):
    """Items whose randomness depends on the seed, the epoch and their position alone.

    PyTorch's generator gives the same numbers for an item in the main process and in every worker,
    however many there are. (Persistent workers learn the epoch only with each item.)
    """

    def __init__(self, dataset: Dataset[dict[str, Tensor]], seed: int) -> None:
        self._dataset = dataset
        self._length = len(dataset)  # type: ignore[arg-type]
        self._draws = RepeatableDraws(seed, self._length)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, key: tuple[int, int] | int) -> dict[str, Tensor]:
        """An item.

        Args:
            key: epoch and position, as `EpochSampler` gives them; a position alone is of epoch 0.
        """
        epoch, position = key if isinstance(key, tuple) else (0, key)
        with self._draws.of(epoch, position):
            return self._dataset[position]


class EpochSampler(DistributedSampler[Any]):
    """Shuffled positions, each with its epoch, the same whatever the number of workers.

    Lightning sets the epoch; without it, each pass is the next one.

    Attributes:
        order: seed of the order of the newest pass; None where processes share the items, whose
            order follows from the epoch.

    Args:
        dataset: whose positions.
        seed: of the order where processes share the items.
        processes: that share them; each gets the same number, so that some come twice.
        rank: of this process.
    """

    def __init__(
        self, dataset: Dataset[dict[str, Tensor]], seed: int, processes: int = 1, rank: int = 0
    ) -> None:
        super().__init__(dataset, num_replicas=processes, rank=rank, shuffle=True, seed=seed)
        self.order: int | None = None
        self._begun: tuple[int, int] | None = None  # an epoch, and the positions taken in it

    def continue_at(self, epoch: int, order: int | None, taken: int) -> None:
        """Begins the next pass within an epoch that another process has begun.

        Args:
            epoch: from 0.
            order: of that process; None where the epoch has not begun.
            taken: positions that are left out because they were taken.
        """
        self.epoch, self.order = epoch, order
        self._begun = None if order is None and not taken else (epoch, taken)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        epoch = self.epoch
        begun, self._begun = self._begun, None
        # All of an epoch may have been taken: then nobody has asked for its positions.
        continued, taken = (True, begun[1]) if begun and begun[0] == epoch else (False, 0)
        positions = list(super().__iter__()) if self.num_replicas > 1 else self._shuffled(continued)
        self.epoch = epoch + 1
        return iter([(epoch, position) for position in positions[taken:]])

    def _shuffled(self, continued: bool) -> list[int]:
        """All positions, shuffled as PyTorch's loaders without workers do."""
        # These draw two seeds, one of them for workers. With workers they draw only one, and all
        # later random numbers, such as those of dropout, would depend on that.
        if not continued:
            _, self.order = (int(torch.empty((), dtype=torch.int64).random_()) for _ in range(2))
        assert self.order is not None
        generator = torch.Generator().manual_seed(self.order)
        return torch.randperm(self.total_size, generator=generator).tolist()
