"""The online generator: crops that are drawn while a band reader is trained, all different."""

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from resistor_cls.categories import Categories
from resistor_cls.data.augment.augmentation import Augmentation
from resistor_cls.data.dataset import OOD_TARGET
from resistor_cls.synthetic import draw_crops


class SyntheticCrops(Dataset[dict[str, Tensor]]):
    """Parts of any value, cut out as a detector would.

    An item holds `photos` (3, *shape) uint8, `targets` () int64, always `OOD_TARGET`, as a part of
    any value is of no category, and what the crop shows: `bands` (`MAX_BANDS`,) int64, positions in
    `BANDS` from the left, `direction` () int64, 1 where the first digit is the rightmost band,
    `watts` () int64, position in `WATTS`, and `columns` (columns / 4,) int64, see
    `resistor_cls.synthetic.Crops`. The randomness of an item comes from PyTorch's generator, which
    Lightning seeds in every worker.

    Args:
        categories: of the photos that validate; crops do not depend on them.
        shape: rows and columns of the crops.
        augmentation: changes crops at random.
        length: items of an epoch.
        measured: whether the colours of bands were also measured on photos of the 37 categories,
            see `resistor_cls.synthetic.draw_crops`.
    """

    def __init__(
        self,
        categories: Categories,
        shape: tuple[int, int],
        augmentation: Augmentation,
        *,
        length: int,
        measured: bool = True,
    ) -> None:
        self._shape, self._augmentation = shape, augmentation
        self._length, self._measured = length, measured

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        rng = np.random.default_rng(int(torch.randint(2**63 - 1, ())))
        crops = draw_crops(1, self._shape, rng, measured=self._measured)
        photo = self._augmentation(crops.photos[0])
        return {
            "photos": torch.from_numpy(np.ascontiguousarray(photo)).permute(2, 0, 1),
            "targets": torch.tensor(OOD_TARGET),
            "bands": torch.from_numpy(crops.bands[0]),
            "direction": torch.tensor(int(crops.backward[0])),
            "watts": torch.tensor(int(crops.watts[0])),
            "columns": torch.from_numpy(crops.columns[0]),
        }
