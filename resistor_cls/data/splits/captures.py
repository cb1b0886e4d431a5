"""When, against what and with what photos were taken: order, bursts, backgrounds, cameras."""

import re
from collections.abc import Sequence
from datetime import datetime

import numpy as np
from sklearn.cluster import KMeans
from sklearn.preprocessing import StandardScaler

from resistor_cls.data.images.metadata import BORDER_NAMES, ImageMetadata
from resistor_cls.data.sources.photo_set import PhotoSet

BURST_GAP = 60.0  # seconds without a photo that end a burst; neighbours are seconds apart


def capture_order(photo_set: PhotoSet, metadata: Sequence[ImageMetadata]) -> np.ndarray:
    """Positions of all photos by category and time of capture.

    Photos without a time come after those that have one, in the order of their file names, in which
    numbers are compared as numbers.

    Returns:
        (photos,) positions in `photo_set`.
    """
    return np.array(
        sorted(
            range(len(photo_set)),
            key=lambda i: (
                photo_set.targets[i],
                metadata[i].taken == "",
                metadata[i].taken,
                _natural(photo_set.names[i]),
            ),
        ),
        dtype=int,
    )


def bursts(
    photo_set: PhotoSet, metadata: Sequence[ImageMetadata], gap: float = BURST_GAP
) -> np.ndarray:
    """Numbers photos by burst: one category, one camera, no pause longer than `gap`.

    Photos without a time are one burst for each category and camera.

    Args:
        photo_set: the photos.
        metadata: of the photos.
        gap: seconds.

    Returns:
        (photos,) int, counted from 0.
    """
    burst_of = np.zeros(len(photo_set), dtype=int)
    # By category and camera: the newest burst, and the time of its newest photo.
    newest: dict[tuple[int, str, bool], tuple[int, datetime | None]] = {}
    count = 0
    for index in capture_order(photo_set, metadata):
        image = metadata[index]
        time = datetime.fromisoformat(image.taken) if image.taken else None
        key = (photo_set.targets[index], image.camera, time is None)
        burst, before = newest.get(key, (-1, None))
        if burst < 0 or (time and before and (time - before).total_seconds() > gap):
            burst, count = count, count + 1
        newest[key] = (burst, time)
        burst_of[index] = burst
    return burst_of


def bursts_if_timed(photo_set: PhotoSet, metadata: Sequence[ImageMetadata]) -> np.ndarray:
    """Numbers photos by burst; each is a burst by itself if no photo has a time of capture.

    Synthetic photos have none.

    Returns:
        (photos,) int.
    """
    if not any(image.taken for image in metadata):
        return np.arange(len(metadata))
    return bursts(photo_set, metadata)


def backgrounds(metadata: Sequence[ImageMetadata], count: int, seed: int = 0) -> np.ndarray:
    """Numbers photos by background: clusters (k-means) of the colours of their borders.

    Args:
        metadata: of the photos.
        count: how many clusters at most.
        seed: of the first centres.

    Returns:
        (photos,) int, 0 for the largest cluster.
    """
    # The whole border and not its sides: a table's edge may lie at any of them.
    whole = [place for place, name in enumerate(BORDER_NAMES) if name.startswith("ring_")]
    colours = np.array([image.border for image in metadata])[:, whole]
    distinct = len(np.unique(colours, axis=0))
    clusters = KMeans(min(count, distinct), n_init=10, random_state=seed)
    return _by_size(clusters.fit_predict(StandardScaler().fit_transform(colours)))


def cameras(metadata: Sequence[ImageMetadata]) -> np.ndarray:
    """Numbers photos by camera; those without one in their EXIF data count as one more camera.

    Returns:
        (photos,) int, 0 for the camera of most photos.
    """
    _, places = np.unique([image.camera for image in metadata], return_inverse=True)
    return _by_size(places)


def _by_size(labels: np.ndarray) -> np.ndarray:
    """The same groups, numbered from the largest."""
    numbers: np.ndarray = np.argsort(np.argsort(-np.bincount(labels), kind="stable"))[labels]
    return numbers


def _natural(name: str) -> list[tuple[bool, int, str]]:
    """A sort key that puts `_9` before `_10`."""
    parts = re.split(r"(\d+)", name)
    return [(part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts]
