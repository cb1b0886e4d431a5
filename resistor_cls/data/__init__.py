"""Files to batches: reads labelled photos, checks them, splits them, augments them."""

from typing import TYPE_CHECKING, Any

from resistor_cls.data.images.decode import read_photo, resize
from resistor_cls.data.sources.sources import PhotoSet, read_folder, read_table

if TYPE_CHECKING:
    from resistor_cls.data.augment.augmentation import read_pipeline
    from resistor_cls.data.datamodule import PhotoDataModule

__all__ = [
    "PhotoDataModule",
    "PhotoSet",
    "read_folder",
    "read_photo",
    "read_pipeline",
    "read_table",
    "resize",
]


def __getattr__(name: str) -> Any:
    # Lightning takes seconds and 300 MB, and only training needs it.
    if name == "PhotoDataModule":
        from resistor_cls.data.datamodule import PhotoDataModule

        return PhotoDataModule
    if name == "read_pipeline":  # albumentations takes a second
        from resistor_cls.data.augment.augmentation import read_pipeline

        return read_pipeline
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
