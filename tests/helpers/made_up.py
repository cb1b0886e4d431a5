"""Metadata and sets of photos without files."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from resistor_cls.categories import Categories
from resistor_cls.data.images.metadata import BORDER_NAMES, EDGE_DESCRIPTOR, ImageMetadata
from resistor_cls.data.sources.photo_set import PhotoSet


def metadata_at(
    second: float | None = None, camera: str = "", colour: float = 50.0, picture: str = ""
) -> ImageMetadata:
    """Metadata of a photo.

    Args:
        second: of the day when it was taken; None for no time.
        camera: that took it.
        colour: of its border.
        picture: what it shows; the same text is the same picture.
    """
    content = hashlib.sha256(f"{picture} {second} {camera} {colour}".encode()).hexdigest()
    pixel_hash = hashlib.sha256(picture.encode()).hexdigest()
    taken = "" if second is None else (datetime(2024, 5, 1) + timedelta(seconds=second)).isoformat()
    return ImageMetadata(
        content=content,
        pixel_hash=pixel_hash[:16],
        width=70,
        height=70,
        mode="RGB",
        orientation=1,
        camera=camera,
        taken=taken,
        brightness=0.5,
        clipped=0.0,
        sharpness=100.0,
        perceptual_hash=pixel_hash,
        border=(float(colour),) * len(BORDER_NAMES),
    )


def photo_set_of(
    names: Sequence[str], labels: Sequence[str], groups: Sequence[str] | None = None
) -> PhotoSet:
    """A set of photos with these names and labels."""
    categories = Categories(sorted(set(labels)))
    targets = tuple(categories.index(label) for label in labels)
    photos = PhotoSet(Path("nowhere"), tuple(names), targets, categories)
    return photos if groups is None else replace(photos, groups=tuple(groups))


def real_like(order: np.ndarray | None = None) -> tuple[PhotoSet, list[ImageMetadata]]:
    """Three categories, shot by two cameras on two backgrounds, a second between photos.

    Args:
        order: positions in which the photos are handed over.
    """
    photos = [
        (f"{category}/{category} ({number}).jpg", category, number)
        for category in ("a", "b", "c")
        for number in range(20)
    ]
    metadata = [
        metadata_at(
            second=number + 1000 * "abc".index(category),
            camera="one" if number < 10 else "two",
            colour=30.0 if number % 2 else 90.0,
            picture=f"{category}{number}",
        )
        for _, category, number in photos
    ]
    chosen = range(len(photos)) if order is None else order
    photo_set = photo_set_of([photos[i][0] for i in chosen], [photos[i][1] for i in chosen])
    return photo_set, [metadata[i] for i in chosen]


def descriptors_of(count: int) -> np.ndarray:
    return np.zeros((count, EDGE_DESCRIPTOR, EDGE_DESCRIPTOR), dtype=np.int8)


def targets_of(counts: list[int]) -> tuple[np.ndarray, Categories]:
    """The targets of so many photos of each category, and the categories."""
    return np.repeat(np.arange(len(counts)), counts), Categories(map(str, range(len(counts))))
