"""What several sections of an audit need to know of the photos."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from resistor_cls.data.images.metadata import ImageMetadata
from resistor_cls.data.sources.boxes import Box, read_boxes
from resistor_cls.data.sources.photo_set import PhotoSet
from resistor_cls.data.splits.captures import backgrounds, bursts, cameras, capture_order
from resistor_cls.errors import DataError

BACKGROUNDS = 6  # clusters: on the real photos these are two papers, three woods, paper and wood


@dataclass(frozen=True)
class PhotoFeatures:
    """The photos of an audit with what was measured or found of each.

    Attributes:
        photo_set: the readable photos.
        metadata: of the photos.
        unreadable: file name → why it cannot be read.
        targets: (photos,) class index of each.
        order: (photos,) positions by category and time of capture.
        camera: (photos,) number of the camera of each.
        background: (photos,) number of the background of each.
        burst: (photos,) number of the burst of each.
        place: (photos,) place among all photos that have a time, in order of time; -1 without.
        boxes: file name → box of the body.
        boxes_error: why boxes cannot be read; else empty.
    """

    photo_set: PhotoSet
    metadata: Sequence[ImageMetadata]
    unreadable: Mapping[str, str]
    targets: np.ndarray
    order: np.ndarray
    camera: np.ndarray
    background: np.ndarray
    burst: np.ndarray
    place: np.ndarray
    boxes: Mapping[str, Box]
    boxes_error: str

    @property
    def names(self) -> tuple[str, ...]:
        """File names."""
        return self.photo_set.names

    @property
    def in_border(self) -> np.ndarray:
        """(photos,) bool: whose body reaches into the border."""
        boxes = [self.boxes.get(name) for name in self.names]
        return np.array([box is not None and box.reaches_border for box in boxes], dtype=bool)

    def named(self, indices: np.ndarray | Sequence[int]) -> list[str]:
        """File names at some positions."""
        return [self.names[index] for index in indices]

    def label(self, index: int) -> str:
        """Category name of a photo."""
        return self.photo_set.categories.names[self.photo_set.targets[index]]

    def values(self, key: str) -> np.ndarray:
        """(photos,) one field of the metadata, as numbers."""
        return np.array([getattr(image, key) for image in self.metadata], dtype=float)

    def body(self, index: int) -> float | None:
        """Longer side of the body's box in pixels; None without a box."""
        box, image = self.boxes.get(self.names[index]), self.metadata[index]
        return None if box is None else round(box.length(image.width, image.height), 1)


def gather_features(
    photo_set: PhotoSet, metadata: Sequence[ImageMetadata], unreadable: Mapping[str, str], seed: int
) -> PhotoFeatures:
    """Gathers what several sections need of the photos."""
    zeros = np.zeros(len(metadata), dtype=int)
    timed = sorted((image.taken, index) for index, image in enumerate(metadata) if image.taken)
    place = zeros - 1
    for rank, (_, index) in enumerate(timed):
        place[index] = rank
    boxes, error = _boxes(photo_set)
    return PhotoFeatures(
        photo_set=photo_set,
        metadata=metadata,
        unreadable=unreadable,
        targets=np.asarray(photo_set.targets, dtype=int),
        order=capture_order(photo_set, metadata),
        camera=cameras(metadata) if metadata else zeros,
        background=backgrounds(metadata, BACKGROUNDS, seed) if metadata else zeros,
        burst=bursts(photo_set, metadata),
        place=place,
        boxes=boxes,
        boxes_error=error,
    )


def _boxes(photo_set: PhotoSet) -> tuple[Mapping[str, Box], str]:
    try:
        boxes = read_boxes(photo_set.root)
    except DataError as error:
        return {}, str(error)
    names = set(photo_set.names)
    return {name: box for name, box in boxes.items() if name in names}, ""
