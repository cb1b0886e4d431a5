"""Files to batches: reads labelled photos, checks them, splits them, augments them."""

from resistor_cls.data.datamodule import PhotoDataModule
from resistor_cls.data.photos import read_photo, resize
from resistor_cls.data.sources import PhotoSet, read_folder, read_table

__all__ = ["PhotoDataModule", "PhotoSet", "read_folder", "read_photo", "read_table", "resize"]
