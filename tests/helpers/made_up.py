"""Metadata and sets of photos without files."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from resistor_cls.categories import Categories
from resistor_cls.data.images.metadata import BORDER_NAMES, ImageMetadata
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
    given = {} if groups is None else {"groups": tuple(groups)}
    return PhotoSet(Path("nowhere"), tuple(names), targets, categories, **given)
