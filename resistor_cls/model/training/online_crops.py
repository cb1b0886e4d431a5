"""The online generator: crops that are drawn while a network is trained, never the same twice."""

import math
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from resistor_cls.categories import Categories
from resistor_cls.data.augment.augmentation import Augmentation
from resistor_cls.data.crops import MARGIN, crop_upright, crop_view
from resistor_cls.data.dataset import OOD_TARGET
from resistor_cls.data.geometry import OrientedBox
from resistor_cls.model.network import BANDS, MAX_BANDS
from resistor_cls.synthetic import Scene, Window, any_part, draw, sample_scene


class SyntheticCrops(Dataset[dict[str, Tensor]]):
    """Random parts, cut out as a detector would, never the same twice.

    An item holds `photos` (3, *shape) uint8, `targets` () int64, `OOD_TARGET` for a part that is in
    no category, and `bands` (5,) int64, positions in `BANDS`, first band first. The randomness of
    an item comes from PyTorch's generator, which Lightning seeds in every worker.

    Args:
        categories: that targets count.
        shape: rows and columns of the crops.
        augmentation: changes crops at random.
        length: items of an epoch.
        known: fraction of parts that are of a category; the others show any value of E24 or E96.
    """

    def __init__(
        self,
        categories: Categories,
        shape: tuple[int, int],
        augmentation: Augmentation,
        *,
        length: int,
        known: float = 0.6,
    ) -> None:
        self._categories, self._shape = categories, shape
        self._augmentation, self._length, self._known = augmentation, length, known

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        rng = np.random.default_rng(int(torch.randint(2**63 - 1, ())))
        target = OOD_TARGET
        category = any_part(rng)
        if rng.random() < self._known:
            target = int(rng.integers(len(self._categories)))
            category = self._categories[target]
        scene = sample_scene(category, rng)
        crop = self._augmentation(synthetic_crop(scene, self._shape, rng))
        bands = [*scene.body.bands, *["none"] * MAX_BANDS][:MAX_BANDS]
        return {
            "photos": torch.from_numpy(np.ascontiguousarray(crop)).permute(2, 0, 1),
            "targets": torch.tensor(target),
            "bands": torch.tensor([BANDS.index(band) for band in bands]),
        }


def synthetic_crop(scene: Scene, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Draws as much of a scene as a crop shows, and cuts it out a little beside the body.

    Args:
        scene: of the part.
        shape: rows and columns of the crop.
        rng: of the size of the photo and of the error of the detector.

    Returns:
        (*shape, 3) uint8 RGB; whether it is upside down is left to chance.
    """
    body = scene.body
    # Half of the photos have the usual 700 px, the others show up to twice as many.
    size = 700 if rng.random() < 0.5 else round(700 * math.exp(rng.uniform(-0.2, 0.7)))
    exact = OrientedBox(
        body.x * size, body.y * size, body.angle % math.pi,
        body.length * size, body.diameter * size, 1.0,
    )  # fmt: skip
    found = _as_located(exact, rng)
    # The window round the crop, however it lies.
    side = 1.05 * crop_view(found, shape, MARGIN).span * math.hypot(*shape) / shape[1]
    left, top = found.x - side / 2, found.y - side / 2
    drawing = draw(scene, size, Window(left / size, top / size, side / size))
    crop = crop_upright(drawing.photo, replace(found, x=side / 2, y=side / 2), shape, MARGIN)
    return crop[::-1, ::-1] if rng.random() < 0.5 else crop


def _as_located(body: OrientedBox, rng: np.random.Generator) -> OrientedBox:
    """As the detector finds bodies in photos: one in ten is far off."""
    off = 1.0 if rng.random() < 0.9 else 3.0
    along, across = rng.normal(0, off * 0.035 * body.length, 2)
    longer = math.exp(rng.normal(0, off * 0.07))
    return OrientedBox(
        body.x + along, body.y + across, body.angle + rng.normal(0, off * 0.05),
        body.length * longer, body.width * longer * math.exp(rng.normal(0, 0.05)), 1.0,
    )  # fmt: skip
