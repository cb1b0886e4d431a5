"""Facts and sets of photos that no file stands behind."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from resistor_cls.categories import Categories
from resistor_cls.data.images.metadata import BORDER_NAMES, ImageMetadata
from resistor_cls.data.sources.sources import PhotoSet


def facts_at(
    second: float | None = None, camera: str = "", colour: float = 50.0, picture: str = ""
) -> ImageMetadata:
    """Facts of a photo.

    Args:
        second: of the day when it was taken; None for no time.
        camera: that took it.
        colour: of its border.
        picture: what it shows; the same text is the same picture.
    """
    content = hashlib.sha256(f"{picture} {second} {camera} {colour}".encode()).hexdigest()
    pixels = hashlib.sha256(picture.encode()).hexdigest()
    taken = "" if second is None else (datetime(2024, 5, 1) + timedelta(seconds=second)).isoformat()
    return ImageMetadata(
        content=content,
        pixels=pixels[:16],
        width=70,
        height=70,
        mode="RGB",
        orientation=1,
        camera=camera,
        taken=taken,
        brightness=0.5,
        clipped=0.0,
        sharpness=100.0,
        perceptual_hash=pixels,
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
