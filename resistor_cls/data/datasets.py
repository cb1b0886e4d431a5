"""Cached photos as the items of batches."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import ConcatDataset, Dataset

from resistor_cls.data.augmentation import Augmentation
from resistor_cls.data.pseudo_labels import PseudoPhotos

UNKNOWN = -1  # target of a photo of none of the categories
UNLISTED = -1  # index of a photo that is none of the data module's `photo_set`

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
    """Labelled photos, and behind them the pseudo-labelled ones that train too."""
    if pseudo is None or not len(pseudo.used):
        return labelled
    more = PhotoDataset(pseudo.photos, pseudo.targets, pseudo.used, augmentation, listed=False)
    return ConcatDataset([labelled, more])
