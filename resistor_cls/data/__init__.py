"""Files to batches: reads labelled photos, checks them, splits them, augments them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from resistor_cls.data.images.decode import read_photo
from resistor_cls.data.images.resize import Resize, resize
from resistor_cls.data.sources.custom import CustomSource
from resistor_cls.data.sources.folder import FolderSource
from resistor_cls.data.sources.photo_set import PhotoSet
from resistor_cls.data.sources.resistor37 import Resistor37Source
from resistor_cls.data.sources.synthetic import SyntheticSource
from resistor_cls.data.sources.table import TableSource
from resistor_cls.data.splits.config import SplitConfig

if TYPE_CHECKING:
    from resistor_cls.data.augment.serialized import read_pipeline
    from resistor_cls.data.datamodule import PhotoDataModule
    from resistor_cls.data.settings import data_module_from_settings

__all__ = [
    "CustomSource", "FolderSource", "PhotoDataModule", "PhotoSet", "Resistor37Source", "Resize",
    "SplitConfig", "SyntheticSource", "TableSource", "data_module_from_settings", "read_photo",
    "read_pipeline", "resize",
]  # fmt: skip

# Lightning takes seconds and 300 MB, albumentations a second, and not everything needs them.
_LAZY = {
    "PhotoDataModule": "resistor_cls.data.datamodule",
    "data_module_from_settings": "resistor_cls.data.settings",
    "read_pipeline": "resistor_cls.data.augment.serialized",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
